"""Short codings of the features: principal components, and autoencoders beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.encoders.tabular.autoencoder import FeatureAutoencoder
from penchant.encoders.tabular.pca import PrincipalComponents
from penchant.studies.music.setup import Found, Setup, rounded
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.typing import Float32

PUBLISHED_LOSS = (1.2110, 1.0251)
"""Mean squared error in the first and the last of ten epochs, as published."""
DIM = 5
_EPOCHS = 200
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


def codes(setup: Setup) -> Found:
    """PCA and autoencoders of the published features, on rows learned from and on others."""
    values = setup.published_features[1]
    order = np.random.default_rng(setup.seed).permutation(len(values))
    learned, held, asked = np.split(values[order], [int(0.6 * len(order)), int(0.7 * len(order))])
    whole = PrincipalComponents(dim=DIM).fit(values)
    published = FeatureAutoencoder(epochs=setup.epochs, seed=setup.seed).fit(values, run=setup.run)
    table = [
        _row("PCA", PrincipalComponents(dim=DIM).fit(learned), learned, asked),
        {
            "codings": "linear autoencoder as published",
            "parameters": published.n_parameters(),
            "epochs": len(published.curve_),
            "rows learned from": _mse(values, published.reconstruct(values)),
            "other rows": None,
        },
    ]
    for name, kind in KINDS.items():
        model = FeatureAutoencoder(
            layers=kind.layers,
            noise=kind.noise,
            optimiser="adam",
            learning_rate=3e-3,
            batch_size=128,
            epochs=2 if setup.quick else _EPOCHS,
            patience=20,
            seed=setup.seed,
        ).fit(learned, held, run=setup.run)
        table.append(_row(name, model, learned, asked))
    return {
        "rows": len(values),
        "features": values.shape[1],
        "zero": float((values.astype(np.float64) ** 2).mean()),
        "zero other": float((asked.astype(np.float64) ** 2).mean()),
        "explained": rounded(whole.explained),
        "pca": _mse(values, whole.decode(whole.encode(values))),
        "curve": rounded([row["loss"] for row in published.curve_]),
        "parameters": published.n_parameters(),
        "table": table,
    }


def _row(
    name: str, model: FeatureAutoencoder | PrincipalComponents, learned: Float32, asked: Float32
) -> Found:
    if isinstance(model, FeatureAutoencoder):
        size, epochs = model.n_parameters(), model.best_epoch_
    else:
        size, epochs = model.components_.size + model.mean_.size, None
    return {
        "codings": name,
        "parameters": size,
        "epochs": epochs,
        "rows learned from": _mse(learned, model.decode(model.encode(learned))),
        "other rows": _mse(asked, model.decode(model.encode(asked))),
    }


def _mse(rows: Float32, again: Float32) -> float:
    return float(((rows.astype(np.float64) - again) ** 2).mean())


def section(found: Found) -> Section:
    """Explained variance, the published losses beside ours, and what training to the end gives."""
    share = np.cumsum(found["explained"])
    zero, curve = found["zero"], found["curve"]
    levels = {"predicting zero": zero, "PCA": found["pca"]}
    return Section(
        title="PCA and autoencoders of the features",
        text=f"""
            The published autoencoder takes the {found["features"]} standardised features to {DIM}
            numbers and back, both linearly: {found["parameters"]:,} parameters here. Principal
            components are the best that any linear coding of {DIM} numbers can do, in closed form.
            Standardised features have a mean of zero, so that saying zero of everything has an
            error of 1.0, or less where features have gaps or do not vary ({zero:.4f} here).

            As published the autoencoder learns for {len(curve)} epochs of plain gradient descent at
            a rate of .0001, on all rows. The others learn from 60 % of the rows by Adam and stop
            when they no longer reconstruct another 10 % better; what is left are “other rows”.
        """,
        conclusions=tuple(_conclusions(found)),
        charts=(
            lines(
                "Share of all variance that the first principal components explain.",
                {"together": list(share), "each": found["explained"]},
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
            DataTable(
                pl.DataFrame(found["table"], infer_schema_length=None),
                f"Mean squared errors of reconstructions; saying zero has {zero:.4f} of all rows "
                f"and {found['zero other']:.4f} of the other rows.",
                {"rows learned from": "fixed:4", "other rows": "fixed:4"},
            ),
        ),
        steps=("codes",),
    )


def _conclusions(found: Found) -> list[Conclusion]:
    curve, zero = found["curve"], found["zero"]
    worse = curve[-1] >= zero
    rows = {row["codings"]: row for row in found["table"]}
    best = min(
        (n for n in rows if rows[n]["other rows"] is not None), key=lambda n: _other(rows[n])
    )
    trained, pca = _other(rows[_CODED]), _other(rows["PCA"])
    return [
        Conclusion(
            "as published",
            f"The error falls from {curve[0]:.4f} to {curve[-1]:.4f} in {len(curve)} epochs "
            f"(published: {PUBLISHED_LOSS[0]:.4f} to {PUBLISHED_LOSS[1]:.4f}).",
        ),
        Conclusion(
            "trap" if worse else "honest",
            f"Saying zero of every feature has {zero:.4f}, so that the published training ends "
            + ("worse than having learned nothing" if worse else "better than that")
            + f"; {DIM} principal components have {found['pca']:.4f}.",
        ),
        Conclusion(
            "honest",
            f"Trained to its end, the same autoencoder has {trained:.4f} on other rows where PCA "
            f"has {pca:.4f} and zero {found['zero other']:.4f}; the lowest of the table is "
            f"{_other(rows[best]):.4f} ({best}).",
        ),
        Conclusion(
            "honest",
            f"{DIM} components explain {sum(found['explained'][:DIM]):.1%} of the variance; for "
            f"90 % it takes {_needed(found['explained'], 0.9)}.",
        ),
    ]


def _other(row: Found) -> float:
    return float(row["other rows"])


def _needed(explained: list[float], share: float) -> int:
    return int(np.searchsorted(np.cumsum(explained), share - 1e-9) + 1)
