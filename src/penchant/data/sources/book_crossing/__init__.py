"""Book-Crossing: the original dump and the copies that circulate."""

from penchant.data.sources.book_crossing.counts import FULL, Counts
from penchant.data.sources.book_crossing.gaps import catalogue_gaps
from penchant.data.sources.book_crossing.source import (
    FILES,
    N_EVENTS,
    BookOrigin,
    Options,
    can_read,
    read,
)

__all__ = [
    "FILES",
    "FULL",
    "N_EVENTS",
    "BookOrigin",
    "Counts",
    "Options",
    "can_read",
    "catalogue_gaps",
    "read",
]
