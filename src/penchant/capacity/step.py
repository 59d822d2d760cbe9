"""A step from a log to lists, and what to do where it is too large for one machine."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.capacity.amounts import Amount, Work, events_of


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done with a log.

    Attributes:
        title: what it is, as tables say it.
        work: what its time grows with.
        array_bytes: what its arrays take, as far as they grow with the log; None where that is
            not known beforehand.
        memory: what its memory is proportional to, at its largest, where the bytes are not known.
        spec: the model that is measured, where it is one with other settings than its defaults.
        of_lists: the number of lists for which it is measured, where it is done for all users.
        is_shared: whether several machines can share it.
        remedy: what to do where one machine does not do, an imperative.
    """

    title: str
    work: Work
    array_bytes: Amount | None = None
    memory: Amount = events_of
    spec: str | None = None
    of_lists: int | None = None
    is_shared: bool = False
    remedy: str


PARTS = "divide the log, by country or by department, and learn each part by itself"
WITHOUT_OLD = "leave out old events (`--since`), or users and items with few (`--k-core`)"
SPARSE = "take `sparse-ease`, which keeps only what items have in common"
SHARE = "add an index of items (`penchant index`), or more machines (`penchant recommend --ray`)"
