"""Fit short codings of the features: principal components, and autoencoders beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from penchant.encoders.tabular import FeatureAutoencoder, PrincipalComponents
from penchant.studies.music.setup import MusicSetup, seconds_table, sizes_table, timed
from penchant.studies.records import rounded, table_of
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.typing import Float32

_SECONDS = 90.0
PUBLISHED_LOSS = (1.2110, 1.0251)
"""Mean squared error in the first and the last of ten epochs, as published."""
DIM = 5
_PARAMETERS = {"features to codings": 355, "codings to features": 420, "in all": 775}
_EPOCHS, _STEPS = 200, 60_000
_SHOWN, _BATCH = 3, 128
_CODED = "linear autoencoder, trained to its end"


@dataclass(frozen=True)
class Kind:
    """An autoencoder beside the published one.

    Attributes:
        layers: units down to the codings.
        noise: of the rows in training.
    """

    layers: tuple[int, ...]
    noise: float = 0.0


KINDS = {
    _CODED: Kind((DIM,)),
    "stacked autoencoder, 32 and 5": Kind((32, DIM)),
    "stacked, with noise": Kind((32, DIM), noise=0.3),
}


@dataclass(frozen=True)
class CodingRow:
    """One kind of codings.

    Attributes:
        codings: its name.
        parameters: how many numbers were learned.
        epochs: of training; None in closed form.
        train_error: mean squared error on rows learned from.
        test_error: on other rows; None where all were learned from.
    """

    codings: str
    parameters: int
    epochs: int | None
    train_error: float
    test_error: float | None


@dataclass(frozen=True)
class CodedRow:
    """A row of the features, coded and reconstructed.

    Attributes:
        row: which row of the table, from 1.
        by: which codings.
        codes: the five numbers.
        error: mean squared error of the reconstruction.
    """

    row: str
    by: str
    codes: list[float]
    error: float


@dataclass(frozen=True)
class Codings:
    """Short codings of the published features.

    Attributes:
        features: numbers of a row.
        zero: mean squared error of predicting zero, of all rows.
        zero_test: of the other rows.
        explained: the share of variance of each principal component.
        pca: mean squared error of PCA fitted on all rows.
        curve: loss of the published autoencoder by epoch.
        sizes: numbers of the published autoencoder, by part and in all.
        seconds: of its training.
        table: all codings.
        examples: codings and errors of the first rows, by the published autoencoder and PCA.
    """

    features: int
    zero: float
    zero_test: float
    explained: list[float]
    pca: float
    curve: list[float]
    sizes: dict[str, int]
    seconds: float
    table: list[CodingRow]
    examples: list[CodedRow]


def fit_codings(setup: MusicSetup) -> Codings:
    """PCA and autoencoders of the published features, on rows learned from and on others."""
    values = setup.published_features[1]
    order = np.random.default_rng(setup.seed).permutation(len(values))
    train, validation, test = np.split(
        values[order], [int(0.6 * len(order)), int(0.7 * len(order))]
    )
    whole = PrincipalComponents(dim=DIM).fit(values)
    published, seconds = timed(
        partial(FeatureAutoencoder(epochs=setup.epochs, seed=setup.seed).fit, values, run=setup.run)
    )
    table = [
        _row("PCA", PrincipalComponents(dim=DIM).fit(train), train, test),
        CodingRow(
            "linear autoencoder as published",
            parameters=published.n_parameters(),
            epochs=len(published.curve_),
            train_error=_mse(values, published.reconstruct(values)),
            test_error=None,
        ),
    ]
    # Of many rows an epoch is many steps: fewer epochs are as long a training.
    epochs = int(np.clip(_STEPS * _BATCH / len(train), 20, _EPOCHS))
    for name, kind in setup.run.track(KINDS.items(), "autoencoders", len(KINDS)):
        model = FeatureAutoencoder(
            layers=kind.layers,
            noise=kind.noise,
            optimiser="adam",
            learning_rate=3e-3,
            batch_size=_BATCH,
            epochs=2 if setup.quick else epochs,
            patience=20,
            seed=setup.seed,
        ).fit(train, validation, run=setup.run)
        table.append(_row(name, model, train, test))
    return Codings(
        features=values.shape[1],
        zero=_mse(values, np.zeros_like(values)),
        zero_test=_mse(test, np.zeros_like(test)),
        explained=rounded(whole.explained),
        pca=_mse(values, whole.decode(whole.encode(values))),
        curve=rounded([row["loss"] for row in published.curve_]),
        sizes=_sizes(published),
        seconds=seconds,
        table=table,
        examples=_examples(values[:_SHOWN], {"published autoencoder": published, "PCA": whole}),
    )


def _sizes(autoencoder: FeatureAutoencoder) -> dict[str, int]:
    weights = autoencoder.weights_
    down = sum(array.size for name, array in weights.items() if name.startswith("encoder"))
    total = autoencoder.n_parameters()
    return {"features to codings": down, "codings to features": total - down, "in all": total}


def _examples(
    rows: Float32, models: Mapping[str, FeatureAutoencoder | PrincipalComponents]
) -> list[CodedRow]:
    """The codings of some rows by each model."""
    coded = []
    for name, model in models.items():
        codes = model.encode(rows)
        rebuilt = model.decode(codes)
        coded += [
            CodedRow(f"row {n + 1}", name, rounded(codes[n], 3), _mse(rows[n], rebuilt[n]))
            for n in range(len(rows))
        ]
    return coded


def _row(
    name: str, model: FeatureAutoencoder | PrincipalComponents, train: Float32, test: Float32
) -> CodingRow:
    if isinstance(model, FeatureAutoencoder):
        size, epochs = model.n_parameters(), model.best_epoch_
    else:
        size, epochs = model.components_.size + model.mean_.size, None
    errors = [_mse(rows, model.decode(model.encode(rows))) for rows in (train, test)]
    return CodingRow(name, size, epochs, *errors)


def _mse(rows: Float32, reconstructed: Float32) -> float:
    return float(((rows.astype(np.float64) - reconstructed) ** 2).mean())


def section(setup: MusicSetup, codings: Codings) -> Section:
    """Explained variance, the published losses beside ours, and what training to the end gives."""
    share = np.cumsum(codings.explained)
    zero, curve = codings.zero, codings.curve
    levels = {"predicting zero": zero, "PCA": codings.pca}
    return Section(
        title="PCA and autoencoders of the features",
        text=f"""
            The published autoencoder takes the {codings.features} standardised features to {DIM}
            numbers and back, both linearly: {codings.sizes["in all"]:,} parameters. Principal
            components are the best that any linear coding of {DIM} numbers can do, in closed form.
            Standardised features have a mean of zero, so that saying zero of everything has an
            error of 1.0, or less where features have gaps or do not vary ({zero:.4f} here).

            As published the autoencoder learns for {len(curve)} epochs of plain gradient descent at
            a rate of .0001, on all rows. The others learn from 60 % of the rows by Adam and stop
            when they no longer reconstruct another 10 % better; what is left are “other rows”.
        """,
        conclusions=tuple(_conclusions(codings)),
        charts=(
            lines(
                "Share of all variance that the first principal components explain.",
                {"together": list(share), "each": codings.explained},
                x="component",
                y="share of variance",
                places={"published": float(DIM)},
            ),
            lines(
                "Error of the published autoencoder by epoch.",
                {
                    "here": curve,
                    "published": {1.0: PUBLISHED_LOSS[0], 10.0: PUBLISHED_LOSS[1]},
                },
                y="mean squared error",
                levels=levels,
            ),
        ),
        tables=(
            DataTable(_losses(setup, codings), f"The published losses.{setup.told_apart}"),
            DataTable(
                sizes_table({n: (_PARAMETERS[n], each) for n, each in codings.sizes.items()}),
                "Numbers that the published autoencoder learns.",
            ),
            seconds_table(setup, "autoencoder", _SECONDS, codings.seconds),
            DataTable(
                table_of(codings.table, train_error="rows learned from", test_error="other rows"),
                f"Mean squared errors of reconstructions; saying zero has {zero:.4f} of all rows "
                f"and {codings.zero_test:.4f} of the other rows.",
                {"rows learned from": "fixed:4", "other rows": "fixed:4"},
            ),
            DataTable(
                table_of(codings.examples, error="mean squared error"),
                "The first rows as five numbers, and how far their reconstruction is off.",
                {"mean squared error": "fixed:4"},
            ),
        ),
        steps=("codings",),
    )


def _losses(setup: MusicSetup, codings: Codings) -> pl.DataFrame:
    """First and last loss of the published autoencoder, and its size, beside those published."""
    rows = [
        ("loss of the first epoch", PUBLISHED_LOSS[0], codings.curve[0]),
        (f"loss of epoch {len(codings.curve)}", PUBLISHED_LOSS[1], codings.curve[-1]),
    ]
    cells = [
        (what, f"{old:.4f}", f"{new:.4f}", setup.against_published(old, new, better="low"))
        for what, old, new in rows
    ]
    return pl.DataFrame(
        cells, schema=["what", "published", "here", "against published"], orient="row"
    )


def _conclusions(codings: Codings) -> list[Conclusion]:
    curve, zero = codings.curve, codings.zero
    errors = {r.codings: r.test_error for r in codings.table if r.test_error is not None}
    trained, pca = errors[_CODED], errors["PCA"]
    best = min(errors, key=lambda name: errors[name])
    return [
        Conclusion(
            "as published",
            f"In {len(curve)} epochs of the published descent the error falls from "
            f"{curve[0]:.4f} to {curve[-1]:.4f}.",
        ),
        Conclusion(
            "trap" if curve[-1] >= zero else "honest",
            f"Saying zero of every feature has an error of {zero:.4f}, so that the published "
            + (
                "training ends worse than having learned nothing."
                if curve[-1] >= zero
                else "training ends better than that."
            ),
        ),
        Conclusion(
            "honest",
            f"{DIM} principal components, which need no training, leave an error of "
            f"{codings.pca:.4f}.",
        ),
        Conclusion(
            "honest",
            "Trained to its end, the published network comes as close as principal components."
            if trained <= 1.02 * pca
            else "Even trained to its end, the published network does not come as close as "
            "principal components.",
        ),
        Conclusion("honest", f"Closest of all on other rows is “{best}”."),
        Conclusion(
            "honest",
            f"{DIM} components explain {sum(codings.explained[:DIM]):.0%} of the variance; for "
            f"90 % it takes {_needed(codings.explained, 0.9)}.",
        ),
    ]


def _needed(explained: list[float], share: float) -> int:
    return int(np.searchsorted(np.cumsum(explained), share - 1e-9) + 1)
