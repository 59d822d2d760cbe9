"""Measure what content adds to lists by how often an item was rated: never, rarely, often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.studies.fashion.content import (
    RIDGE,
    RIDGE_L2,
    RidgeSettings,
    best_of,
    ndcg_among,
    ridge,
)
from penchant.studies.fashion.film_log import FilmLog
from penchant.studies.fashion.rating_counts import range_name, training_ratings
from penchant.studies.fashion.setup import FashionSetup, mean_gain
from penchant.studies.records import Gain
from penchant.studies.study import Conclusion, DataTable, Section, bars
from penchant.typing import Float64

ALONE, ALSO = "ratings alone", "content also where ratings are few"
BINS = ((0, 0), (1, 9), (10, 49), (50, 199), (200, 499), (500, None))
"""Films by their training events."""
_MOST_USERS = 2000
_FEW = 5.0  # how many ratings content counts as, where it also counts for films that have some


@dataclass(frozen=True)
class PopularityBin:
    """Films with as many training ratings, ranked among each other.

    Attributes:
        films: how many there are.
        users: test users.
        means: nDCG@10 by model.
        gains: over ratings alone, by model.
    """

    films: int
    users: int
    means: dict[str, float]
    gains: dict[str, Gain]


@dataclass(frozen=True)
class PopularityResults:
    """What content adds to lists by the number of training ratings of the films.

    Attributes:
        bins: by number of training ratings.
        best: the ridge with the best content.
        sentence: on the split.
    """

    bins: dict[str, PopularityBin]
    best: str
    sentence: str


def compare_by_popularity(
    setup: FashionSetup, films: FilmLog, settings: Mapping[str, RidgeSettings]
) -> PopularityResults:
    """Rank the films of each bin among each other, by ratings alone and with content."""
    split = films.mixed_split(films.full_log)
    best = best_of(settings)
    models = {ALONE: setup.model("ease", l2=RIDGE_L2)}
    models |= {name: ridge(setup, settings[name]) for name in (RIDGE, best)}
    models[ALSO] = models[best].clone(shrinkage=_FEW)
    test = split.test
    if test.n_users > _MOST_USERS:
        drawn = np.random.default_rng(setup.seed).permutation(test.n_users)[:_MOST_USERS]
        test = test.subset(np.isin(test.rows.history, drawn))
    counts = split.train.item_counts
    known = films.log.item_counts > 0
    known[films.cold_items[1]] = False  # films for validation are neither old nor asked for
    fitted = {n: m.fit(split.train, run=setup.run) for n, m in models.items()}
    bins = {}
    for low, high in BINS:
        inside = known & (counts >= low) & (counts <= (counts.max() if high is None else high))
        items = np.flatnonzero(inside).astype(np.int32)
        rows = inside[test.items]
        if len(items) < 11 or len(np.unique(test.rows.history[rows])) < 2:
            continue
        part = test.subset(rows)
        values = {n: ndcg_among(m, part, items, setup) for n, m in fitted.items()}
        bins[range_name(low, high)] = PopularityBin(
            films=len(items),
            users=part.n_users,
            means={n: float(np.nanmean(v)) for n, v in values.items()},
            gains={n: _gain(setup, v, values[ALONE]) for n, v in values.items() if n != ALONE},
        )
    return PopularityResults(bins, best, split.sentence)


def _gain(setup: FashionSetup, values: Float64, over: Float64) -> Gain:
    gain = mean_gain(values, over, setup.replicates, setup.seed)
    assert gain is not None  # a bin has two users at least
    return gain


def section(results: PopularityResults) -> Section:
    """The curve of the gain over popularity."""
    bins, best = results.bins, results.best
    rows = [
        {
            "training ratings": name,
            "films": part.films,
            "users": part.users,
            **part.means,
            **part.gains[best].columns("gain"),
        }
        for name, part in bins.items()
    ]
    formats = dict.fromkeys((ALONE, RIDGE, best, ALSO), "fixed:4") | {"gain": "signed:4"}
    return Section(
        title="Warm, rare and unseen films",
        text=f"""
            Films with as many training ratings are ranked among each other, so that lists of rare
            films are not judged by whether they hold popular ones. {results.sentence} “Ratings
            alone” is the linear item-to-item model (EASE); the others are the same model, in which
            content stands in for ratings where a film has none, and in the last one the more, the
            fewer it has: as {_FEW:g} ratings.
        """,
        conclusions=tuple(_conclusions(results)),
        charts=(
            bars(
                "What content adds to the nDCG@10 of ratings alone, by how many ratings films have "
                "in training; with intervals.",
                {
                    name: {b: part.gains[name].interval for b, part in bins.items()}
                    for name in dict.fromkeys((RIDGE, best, ALSO))
                },
                x="training ratings of the film",
                y="nDCG@10 gained",
                upright=True,
            ),
        )
        if bins
        else (),
        tables=(
            DataTable(
                pl.DataFrame(rows),
                f"nDCG@10 among films with as many training ratings; the gain is of {best} over "
                "ratings alone.",
                formats,
            ),
        )
        if bins
        else (),
        steps=("popularity",),
    )


def _conclusions(results: PopularityResults) -> list[Conclusion]:
    conclusions = []
    models = ((results.best, "Where it stands in for missing ratings"), (ALSO, "Mixed in as well"))
    for model, start in models:
        by_word: dict[str, list[str]] = {}
        for name, part in results.bins.items():
            by_word.setdefault(_describe(part.gains[model]), []).append(name)
        parts = [
            f"{word} where films have {training_ratings(names, BINS)}"
            for word, names in by_word.items()
        ]
        if parts:
            conclusions.append(Conclusion("verdict", f"{start}, content {'; '.join(parts)}."))
    return conclusions


def _describe(gain: Gain) -> str:
    if not any(gain.interval):
        return "has no say"
    if gain.low > 0:
        return "gains"
    return "loses" if gain.high < 0 else "changes nothing for sure"
