"""Users and items with very few or very many events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import QualityIssue, id_issues
from penchant.data.reading.id_values import ROUNDED, are_rounded
from penchant.data.reading.totals import TOTALS, names_of, totals
from penchant.typing import Int64

_HEAVY = 0.05  # of all events
_MISSING = ("null", "\\n", "none", "nan", "n/a", "na", "nil", "undefined", "unknown", "-")
_FREQUENT = 0.95  # quantile of numbers of events
_UNEQUAL = 10  # times the fair share, so that small logs have no issue


def issues(log: Dataset, near_empty: int) -> Iterator[QualityIssue]:
    """Users and items with no, few or very many events."""
    for noun, counts in (("user", log.user_counts), ("item", log.item_counts)):
        some = counts > 0
        active = int(some.sum())
        name, index = f"{noun}s_without_events", np.flatnonzero(~some)
        subject = (f"{noun} of the vocabulary has", f"{noun}s of the vocabulary have")
        total = len(counts)
        yield from id_issues(log, noun, name, "note", index, total, subject, " no event")
        have = (f"{noun} has", f"{noun}s have")
        yield from _missing_ids(log, noun, counts)
        rounded = are_rounded(log.side(noun)[0].ids).arg_true().to_numpy()
        name, has_id = f"rounded_{noun}_ids", (f"{noun} has an id", f"{noun}s have ids")
        yield from id_issues(log, noun, name, "wrong", rounded, total, has_id, f" {ROUNDED}")
        index = totals(log, noun)
        subject = (f"{noun} is called", f"{noun}s are called")
        rest = f" {TOTALS.format(names=names_of(log, noun, index))}"
        yield from id_issues(log, noun, f"{noun}_totals", "doubtful", index, total, subject, rest)
        yield from _case_variants(log, noun)
        if active > 1 and counts.max() == 1:
            name, index = f"single_event_{noun}s", np.flatnonzero(some)
            rest = (
                f" exactly one event, that is all of them: is this column the {noun}'s, or a "
                "number of the row?"
            )
            yield from id_issues(log, noun, name, "doubtful", index, active, have, rest)
            continue
        name, index = f"near_empty_{noun}s", np.flatnonzero(some & (counts <= near_empty))
        few = " 1 event" if near_empty == 1 else f" {near_empty} events or fewer"
        yield from id_issues(log, noun, name, "note", index, active, have, few)
        limit = max(_HEAVY, _UNEQUAL / max(active, 1)) * len(log)
        heavy = np.flatnonzero(counts > limit)
        heavy = heavy[np.argsort(-counts[heavy], kind="stable")]
        share = counts[heavy] / max(len(log), 1)
        rest = f" more than {_HEAVY:.0%} of all events"
        if len(share):
            rest += f": {share[0]:.0%}" if len(share) == 1 else f" each, the first {share[0]:.0%}"
        name, columns = f"heavy_{noun}s", {"share": share}
        yield from id_issues(log, noun, name, "doubtful", heavy, active, have, rest, columns)


def _missing_ids(log: Dataset, noun: str, counts: Int64) -> Iterator[QualityIssue]:
    """Ids such as NULL that stand for a missing one, where they have very many events."""
    ids = log.side(noun)[0].ids
    if ids.dtype != pl.String or not len(log):
        return
    spelled = ids.str.strip_chars().str.to_lowercase().is_in(_MISSING).to_numpy()
    frequent = counts >= max(2.0, float(np.quantile(counts[counts > 0], _FREQUENT)))
    index = np.flatnonzero(spelled & frequent)
    names = ", ".join(repr(id_) for id_ in ids.gather(index))
    many = "with very many events"
    subject = (f"{noun} {many} is called", f"{noun}s {many} are called")
    rest = f" as missing values are ({names}): if that is so, leave these events out"
    name, active = f"missing_{noun}_ids", int((counts > 0).sum())
    yield from id_issues(log, noun, name, "doubtful", index, active, subject, rest)


def _case_variants(log: Dataset, noun: str) -> Iterator[QualityIssue]:
    """Ids that differ from another in upper and lower case alone, as typed ones do."""
    ids = log.side(noun)[0].ids
    if ids.dtype != pl.String:
        return
    folded = ids.str.to_lowercase()
    index = np.flatnonzero(folded.is_duplicated().to_numpy())
    index = index[np.argsort(folded.gather(index).to_numpy(), kind="stable")]
    subject = (f"{noun} id differs", f"{noun} ids differ")
    rest = " from another in upper and lower case alone: are they the same?"
    yield from id_issues(log, noun, f"case_variant_{noun}s", "note", index, len(ids), subject, rest)
