"""A split that was published with a data set, as commands take it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.cli.log_options import LogOptions
from penchant.cli.reading_options import FilterOptions
from penchant.errors import ParameterError
from penchant.run import Run

if TYPE_CHECKING:
    from penchant.data.splits import Split


def read_published_split(log: LogOptions, name: str, run: Run) -> Split:
    """A published split of the data set that LOG names, with the tables of its users and items.

    Raises:
        DataError: files are missing or damaged.
        DownloadError: the data set cannot be found or fetched.
        ParameterError: LOG is no such data set, it has no such split, or events are to be left out.
    """
    from penchant.data.positive import with_positive
    from penchant.data.predefined import split_predefined
    from penchant.data.sources import CATALOGUE, load_split

    filters, fetch = log.reading.filters, log.reading.fetch
    if log.source not in CATALOGUE:
        raise ParameterError(
            f"--published-split {name} goes with the name of a published data set, and "
            f"{log.source!r} is none: give files of test events with --test."
        )
    if replace(filters, positive=None) != FilterOptions():
        raise ParameterError(
            f"A published split is taken whole: leave out the options that drop events, or "
            f"--published-split {name}."
        )
    published = load_split(log.source, name, mirror=fetch.mirror, offline=fetch.offline, run=run)
    whole = replace(log.reading, filters=FilterOptions()).read(
        log.source, run, strict=log.strict, warn=False
    )
    split = split_predefined(
        published.train,
        published.test,
        candidates=published.candidates,
        user_table=whole.user_table,
        item_table=whole.item_table,
        name=f"{log.source} {name}",
        sentence=f"As published with the data set ({name}).",
        scale=whole.scale,
    )
    if filters.positive is None:
        return split
    return replace(split, log=with_positive(split.log, filters.positive))
