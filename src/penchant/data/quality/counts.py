"""Users and items with very few or very many events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import QualityIssue, id_rows

_HEAVY = 0.05  # of all events
_UNEQUAL = 10  # times the fair share, so that small logs have no issue


def issues(log: Dataset, near_empty: int) -> Iterator[QualityIssue]:
    """Users and items with no, few or very many events."""
    for noun, counts in (("user", log.user_counts), ("item", log.item_counts)):
        active = int((counts > 0).sum())
        inactive = np.flatnonzero(counts == 0)
        if len(inactive):
            yield QualityIssue.of(
                f"{noun}s_without_events",
                "note",
                len(inactive),
                len(counts),
                f"{noun}s of the vocabulary have no event",
                id_rows(log, noun, inactive),
            )
        few = np.flatnonzero((counts > 0) & (counts <= near_empty))
        if len(few):
            events = "1 event" if near_empty == 1 else f"{near_empty} events or fewer"
            yield QualityIssue.of(
                f"near_empty_{noun}s",
                "note",
                len(few),
                active,
                f"{noun}s have {events}",
                id_rows(log, noun, few),
            )
        limit = max(_HEAVY, _UNEQUAL / max(active, 1)) * len(log)
        heavy = np.flatnonzero(counts > limit)
        if len(heavy):
            heavy = heavy[np.argsort(-counts[heavy], kind="stable")]
            share = counts[heavy[0]] / len(log)
            yield QualityIssue.of(
                f"heavy_{noun}s",
                "doubtful",
                len(heavy),
                active,
                f"{noun}s have more than {_HEAVY:.0%} of all events each, the first {share:.0%}",
                id_rows(log, noun, heavy, {"share": counts[heavy] / len(log)}),
            )
