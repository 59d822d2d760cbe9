"""Train the published regressor on several splits, with variants and baselines beside it."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from penchant.data import TEST, Holdout, Split
from penchant.evaluation import evaluate_predictions
from penchant.models import DNNRegressor, make
from penchant.studies.music.setup import (
    REGRESSOR,
    MusicSetup,
    RowErrors,
    mean_errors,
    row_errors,
    timed,
)
from penchant.studies.records import predict, rounded
from penchant.studies.study import EvaluationSummary
from penchant.typing import Float64

logger = logging.getLogger(__name__)

ORIGINAL = "DNN on the features, as published"
RECONSTRUCTED = "DNN on the reconstruction, as published"
BOUNDED = "DNN, bounded output"
VARIANTS = {
    ORIGINAL: REGRESSOR,
    RECONSTRUCTED: f"{REGRESSOR},code_dim=5,code_optimiser=sgd",
    "DNN on the reconstruction of a trained autoencoder": f"{REGRESSOR},code_dim=5",
    BOUNDED: REGRESSOR.replace("output=linear", "output=bounded"),
    "DNN, inputs cut at 5 deviations": REGRESSOR.replace("clip=0", "clip=5"),
}
CUT_LATER = "the published DNN, inputs cut only when it answers"
HIGHEST = "always the highest rating"
TRIVIAL = ("global-mean", "item-mean", "user-mean", "bias")
_FAR, _CUT = 8, 5.0
_LISTED = 5


@dataclass(frozen=True)
class FarRow:
    """A test row that the published network misses by far.

    Attributes:
        split: the seed of the split.
        product: its title.
        rating: that the user gave.
        predicted: by the network.
        off: the absolute error.
        farthest_input: the feature that lies farthest from the training mean.
        deviations: how far, in standard deviations.
        with_inputs_cut: the prediction of the same network with inputs cut.
    """

    split: int
    product: str
    rating: float
    predicted: float
    off: float
    farthest_input: str
    deviations: float
    with_inputs_cut: float


@dataclass(frozen=True)
class HighestRows:
    """The published list: the review rows with the highest predictions.

    Attributes:
        product: titles.
        reviewed_by: users who wrote these reviews.
        rating_given: by these users.
        predicted: by the network.
        row: `test` or `training`.
    """

    product: list[str]
    reviewed_by: list[str]
    rating_given: list[float]
    predicted: list[float]
    row: list[str]


@dataclass(frozen=True)
class FirstSplit:
    """What is stored of the first split only.

    Attributes:
        compared: all models by `mae` and by `rmse`.
        predictions: of the published network on test rows.
        ratings: of these rows.
        seconds: of training the published network.
        curve: its training loss by epoch.
        parameters: how many the published network has.
        trained_parameters: how many of them are learned.
        lists: the published list by each published network.
        highest: the highest prediction of each.
    """

    compared: dict[str, EvaluationSummary]
    predictions: list[float]
    ratings: list[float]
    seconds: float
    curve: list[float]
    parameters: int
    trained_parameters: int
    lists: dict[str, HighestRows]
    highest: dict[str, float]


@dataclass(frozen=True)
class RegressorResults:
    """The published regressor, its variants and baselines on several splits.

    Attributes:
        errors: on test rows, by model and split.
        far: the test rows that the published network misses by most, of all splits.
        first: the first split.
    """

    errors: dict[str, list[RowErrors]]
    far: list[FarRow]
    first: FirstSplit

    def mean_errors(self, name: str) -> RowErrors:
        """The errors of one model, means over the splits."""
        return mean_errors(self.errors[name])


def train_regressors(setup: MusicSetup) -> RegressorResults:
    """Fit all models on each split, and measure their errors on test rows."""
    errors: dict[str, list[RowErrors]] = {}
    far: list[FarRow] = []
    first: FirstSplit | None = None
    for seed in setup.seeds:
        logger.info(f"music: the regressors on the split of seed {seed}.")
        split = setup.published_split(seed)
        test = split.test
        assert test.ratings is not None  # reviews have ratings
        models, seconds = {}, {}
        for name, spec in setup.run.track(VARIANTS.items(), "regressors", len(VARIANTS)):
            network = setup.network(spec, seed=seed)
            models[name], seconds[name] = timed(partial(network.fit, split.train, run=setup.run))
        predictions = {name: predict(model, test.rows) for name, model in models.items()}
        original = models[ORIGINAL]
        assert isinstance(original, DNNRegressor)
        predictions[CUT_LATER] = predict(_with_cut_inputs(original), test.rows)
        predictions |= predict_trivially(setup, split)
        for name, values in predictions.items():
            errors.setdefault(name, []).append(row_errors(values, test.ratings))
        if first is None:
            published = {name: models[name] for name in (ORIGINAL, RECONSTRUCTED)}
            every = {n: _predict_all(split, model) for n, model in published.items()}
            first = FirstSplit(
                compared=_compare(setup, test, predictions),
                predictions=rounded(predictions[ORIGINAL]),
                ratings=rounded(test.ratings),
                seconds=seconds[ORIGINAL],
                curve=rounded([row["loss"] for row in original.curve_]),
                parameters=original.n_parameters(),
                trained_parameters=original.n_trained(),
                lists={n: _highest_rows(split, *both) for n, both in every.items()},
                highest={n: float(values.max()) for n, (_, values) in every.items()},
            )
        far += _farthest(setup, original, split, predictions, seed)
    assert first is not None  # there is a split at least
    return RegressorResults(errors, sorted(far, key=lambda row: -row.off)[:_FAR], first)


def predict_trivially(setup: MusicSetup, split: Split) -> dict[str, Float64]:
    """Predictions of the baselines on the test rows of a split."""
    predictions = {HIGHEST: np.full(len(split.test), setup.highest)}
    for name in TRIVIAL:
        model = make(name).fit(split.train, run=setup.run)
        predictions[name] = predict(model, split.test.rows)
    return predictions


def _with_cut_inputs(model: DNNRegressor) -> DNNRegressor:
    """The same fitted network, whose inputs count no more beyond five standard deviations."""
    cut = copy.copy(model)
    cut.clip = _CUT
    return cut


def _compare(
    setup: MusicSetup, test: Holdout, predictions: dict[str, Float64]
) -> dict[str, EvaluationSummary]:
    """Tables of both published measures, against the baselines."""
    table = pl.DataFrame({"user": test.rows.users, "rating": test.ratings, **predictions})
    trivial = [name for name in predictions if name == HIGHEST or name in TRIVIAL]
    tables = {
        metric: evaluate_predictions(
            table, [metric], trivial=trivial, replicates=setup.replicates, seed=setup.seed
        )
        for metric in ("mae", "rmse")
    }
    return {metric: EvaluationSummary.of(each) for metric, each in tables.items()}


def _farthest(
    setup: MusicSetup,
    model: DNNRegressor,
    split: Split,
    predictions: dict[str, Float64],
    seed: int,
) -> list[FarRow]:
    """The test rows that the published network misses by most, with their farthest input."""
    test = split.test
    assert test.ratings is not None
    off = np.abs(predictions[ORIGINAL] - test.ratings)
    inputs, names = model.features.of_rows(test.rows), model.features.names
    farthest = np.abs(inputs).argmax(axis=1)
    return [
        FarRow(
            split=seed,
            product=setup.log.titles(test.items[row : row + 1])[0],
            rating=float(test.ratings[row]),
            predicted=float(predictions[ORIGINAL][row]),
            off=float(off[row]),
            farthest_input=names[farthest[row]],
            deviations=float(inputs[row, farthest[row]]),
            with_inputs_cut=float(predictions[CUT_LATER][row]),
        )
        for row in np.argsort(-off, kind="stable")[:_FAR]
    ]


def _predict_all(split: Split, model: object) -> tuple[Holdout, Float64]:
    """All rows of the log, as if nothing but training rows were known, and their predictions."""
    rows = Holdout.of(split.train, split.log)
    return rows, predict(model, rows.rows)


def _highest_rows(split: Split, rows: Holdout, predictions: Float64) -> HighestRows:
    """The review rows of the whole table with the highest predictions."""
    log = split.log
    assert rows.ratings is not None
    best = np.argsort(-predictions, kind="stable")[:_LISTED]
    test_rows = set(log.events["row"].filter(pl.Series(split.sides == TEST)).to_list())
    return HighestRows(
        product=log.titles(rows.items[best]),
        reviewed_by=log.users.take(rows.rows.users[best]).cast(pl.String).to_list(),
        rating_given=rounded(rows.ratings[best]),
        predicted=rounded(predictions[best]),
        row=["test" if int(n) in test_rows else "training" for n in rows.source_rows[best]],
    )
