"""Book-Crossing: the original dump and the copies that circulate."""

from penchant.data.sources.book_crossing.gaps import catalogue_gaps
from penchant.data.sources.book_crossing.source import (
    EVENTS,
    PUBLISHED,
    BookOrigin,
    Options,
    read,
    recognised,
)

__all__ = [
    "EVENTS",
    "PUBLISHED",
    "BookOrigin",
    "Options",
    "catalogue_gaps",
    "read",
    "recognised",
]
