"""The published regressor, fitted as published on several splits, with variants beside it."""

from __future__ import annotations

import copy
import logging

import numpy as np
import polars as pl

from penchant.data.holdout import Holdout, Rows
from penchant.data.splits import TEST, Split
from penchant.evaluation import evaluate_predictions
from penchant.models import make
from penchant.models.feature_based.dnn_regressor import DNNRegressor
from penchant.models.protocols import RatesRows
from penchant.studies.music.setup import REGRESSOR, Found, Setup, errors, rounded
from penchant.typing import Float64

logger = logging.getLogger(__name__)

ORIGINAL = "DNN on the features, as published"
RECONSTRUCTED = "DNN on the reconstruction, as published"
VARIANTS = {
    ORIGINAL: REGRESSOR,
    RECONSTRUCTED: f"{REGRESSOR},code_dim=5",
    "DNN, bounded output": REGRESSOR.replace("output=linear", "output=bounded"),
    "DNN, inputs cut at 5 deviations": REGRESSOR.replace("clip=0", "clip=5"),
}
CUT_LATER = "the published DNN, inputs cut only when it answers"
HIGHEST = "always the highest rating"
TRIVIAL = ("global-mean", "item-mean", "user-mean", "bias")
_FAR, _CUT = 8, 5.0
_LISTED = 5


def regressor(setup: Setup) -> Found:
    """Fit everything on each split, and keep what the published networks say of all rows."""
    figures: dict[str, list[Found]] = {}
    found: Found = {"figures": figures, "far": [], "compared": None}
    for seed in setup.seeds:
        logger.info(f"music: the regressors on the split of seed {seed}.")
        split = setup.published_split(seed)
        truth = split.test.ratings
        assert truth is not None  # reviews have ratings
        models = {
            name: setup.network(spec, seed=seed).fit(split.train, run=setup.run)
            for name, spec in VARIANTS.items()
        }
        said = {name: answers(model, split.test.rows) for name, model in models.items()}
        original = models[ORIGINAL]
        assert isinstance(original, DNNRegressor)
        said[CUT_LATER] = answers(_cut(original), split.test.rows)
        said |= trivial(setup, split)
        for name, values in said.items():
            figures.setdefault(name, []).append(errors(values, truth))
        if seed == setup.seed:
            found["compared"] = _compared(setup, split.test, said)
            found["said"] = rounded(said[ORIGINAL])
            found["truth"] = rounded(truth)
            found["curve"] = rounded([row["loss"] for row in original.curve_])
            found["parameters"] = [original.n_parameters(), original.n_trained()]
            found["lists"] = {
                name: _highest_rows(setup, split, models[name])
                for name in (ORIGINAL, RECONSTRUCTED)
            }
        found["far"] += _farthest(setup, original, split, said, seed)
    found["far"] = sorted(found["far"], key=lambda row: -row["off"])[:_FAR]
    return found


def answers(model: object, rows: Rows) -> Float64:
    """float64[n_rows], what a model of ratings predicts."""
    assert isinstance(model, RatesRows)
    return model.predict(rows).astype(np.float64)


def trivial(setup: Setup, split: Split) -> dict[str, Float64]:
    """What needs no network, on the test rows of a split."""
    said = {HIGHEST: np.full(len(split.test), setup.highest)}
    for name in TRIVIAL:
        said[name] = answers(make(name).fit(split.train, run=setup.run), split.test.rows)
    return said


def _cut(model: DNNRegressor) -> DNNRegressor:
    """The same fitted network, whose inputs count no more beyond five standard deviations."""
    cut = copy.copy(model)
    cut.clip = _CUT
    return cut


def _compared(setup: Setup, test: Holdout, said: dict[str, Float64]) -> Found:
    """Tables of both published measures, against the answers that need no network."""
    table = pl.DataFrame({"user": test.rows.users, "rating": test.ratings, **said})
    easy = [name for name in said if name == HIGHEST or name in TRIVIAL]
    return {
        metric: evaluate_predictions(
            table, [metric], trivial=easy, replicates=setup.replicates, seed=setup.seed
        )
        for metric in ("mae", "rmse")
    }


def _farthest(
    setup: Setup, model: DNNRegressor, split: Split, said: dict[str, Float64], seed: int
) -> list[Found]:
    """The test rows that the published network misses by most, with their farthest input."""
    test = split.test
    assert test.ratings is not None
    off = np.abs(said[ORIGINAL] - test.ratings)
    inputs = model.features.of_rows(test.rows)
    names = model.features.names
    found = []
    for row in np.argsort(-off, kind="stable")[:_FAR]:
        input_ = int(np.abs(inputs[row]).argmax())
        found.append(
            {
                "split": seed,
                "product": setup.log.titles(test.items[row : row + 1])[0],
                "rating": float(test.ratings[row]),
                "predicted": float(said[ORIGINAL][row]),
                "off": float(off[row]),
                "farthest input": names[input_],
                "deviations": float(inputs[row, input_]),
                "with inputs cut": float(said[CUT_LATER][row]),
            }
        )
    return found


def _highest_rows(setup: Setup, split: Split, model: object) -> Found:
    """The published list: the review rows of the whole table with the highest predictions."""
    log = split.log
    whole = Holdout.of(split.train, log)
    said = answers(model, whole.rows)
    assert whole.ratings is not None
    best = np.argsort(-said, kind="stable")[:_LISTED]
    tested = set(log.events["row"].filter(pl.Series(split.sides == TEST)).to_list())
    return {
        "product": log.titles(whole.items[best]),
        "reviewed by": log.users.take(whole.rows.users[best]).cast(pl.String).to_list(),
        "rating given": rounded(whole.ratings[best]),
        "predicted": rounded(said[best]),
        "row": ["test" if int(n) in tested else "training" for n in whole.source_rows[best]],
        "highest": float(said.max()),
    }
