"""Measure what the published regressor knew beforehand: the rating in a mean and in a text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from penchant.data import TRAIN, Rows, split_random
from penchant.models import make
from penchant.studies.music.setup import (
    REGRESSOR,
    TEST_SHARE,
    MusicSetup,
    RowErrors,
    mean_errors,
    row_errors,
    with_statistics,
)
from penchant.studies.records import predict
from penchant.studies.study import Conclusion, DataTable, Section, bars
from penchant.typing import Float64, Int32

_TEXTS = ("text", "summary")
MEAN_ALL, MEAN_TRAIN = "the product's mean, test rows among it", "the product's mean, without them"
NET_ALL, NET_TRAIN, NET_FOLDS = (
    "network, statistics of all rows, as published",
    "network, statistics of training rows",
    "network, statistics of other training rows each",
)
OWN, SHUFFLED, BLANK, NEVER = (
    "own texts, as published",
    "texts of other test rows in their place",
    "no texts in test rows",
    "a network that never saw texts of the rows themselves",
)


@dataclass(frozen=True)
class Leakage:
    """Errors with and without what is not known beforehand, by case and split.

    Attributes:
        statistics: with and without the test rows in the products' statistics.
        texts: with and without the reviews' own texts.
    """

    statistics: dict[str, list[RowErrors]]
    texts: dict[str, list[RowErrors]]


def measure_leakage(setup: MusicSetup) -> Leakage:
    """The same network with and without each thing that is not known beforehand."""
    statistics: dict[str, list[RowErrors]] = {}
    texts: dict[str, list[RowErrors]] = {}
    for seed in setup.run.track(setup.seeds, "splits"):
        split = setup.published_split(seed)
        ratings, rows = split.test.ratings, split.test.rows
        assert ratings is not None  # reviews have ratings
        clean = split_random(
            with_statistics(setup.log, split.sides == TRAIN),
            validation=0,
            test=TEST_SHARE,
            seed=seed,
        )
        folds = setup.network(REGRESSOR.replace("statistics=table", "statistics=out-of-fold"))
        own = setup.network(seed=seed).fit(split.train, run=setup.run)
        never = setup.network(REGRESSOR.replace("own_text=true", "own_text=false"), seed=seed)
        by_statistics = {
            MEAN_ALL: _means(split.test.items, split.log.item_table),
            MEAN_TRAIN: predict(make("item-mean").fit(split.train, run=setup.run), rows),
            NET_ALL: predict(own, rows),
            NET_TRAIN: predict(
                setup.network(seed=seed).fit(clean.train, run=setup.run), clean.test.rows
            ),
            NET_FOLDS: predict(folds.clone(seed=seed).fit(split.train, run=setup.run), rows),
        }
        by_texts = {
            OWN: by_statistics[NET_ALL],
            SHUFFLED: predict(own, _shuffled(rows, seed)),
            BLANK: predict(own, _blank(rows)),
            NEVER: predict(never.fit(split.train, run=setup.run), rows),
        }
        for errors, predictions in ((statistics, by_statistics), (texts, by_texts)):
            for name, values in predictions.items():
                errors.setdefault(name, []).append(row_errors(values, ratings))
    return Leakage(statistics, texts)


def _means(items: Int32, table: pl.DataFrame | None) -> Float64:
    """float64[n_rows], the mean that the item table holds."""
    assert table is not None  # the statistics are in it
    means: Float64 = table["overall_mean"].gather(items).to_numpy()
    return means


def _shuffled(rows: Rows, seed: int) -> Rows:
    """The same questions, each with the texts of another row."""
    assert rows.context is not None
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = rows.context.select(_TEXTS)[order]
    return replace(rows, context=rows.context.with_columns(shuffled))


def _blank(rows: Rows) -> Rows:
    """The same questions without texts."""
    assert rows.context is not None
    empty = [pl.lit("").alias(name) for name in _TEXTS]
    return replace(rows, context=rows.context.with_columns(empty))


def section(leakage: Leakage) -> Section:
    """Each trap as a table and a chart."""
    statistics, texts = leakage.statistics, leakage.texts
    return Section(
        title="What the regressor knew beforehand",
        text="""
            Two of its inputs do not exist when something is to be recommended. The mean rating of
            a product was counted over all rows, the one to be predicted among them: a product with
            one review has its answer for a mean. And the words are those that the user wrote in
            the very review whose stars are to be predicted. Each is taken away here, all else left
            as published. Where texts are exchanged among test rows, the network is the same one;
            what it then loses is what it owed to its own text.
        """,
        conclusions=(
            Conclusion("trap", _on_statistics(statistics)),
            Conclusion("trap", _on_texts(texts)),
        ),
        charts=(
            bars(
                "MSE with and without the test rows in the statistics.",
                {"": {name: mean_errors(rows).mse for name, rows in statistics.items()}},
                x="mean squared error",
                half=True,
            ),
            bars(
                "MSE with and without the review's own text.",
                {"": {name: mean_errors(rows).mse for name, rows in texts.items()}},
                x="mean squared error",
                half=True,
            ),
        ),
        tables=(
            _table(statistics, "Statistics of the product with and without the test rows."),
            _table(texts, "The published network and the texts of the reviews it is asked about."),
        ),
        steps=("leakage",),
    )


def _table(splits: dict[str, list[RowErrors]], caption: str) -> DataTable:
    errors = [mean_errors(rows) for rows in splits.values()]
    frame = pl.DataFrame(
        {
            "what it knows": list(splits),
            "MAE": [each.mae for each in errors],
            "MSE": [each.mse for each in errors],
            "correlation": [each.correlation for each in errors],
        },
        strict=False,
    )
    several = len(next(iter(splits.values())))
    means = f" Means over {several} splits." if several > 1 else ""
    return DataTable(frame, f"{caption}{means}", {"MAE": "fixed:4", "MSE": "fixed:4"})


def _on_statistics(splits: dict[str, list[RowErrors]]) -> str:
    errors = {name: mean_errors(rows) for name, rows in splits.items()}
    return (
        "The product's mean alone, with the answer counted in it, correlates with the answer by "
        f"{_correlation(errors[MEAN_ALL])}; without the answer by "
        f"{_correlation(errors[MEAN_TRAIN])}."
    )


def _on_texts(splits: dict[str, list[RowErrors]]) -> str:
    errors = {name: mean_errors(rows) for name, rows in splits.items()}
    return (
        "Given another review's text in place of the review's own, the network's answers "
        f"correlate with the stars by {_correlation(errors[SHUFFLED])} instead of "
        f"{_correlation(errors[OWN])}."
    )


def _correlation(errors: RowErrors) -> str:
    return "none" if errors.correlation is None else f"{errors.correlation:.3f}"
