"""What content adds to lists by how often an item was rated: none, rarely, often."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.studies.fashion.branches import bin_name
from penchant.studies.fashion.content import RIDGE, among, best_of, ridge
from penchant.studies.fashion.films import Films
from penchant.studies.fashion.setup import Found, Setup, apart, gain
from penchant.studies.study import Conclusion, DataTable, Section, bars

ALONE, ALSO = "ratings alone", "content also where ratings are few"
BINS = ((0, 0), (1, 9), (10, 49), (50, 199), (200, 499), (500, None))
"""Films by their training events."""
_ASKED = 2000
_FEW = 5.0  # how many ratings content counts as, where it also counts for films that have some


def popularity(setup: Setup, films: Films, settings: Found) -> Found:
    """Rank the films of each bin among each other, by ratings alone and with content."""
    split = films.mixed_split(films.told)
    most = best_of(settings)
    models = {ALONE: setup.model("ease")}
    models |= {name: ridge(setup, settings, name) for name in (RIDGE, most)}
    models[ALSO] = models[most].clone(shrinkage=_FEW)
    asked = split.test
    if asked.n_users > _ASKED:
        drawn = np.random.default_rng(setup.seed).permutation(asked.n_users)[:_ASKED]
        asked = asked.subset(np.isin(asked.rows.history, drawn))
    counts = split.train.item_counts
    known = films.log.item_counts > 0
    chosen = films.new[1]  # films for validation are neither old nor asked for
    known[chosen] = False
    fitted = {n: m.fit(split.train, run=setup.run) for n, m in models.items()}
    bins: Found = {}
    for low, high in BINS:
        inside = known & (counts >= low) & (counts <= (counts.max() if high is None else high))
        items = np.flatnonzero(inside).astype(np.int32)
        rows = inside[asked.items]
        if len(items) < 11 or len(np.unique(asked.rows.history[rows])) < 2:
            continue
        part = asked.subset(rows)
        values = {n: among(m, part, items, setup) for n, m in fitted.items()}
        bins[bin_name(low, high)] = {
            "films": len(items),
            "users": part.n_users,
            "means": {n: float(np.nanmean(v)) for n, v in values.items()},
            "gains": {
                n: gain(v, values[ALONE], setup.replicates, setup.seed)
                for n, v in values.items()
                if n != ALONE
            },
        }
    return {"bins": bins, "most": most, "sentence": split.sentence}


def section(found: Found, step: str) -> Section:
    """The curve of the gain over popularity."""
    bins, most = found["bins"], found["most"]
    rows = [
        {
            "training ratings": name,
            "films": told["films"],
            "users": told["users"],
            **told["means"],
            "gain": told["gains"][most][0],
            "gain low": told["gains"][most][1],
            "gain high": told["gains"][most][2],
        }
        for name, told in bins.items()
    ]
    forms = dict.fromkeys((ALONE, RIDGE, most, ALSO), "fixed:4") | {"gain": "signed:4"}
    return Section(
        title="Warm, rare and unseen films",
        text=f"""
            Films with as many training ratings are ranked among each other, so that lists of rare
            films are not judged by whether they hold popular ones. {found["sentence"]} “Ratings
            alone” is the linear item-to-item model (EASE); the others are the same model, in which
            content stands in for ratings where a film has none, and in the last one the more, the
            fewer it has: as {_FEW:g} ratings.
        """,
        conclusions=tuple(_conclusions(found)),
        charts=(
            bars(
                "What content adds to the nDCG@10 of ratings alone, by how many ratings films have "
                "in training; with intervals.",
                {
                    name: {b: tuple(told["gains"][name]) for b, told in bins.items()}
                    for name in dict.fromkeys((RIDGE, most, ALSO))
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
                f"nDCG@10 among films with as many training ratings; the gain is of {most} over "
                "ratings alone.",
                forms,
            ),
        )
        if bins
        else (),
        steps=(step,),
    )


def _conclusions(found: Found) -> list[Conclusion]:
    most, bins = found["most"], found["bins"]
    said = [
        Conclusion(
            "honest",
            f"Films with {'no' if name == 'none' else name} training ratings: {most} add "
            f"{apart(tuple(bins[name]['gains'][most]))} to the nDCG@10 of ratings alone.",
        )
        for name in list(bins)[:1]
    ]
    for model, start in ((most, "Over popularity, content"), (ALSO, "Mixed in as well, content")):
        by_word: dict[str, list[str]] = {}
        for name, told in bins.items():
            by_word.setdefault(_word(tuple(told["gains"][model])), []).append(name)
        parts = [f"{word} where films have {_ratings(names)}" for word, names in by_word.items()]
        if parts:
            said.append(Conclusion("verdict", f"{start} {'; '.join(parts)}."))
    return said


def _word(value: tuple[float, ...]) -> str:
    if not any(value):
        return "has no say"
    if value[1] > 0:
        return "gains"
    return "loses" if value[2] < 0 else "changes nothing for sure"


def _ratings(bins: list[str]) -> str:
    return f"{', '.join(bins)} training ratings".replace("none", "no")
