"""Users and items with very few or very many events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.quality.finding import Finding
from penchant.data.quality.rows import id_rows

_HEAVY = 0.05  # of all events
_UNEQUAL = 10  # times the fair share, so that small logs are not blamed


def find(log: Dataset, near_empty: int) -> Iterator[Finding]:
    """Users and items with no, few or very many events."""
    for noun, counts in (("user", log.user_counts), ("item", log.item_counts)):
        active = int((counts > 0).sum())
        unseen = np.flatnonzero(counts == 0)
        if len(unseen):
            yield Finding.of(
                f"{noun}s_without_events",
                "note",
                len(unseen),
                len(counts),
                f"{noun}s of the vocabulary have no event",
                id_rows(log, noun, unseen),
            )
        few = np.flatnonzero((counts > 0) & (counts <= near_empty))
        if len(few):
            events = "1 event" if near_empty == 1 else f"{near_empty} events or fewer"
            yield Finding.of(
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
            yield Finding.of(
                f"heavy_{noun}s",
                "doubtful",
                len(heavy),
                active,
                f"{noun}s have more than {_HEAVY:.0%} of all events each, the first {share:.0%}",
                id_rows(log, noun, heavy, {"share": counts[heavy] / len(log)}),
            )
