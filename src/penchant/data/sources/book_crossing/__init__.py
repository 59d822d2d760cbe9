"""Book-Crossing: the original dump and the copies that circulate."""

from penchant.data.sources.book_crossing.counts import FULL, Counts
from penchant.data.sources.book_crossing.files import FILES, can_read
from penchant.data.sources.book_crossing.gaps import catalogue_gaps
from penchant.data.sources.book_crossing.source import N_EVENTS, BookOrigin, Spelling, Zeros, read

__all__ = [
    "FILES",
    "FULL",
    "N_EVENTS",
    "BookOrigin",
    "Counts",
    "Spelling",
    "Zeros",
    "can_read",
    "catalogue_gaps",
    "read",
]
