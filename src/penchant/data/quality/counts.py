"""Users and items with very few or very many events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import QualityIssue, id_issues

_HEAVY = 0.05  # of all events
_UNEQUAL = 10  # times the fair share, so that small logs have no issue


def issues(log: Dataset, near_empty: int) -> Iterator[QualityIssue]:
    """Users and items with no, few or very many events."""
    for noun, counts in (("user", log.user_counts), ("item", log.item_counts)):
        some = counts > 0
        active = int(some.sum())
        name, index = f"{noun}s_without_events", np.flatnonzero(~some)
        sentence = f"{noun}s of the vocabulary have no event"
        yield from id_issues(log, noun, name, "note", index, len(counts), sentence)
        name, index = f"near_empty_{noun}s", np.flatnonzero(some & (counts <= near_empty))
        events = "1 event" if near_empty == 1 else f"{near_empty} events or fewer"
        yield from id_issues(log, noun, name, "note", index, active, f"{noun}s have {events}")
        limit = max(_HEAVY, _UNEQUAL / max(active, 1)) * len(log)
        heavy = np.flatnonzero(counts > limit)
        heavy = heavy[np.argsort(-counts[heavy], kind="stable")]
        share = counts[heavy] / max(len(log), 1)
        first = f"{share[0]:.0%}" if len(share) else ""
        sentence = f"{noun}s have more than {_HEAVY:.0%} of all events each, the first {first}"
        name = f"heavy_{noun}s"
        yield from id_issues(log, noun, name, "doubtful", heavy, active, sentence, {"share": share})
