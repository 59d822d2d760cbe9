"""What belongs to figures over items without training events: who can tell these apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from penchant.data.holdout import Holdout
from penchant.models.base import Recommender
from penchant.results.formatting import join_names
from penchant.results.tables import Table
from penchant.wording import counted

_USERS = 100  # whose scores are looked at

AMONG_COLD, AMONG_ALL = "cold items", "all items"
"""What stands in brackets behind a metric's name."""


def scores_cold_items(model: Recommender, test: Holdout) -> bool:
    """Whether a fitted model gives cold items different scores for any of some test users."""
    assert test.item_pool is not None
    scores = model.scores(test.histories.block(0, _USERS))[:, test.item_pool]
    scores = np.where(np.isneginf(scores), np.nan, scores)
    known = ~np.isnan(scores).all(axis=1)
    some = scores[known]
    return bool(len(some) and (np.nanmax(some, axis=1) != np.nanmin(some, axis=1)).any())


def cold_item_notes(models: Mapping[str, Recommender], test: Holdout) -> tuple[str, ...]:
    """Which models tell cold items apart and which do not, a sentence each.

    Args:
        models: fitted, by name.
        test: held-out events, whose pool of items is the cold ones.
    """
    assert test.item_pool is not None
    judged = {name: model for name, model in models.items() if not model.baseline_for}
    can = [name for name, model in judged.items() if scores_cold_items(model, test)]
    cannot = [name for name in judged if name not in can]
    items = counted(len(test.item_pool), "cold item")
    notes = [
        f"Metrics with '({AMONG_COLD})' are of lists made of the {items} alone, those with "
        f"'({AMONG_ALL})' of lists of all items, in which cold ones compete with the others."
    ]
    if cannot:
        verb, verb_of_order = ("give", "their") if len(cannot) > 1 else ("gives", "its")
        notes.append(
            f"{join_names(cannot)} {verb} all cold items one score: {verb_of_order} order of these "
            "is arbitrary, and the figures are those of chance."
        )
    if can:
        verb = "give" if len(can) > 1 else "gives"
        notes.append(
            f"{join_names(can)} {verb} cold items different scores; the verdict says whether that "
            "is better than chance."
        )
    return tuple(notes)


def beside(cold: Table, every: Table) -> Table:
    """The table of lists of cold items, with the metrics of lists of all items beside them."""
    entries = tuple(
        replace(entry, metrics=dict(entry.metrics) | dict(every[entry.name].metrics))
        for entry in cold.entries
    )
    return replace(
        cold,
        metrics=cold.metrics + every.metrics,
        custom_metrics={**cold.custom_metrics, **every.custom_metrics},
        entries=entries,
        segments={
            segment: beside(part, every.segments[segment])
            for segment, part in cold.segments.items()
        },
    )
