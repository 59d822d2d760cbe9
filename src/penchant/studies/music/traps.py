"""What the published regressor knew beforehand: its own answer in a mean, and in its own words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.holdout import Rows
from penchant.data.splits import TRAIN, split_random
from penchant.models import make
from penchant.studies.music.regressor import answers
from penchant.studies.music.setup import (
    REGRESSOR,
    TEST,
    Found,
    Setup,
    average,
    errors,
    with_statistics,
)
from penchant.studies.study import Conclusion, DataTable, Section, bars

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


def traps(setup: Setup) -> Found:
    """The same network with and without each thing that is not known beforehand."""
    statistics: dict[str, list[Found]] = {}
    texts: dict[str, list[Found]] = {}
    for seed in setup.seeds:
        split = setup.published_split(seed)
        truth, rows = split.test.ratings, split.test.rows
        assert truth is not None  # reviews have ratings
        apart = split_random(
            with_statistics(setup.log, split.sides == TRAIN), validation=0, test=TEST, seed=seed
        )
        folds = setup.network(REGRESSOR.replace("statistics=table", "statistics=out-of-fold"))
        own = setup.network(seed=seed).fit(split.train, run=setup.run)
        never = setup.network(REGRESSOR.replace("own_text=true", "own_text=false"), seed=seed)
        told = {
            MEAN_ALL: _means(setup, split.test.items, split.log.item_table),
            MEAN_TRAIN: answers(make("item-mean").fit(split.train, run=setup.run), rows),
            NET_ALL: answers(own, rows),
            NET_TRAIN: answers(
                setup.network(seed=seed).fit(apart.train, run=setup.run), apart.test.rows
            ),
            NET_FOLDS: answers(folds.clone(seed=seed).fit(split.train, run=setup.run), rows),
        }
        for name, values in told.items():
            statistics.setdefault(name, []).append(errors(values, truth))
        said = {
            OWN: told[NET_ALL],
            SHUFFLED: answers(own, _shuffled(rows, seed)),
            BLANK: answers(own, _blank(rows)),
            NEVER: answers(never.fit(split.train, run=setup.run), rows),
        }
        for name, values in said.items():
            texts.setdefault(name, []).append(errors(values, truth))
    return {"statistics": statistics, "texts": texts}


def _means(setup: Setup, items: np.ndarray, table: pl.DataFrame | None) -> np.ndarray:
    """float64[n_rows], the mean that the item table holds."""
    assert table is not None  # the statistics are in it
    found: np.ndarray = table["overall_mean"].gather(items).to_numpy()
    return found


def _shuffled(rows: Rows, seed: int) -> Rows:
    """The same questions, each with the texts of another row."""
    assert rows.context is not None
    order = np.random.default_rng(seed).permutation(len(rows))
    mixed = rows.context.select(_TEXTS)[order]
    return replace(rows, context=rows.context.with_columns(mixed))


def _blank(rows: Rows) -> Rows:
    """The same questions without texts."""
    assert rows.context is not None
    empty = [pl.lit("").alias(name) for name in _TEXTS]
    return replace(rows, context=rows.context.with_columns(empty))


def section(found: Found) -> Section:
    """Each trap as a table and a chart."""
    statistics, texts = found["statistics"], found["texts"]
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
                {"": {name: average(rows, "mse") for name, rows in statistics.items()}},
                x="mean squared error",
                half=True,
            ),
            bars(
                "MSE with and without the review's own text.",
                {"": {name: average(rows, "mse") for name, rows in texts.items()}},
                x="mean squared error",
                half=True,
            ),
        ),
        tables=(
            _sheet(statistics, "Statistics of the product with and without the test rows."),
            _sheet(texts, "The published network and the texts of the reviews it is asked about."),
        ),
        steps=("traps",),
    )


def _sheet(found: dict[str, list[Found]], caption: str) -> DataTable:
    frame = pl.DataFrame(
        {
            "what it knows": list(found),
            "MAE": [average(rows, "mae") for rows in found.values()],
            "MSE": [average(rows, "mse") for rows in found.values()],
            "correlation": [average(rows, "r") for rows in found.values()],
        },
        strict=False,
    )
    several = len(next(iter(found.values())))
    mean = f" Means over {several} splits." if several > 1 else ""
    return DataTable(frame, f"{caption}{mean}", {"MAE": "fixed:4", "MSE": "fixed:4"})


def _on_statistics(found: dict[str, list[Found]]) -> str:
    mse = {name: average(rows, "mse") or 0.0 for name, rows in found.items()}
    r = {name: average(found[name], "r") for name in (MEAN_ALL, MEAN_TRAIN)}
    return (
        f"The product's mean alone, taken for a prediction, has MSE {mse[MEAN_ALL]:.4f} and a "
        f"correlation of {_said(r[MEAN_ALL])} with the test rows in it, {mse[MEAN_TRAIN]:.4f} and "
        f"{_said(r[MEAN_TRAIN])} without. The network has {mse[NET_ALL]:.4f} with them, "
        f"{mse[NET_TRAIN]:.4f} with training rows only, {mse[NET_FOLDS]:.4f} where each training "
        "row, too, gets the statistics of others."
    )


def _on_texts(found: dict[str, list[Found]]) -> str:
    mse = {name: average(rows, "mse") or 0.0 for name, rows in found.items()}
    r = {name: average(rows, "r") for name, rows in found.items()}
    return (
        f"With its own text a row is predicted at MSE {mse[OWN]:.4f} (correlation "
        f"{_said(r[OWN])}); with the text of another row at {mse[SHUFFLED]:.4f} "
        f"({_said(r[SHUFFLED])}), with none at {mse[BLANK]:.4f} ({_said(r[BLANK])}). A network "
        f"that never had them has {mse[NEVER]:.4f} ({_said(r[NEVER])})."
    )


def _said(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
