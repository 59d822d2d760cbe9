"""Published data sets by name: where they are, how they are read, which splits they have."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Unpack

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.fetching.download import Patience
from penchant.data.fetching.locate import Form, Located, Published, locate
from penchant.data.fetching.wheel import Pip, Wheel, run_pip
from penchant.data.sources import amazon, atomic, book_crossing, movielens
from penchant.data.sources import published_splits as splits
from penchant.data.sources.amazon.files import NAME, near
from penchant.data.sources.published_splits import GivenFrames
from penchant.errors import DownloadError, ParameterError
from penchant.run import Run, say

__all__ = [
    "SOURCES",
    "GivenFrames",
    "Located",
    "Source",
    "fetch",
    "given_frames",
    "given_splits",
    "is_name",
    "load",
    "load_tags",
]

_GROUPLENS = "https://files.grouplens.org/datasets/movielens"


class Source(NamedTuple):
    """A data set this package knows.

    Attributes:
        published: where it is.
        events: the number of ratings in the published data set; None where it changes.
        about: a line for a list of data sets.
    """

    published: Published
    events: int | None
    about: str


def _csv_release(name: str, events: int | None, about: str, md5: str | None = None) -> Source:
    published = Published(
        name=name,
        required=("ratings.csv", "movies.csv"),
        optional=("links.csv", "tags.csv", "README.txt"),
        archive=f"{_GROUPLENS}/{name.replace('movielens', 'ml')}.zip",
        md5=md5,
    )
    return Source(published, events, about)


_SPLIT_FILES = tuple(f"{split}.{end}" for split in splits.SPLITS_100K for end in ("base", "test"))
_TABLE = (
    Source(
        Published(
            name="movielens-100k",
            required=("u.data", "u.item", "u.user"),
            optional=("README", *_SPLIT_FILES),
            archive=f"{_GROUPLENS}/ml-100k.zip",
            md5="0e33842e24a9c977be4e0107933c0723",
            wheel=Wheel(
                requirement="recbole==1.2.1",
                sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
                members=("ml-100k.inter", "ml-100k.item", "ml-100k.user"),
            ),
        ),
        100_000,
        "films, 1 to 5 stars, 1997-1998; age, gender and occupation of the users",
    ),
    Source(
        Published(
            name="movielens-1m",
            required=("ratings.dat", "movies.dat", "users.dat"),
            optional=("README",),
            archive=f"{_GROUPLENS}/ml-1m.zip",
            md5="c4d9eecfca2ab87c1945afe126590906",
        ),
        1_000_209,
        "films, 1 to 5 stars, 2000-2003; age, gender and occupation of the users",
    ),
    Source(
        Published(
            name="movielens-10m",
            required=("ratings.dat", "movies.dat"),
            optional=("tags.dat", "README.html"),
            archive=f"{_GROUPLENS}/ml-10m.zip",
            md5="ce571fd55effeba0271552578f2648bd",
        ),
        10_000_054,
        "films, half stars, 1995-2009; tags",
    ),
    _csv_release(
        "movielens-20m",
        20_000_263,
        "films, half stars, 1995-2015; tags, links",
        "cd245b17a1ae2cc31bb14903e1204af3",
    ),
    _csv_release(
        "movielens-25m",
        25_000_095,
        "films, half stars, 1995-2019; tags, links",
        "6b51fb2759a8657d3bfcbfc42b592ada",
    ),
    _csv_release(
        "movielens-32m",
        32_000_204,
        "films, half stars, 1995-2023; tags, links",
        "d472be332d4daa821edc399621853b57",
    ),
    _csv_release("movielens-latest-small", None, "films, half stars, about 100,000; tags, links"),
    _csv_release("movielens-latest", None, "films, half stars, all that there are; tags, links"),
    Source(
        book_crossing.PUBLISHED,
        book_crossing.EVENTS["drop"],
        "books, 1 to 10, 2004, and 716,109 events without rating; age and place of the users",
    ),
    *(
        Source(
            Published(name=f"amazon-{release}/CATEGORY", required=()),
            None,
            f"reviews of a category, such as amazon-{release}/{such}: 1 to 5 stars, {years}; {has}",
        )
        for release, such, years, has in (
            ("2014", "Musical_Instruments", "1996-2014", "texts, votes, metadata"),
            ("2018", "Digital_Music", "1996-2018", "texts, verified, style, votes, metadata"),
            ("2023", "Gift_Cards", "1996-2023", "texts, verified, votes, metadata"),
        )
    ),
)
SOURCES: Mapping[str, Source] = MappingProxyType({s.published.name: s for s in _TABLE})
"""The data sets that can be asked for by name."""
_NCF = Published(
    name="movielens-1m/ncf",
    required=splits.NCF_FILES,
    address="https://raw.githubusercontent.com/hexiangnan/neural_collaborative_filtering/master/Data",
)


def fetch(
    name: str,
    *,
    mirror: str | Path | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    form: Form | None = None,
    run: Run | None = None,
    patience: Patience | None = None,
    pip: Pip = run_pip,
) -> Located:
    """Find the files of a published data set, downloading them where need be.

    Looked at in this order: the cache, the mirror, the official address, and for MovieLens
    100K a wheel on the package index.

    Args:
        name: one of `SOURCES`; of Amazon's reviews with a category's name for `CATEGORY`.
        mirror: a folder, or http(s) address of one, that has a folder for each data set;
            by default the environment variable `PENCHANT_MIRROR`.
        cache: where copies are kept; by default `PENCHANT_CACHE` or the platform's cache folder.
        offline: use no network.
        form: `original` or `atomic` to take nothing else.
        run: where progress is reported to.
        patience: time-outs and number of tries.
        pip: runs pip, for the wheel.

    Raises:
        ParameterError: there is no such name.
        DownloadError: it is in none of the places; the text says why for each.
    """
    published = _source(name).published
    try:
        return locate(
            published,
            mirror=mirror,
            cache=cache,
            offline=offline,
            form=form,
            run=run,
            patience=patience,
            pip=pip,
        )
    except DownloadError as error:
        if hint := near(name):
            raise DownloadError(f"{str(error).rstrip('.')}{hint}") from error
        raise


def load(
    name: str,
    *,
    mirror: str | Path | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    form: Form | None = None,
    run: Run | None = None,
    **options: Unpack[book_crossing.Options],
) -> Dataset:
    """A published data set as a log; the arguments are those of `fetch`.

    A copy with another number of ratings than published is named so, and read all the same.
    Book-Crossing has the options `zeros` and `isbn`, see `book_crossing.read`.

    Raises:
        ParameterError: there is no such name, or it has no such option.
        DownloadError: it cannot be found or fetched.
        DataError: its files are damaged.
    """
    expected = _source(name).events
    if options and name != "book-crossing":
        raise ParameterError(f"{name} cannot be read with {', '.join(options)}: leave that out.")
    found = fetch(name, mirror=mirror, cache=cache, offline=offline, form=form, run=run)
    if name == "book-crossing":
        log = book_crossing.read(found.path, name, source=found.origin, **options)
        expected = book_crossing.EVENTS[options.get("zeros", "drop")]
    elif NAME.fullmatch(name):
        log = amazon.read(found.path, name, source=found.origin)
    elif found.form == "atomic":
        log = atomic.read(found.path, name=name, scale=(1.0, 5.0))
        log = replace(log, origin=replace(log.origin, source=found.origin))
    else:
        log = movielens.read(found.path, name, source=found.origin)
    if expected is None or len(log) == expected:
        return log
    cut = f"{name} ({len(log):,} of {expected:,} ratings)"
    say(f"{found.origin} does not have the published data set, but {cut}.")
    return replace(log, name=cut)


def load_tags(
    name: str,
    *,
    mirror: str | Path | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    run: Run | None = None,
) -> pl.DataFrame:
    """The tags of a published data set: user, item, tag, time; the arguments are those of `fetch`.

    Raises:
        ParameterError: there is no such name.
        DownloadError: it cannot be found or fetched.
        DataError: the data set has no tags, or its files are damaged.
    """
    found = fetch(name, mirror=mirror, cache=cache, offline=offline, form="original", run=run)
    return movielens.read_tags(found.path)


def given_splits(name: str) -> tuple[str, ...]:
    """The names of the splits that were published with a data set.

    Raises:
        ParameterError: there is no such data set.
    """
    _source(name)
    return {"movielens-100k": splits.SPLITS_100K, "movielens-1m": ("ncf",)}.get(name, ())


def given_frames(
    name: str,
    split: str,
    *,
    mirror: str | Path | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    run: Run | None = None,
) -> GivenFrames:
    """A published split of a published data set; the other arguments are those of `fetch`.

    Args:
        name: `movielens-100k` or `movielens-1m`.
        split: u1 to u5, ua, ub of 100K; ncf of 1M.
        mirror: see `fetch`.
        cache: see `fetch`.
        offline: see `fetch`.
        run: see `fetch`.

    Raises:
        ParameterError: there is no such data set or split.
        DownloadError: it cannot be found or fetched.
        DataError: its files are missing or damaged.
    """
    known = given_splits(name)
    if split not in known:
        has = f"the splits {', '.join(known)}" if known else "no published split"
        raise ParameterError(f"{name} has {has}, and so not {split!r}.")
    found = fetch(name, mirror=mirror, cache=cache, offline=offline, form="original", run=run)
    if name == "movielens-100k":
        return splits.movielens_100k(found.path, split)
    lists = locate(_NCF, mirror=mirror, cache=cache, offline=offline, run=run)
    return splits.ncf(lists.path, found.path)


def is_name(name: str) -> bool:
    """Whether this is the name of a published data set, a category of Amazon's reviews included."""
    return name in SOURCES or NAME.fullmatch(name) is not None


def _source(name: str) -> Source:
    if NAME.fullmatch(name):
        return Source(amazon.published(name), None, "")
    if name in SOURCES:
        return SOURCES[name]
    close = difflib.get_close_matches(name, SOURCES, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(SOURCES)}."
    raise ParameterError(f"There is no published data set {name!r}: {hint}")
