"""Define and train the published models: Jaccard similarity and dot-product networks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from penchant.models import DotProduct
from penchant.studies.books.setup import BooksSetup, ModelPredictions, predict_parts
from penchant.studies.records import TrainingCurve

Kind = Literal["simple", "dropout", "layers"]
PlainTarget = Literal["original", "adjusted", "binary"]

_PLAIN: Mapping[str, Any] = MappingProxyType(
    {
        "dim": 1,
        "biases": False,
        "l2": 0.0,
        "initialisation": "uniform",
        "optimiser": "dense",
    }
)
"""What all have in common: the defaults of Keras where nothing else was published. Its Adam moves
the rows of an embedding by their old moments even where a batch has none of them: `dense`."""


@dataclass(frozen=True)
class Network:
    """A published network.

    Attributes:
        name: what tables call it.
        kind: `simple` ones train for a fixed number of epochs, others stop early.
        target: what it learns.
        settings: parameters of `DotProduct` beyond those that all share.
        published: F1 on validation rows and on test rows, None where none was published.
    """

    name: str
    kind: Kind
    target: PlainTarget
    settings: Mapping[str, Any] = field(default_factory=dict)
    published: tuple[float | None, float | None] = (None, None)

    @property
    def step(self) -> str:
        """The name of the step that trains it."""
        plain = re.sub(r"[^a-z0-9]", " ", f"network {self.name}".lower())
        return "-".join(plain.split())

    def model(self, setup: BooksSetup, **changes: Any) -> DotProduct:
        """The unfitted network."""
        fixed = self.kind == "simple"
        epochs = self.settings.get("epochs", 5) if fixed else setup.epochs
        settings = dict(_PLAIN) | {
            "target": setup.targets[self.target],
            "batch_size": 32 if fixed else BATCH,
            "patience": None if fixed else 3,
            "min_delta": 0.0 if fixed else MIN_DELTA,
            "learning_rate": setup.learning_rate,
            "seed": setup.seed,
        }
        settings |= dict(self.settings) | {"epochs": min(epochs, 2) if setup.quick else epochs}
        return DotProduct(**settings | changes)

    def fit(self, setup: BooksSetup, start: DotProduct | None = None) -> DotProduct:
        """Train it as published: simple networks see no validation rows, others stop by them.

        Args:
            setup: what the study is about.
            start: the network whose embeddings it goes on from; None for fresh ones.
        """
        model = self.model(setup)
        if start is not None:
            model.start_from(start)
        validation = None if self.kind == "simple" else setup.validation
        return model.fit(setup.split.train, validation, run=setup.run)


def _simple(target: PlainTarget, loss: str, f1: float, **settings: Any) -> Network:
    name = f"simple {loss.upper()} ({target})"
    return Network(name, "simple", target, {"loss": loss} | settings, (f1, None))


def _dropout(target: PlainTarget, rate: float, published: float) -> Network:
    name = f"dropout {f'{rate:g}'.lstrip('0')} ({target})"
    return Network(name, "dropout", target, {"dropout": rate}, (None, published))


def _layers(name: str, target: PlainTarget, **settings: Any) -> Network:
    return Network(f"{name} ({target})", "layers", target, settings)


BATCH = 128
"""Rows in a batch of all but the simple networks."""
MIN_DELTA = 0.01
"""By how much the validation loss must fall for training to go on."""
RATES = (0.8, 0.9, 0.97)
NETWORKS: tuple[Network, ...] = (
    _simple("original", "mse", 0.366),
    _simple("original", "mae", 0.420),
    _simple("adjusted", "mse", 0.599),
    _simple("adjusted", "mae", 0.675, epochs=3),
    _simple("binary", "bce", 0.503),
    *(_dropout("original", rate, 0.550) for rate in RATES),
    *(_dropout("adjusted", rate, 0.7329) for rate in RATES),
    *(_dropout("binary", rate, 0.7329) for rate in RATES),
    _layers("layer 64 relu", "original", hidden=(64,)),
    _layers("layer 1024 linear", "original", hidden=(1024,), activation="linear"),
    _layers("layers 128\N{EN DASH}64 sigmoid", "original", hidden=(128, 64), activation="sigmoid"),
    _layers("layers 256\N{EN DASH}128\N{EN DASH}32 relu", "original", hidden=(256, 128, 32)),
    _layers("a2b: layers 128\N{EN DASH}64 relu", "adjusted", hidden=(128, 64)),
    _layers("layers 128\N{EN DASH}64 relu", "binary", hidden=(128, 64)),
    _layers("skip after dot product", "original", hidden=(64,), skip="dot"),
    _layers("skip after first layer", "original", hidden=(64, 32), skip="first"),
    _layers("skip after first layer", "adjusted", hidden=(64, 32), skip="first"),
    _layers("Glorot-normal", "original", initialisation="glorot-normal"),
)
"""In the order in which they are trained, which matters where they share their embeddings."""
JACCARD = MappingProxyType(
    {
        "Jaccard (original)": ("original", (0.602, 0.602)),
        "Jaccard (adjusted)": ("adjusted", (0.738, 0.743)),
    }
)
"""User-user Jaccard by name: its target, and the published F1 on validation and test rows."""


@dataclass(frozen=True)
class NetworkPredictions(ModelPredictions):
    """Predictions of a network, with its training.

    Attributes:
        curve: losses by epoch.
        best_epoch: whose weights are used.
    """

    curve: TrainingCurve
    best_epoch: int


def how_many(names: Collection[str]) -> str:
    """So many of the published networks, in words."""
    whole = len(names) == len(NETWORKS)
    return f"All {len(NETWORKS)}" if whole else f"{len(names)} of the {len(NETWORKS)}"


def predict_by_network(model: DotProduct, setup: BooksSetup) -> NetworkPredictions:
    """What a fitted network says of validation and test rows, with its training."""
    return NetworkPredictions(
        **vars(predict_parts(model, setup)),
        curve=TrainingCurve(
            training=[row["loss"] for row in model.curve_],
            validation=[row.get("validation_loss") for row in model.curve_],
        ),
        best_epoch=model.best_epoch_,
    )
