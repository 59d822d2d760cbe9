"""Train the published models, each in a step of its own, so that a study goes on where it was."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.bundle import restore, save
from penchant.errors import PenchantError
from penchant.models import DotProduct, JaccardAgreement
from penchant.studies.books.networks import (
    JACCARD,
    NETWORKS,
    Network,
    NetworkPredictions,
    predict_by_network,
)
from penchant.studies.books.setup import BooksSetup, ModelPredictions, predict_parts
from penchant.studies.study import Steps


@dataclass(frozen=True)
class PublishedModels:
    """Predictions of everything that was published.

    Attributes:
        jaccard: of both similarity models.
        networks: of all networks.
    """

    jaccard: dict[str, ModelPredictions]
    networks: dict[str, NetworkPredictions]

    def __getitem__(self, name: str) -> ModelPredictions:
        return self.networks[name] if name in self.networks else self.jaccard[name]


def train_published(steps: Steps, setup: BooksSetup) -> PublishedModels:
    """Train everything that was published, and predict validation and test rows."""
    jaccard = steps.do("jaccard", dict[str, ModelPredictions], lambda: _predict_by_jaccard(setup))
    if setup.shared_embeddings:
        networks = train_chain(steps, setup, NETWORKS)
    else:
        networks = {each.name: _train(steps, setup, each) for each in NETWORKS}
    return PublishedModels(jaccard, networks)


def step_names(setup: BooksSetup) -> tuple[str, ...]:
    """The names of the steps that `train_published` takes."""
    own = chain_steps(NETWORKS) if setup.shared_embeddings else [each.step for each in NETWORKS]
    return ("jaccard", *own)


def chain_steps(networks: Sequence[Network]) -> list[str]:
    """The names of the steps that `train_chain` takes."""
    return [f"shared-{each.step}" for each in networks]


def train_chain(
    steps: Steps, setup: BooksSetup, networks: Sequence[Network]
) -> dict[str, NetworkPredictions]:
    """Networks of which each goes on from the embeddings of the one before, a step each."""
    chain = _Chain(setup, networks, steps.folder)
    predictions = {
        each.name: steps.do(name, NetworkPredictions, lambda n=n: chain.predictions_of(n))  # type: ignore[misc]
        for n, (each, name) in enumerate(zip(networks, chain_steps(networks), strict=True))
    }
    chain.clear()
    return predictions


class _Chain:
    """Networks in a row, the last of which is kept beside the steps for when a study goes on.

    Args:
        setup: what the study is about.
        networks: in the order of their training.
        folder: of the steps; None keeps the last network in memory alone.
    """

    def __init__(self, setup: BooksSetup, networks: Sequence[Network], folder: Path | None) -> None:
        self.setup, self.networks, self.folder = setup, networks, folder
        self.last: tuple[int, DotProduct] | None = None

    def predictions_of(self, n: int) -> NetworkPredictions:
        """Train the network at this place from the one before, and predict."""
        return predict_by_network(self._model(n), self.setup)

    def clear(self) -> None:
        """Remove what is kept."""
        for n in range(len(self.networks)):
            self._remove(n)

    def _model(self, n: int) -> DotProduct:
        start = None if n == 0 else self._trained(n - 1)
        model = self.networks[n].fit(self.setup, start)
        self.last = n, model
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            save(model, self._path(n), overwrite=True)
            self._remove(n - 2)  # the step before is stored by now
        return model

    def _trained(self, n: int) -> DotProduct:
        """The network at this place: the last one, the one that is kept, or trained again."""
        if self.last is not None and self.last[0] == n:
            return self.last[1]
        if self.folder is not None and self._path(n).exists():
            try:
                model = restore(self._path(n))
            except PenchantError:  # damaged, or of another version
                return self._model(n)
            if isinstance(model, DotProduct):
                return model
        return self._model(n)

    def _path(self, n: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{chain_steps(self.networks[n : n + 1])[0]}.bundle"

    def _remove(self, n: int) -> None:
        if self.folder is not None and n >= 0:
            shutil.rmtree(self._path(n), ignore_errors=True)


def _train(steps: Steps, setup: BooksSetup, network: Network) -> NetworkPredictions:
    return steps.do(
        network.step, NetworkPredictions, lambda: predict_by_network(network.fit(setup), setup)
    )


def _predict_by_jaccard(setup: BooksSetup) -> dict[str, ModelPredictions]:
    predictions = {}
    for name, (target, _) in JACCARD.items():
        model = JaccardAgreement(target=setup.targets[target], seed=setup.seed)
        predictions[name] = predict_parts(model.fit(setup.split.train, run=setup.run), setup)
    return predictions
