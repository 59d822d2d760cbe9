"""The published data sets that this package knows by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from penchant.data.fetching.locate import DatasetFiles
from penchant.data.fetching.wheel import Wheel
from penchant.data.sources import amazon, book_crossing
from penchant.data.sources import published_splits as splits
from penchant.data.sources.amazon.files import NAME
from penchant.errors import ParameterError
from penchant.wording import nearest

_GROUPLENS = "https://files.grouplens.org/datasets/movielens"


class PublishedDataset(NamedTuple):
    """A data set that this package knows by name.

    Attributes:
        files: its files and their addresses.
        n_events: the number of ratings in the published data set; None where it changes.
        about: a line for a list of data sets.
    """

    files: DatasetFiles
    n_events: int | None
    about: str


def _movielens(
    release: str,
    n_events: int | None,
    about: str,
    md5: str | None = None,
    required: tuple[str, ...] = ("ratings.csv", "movies.csv"),
    optional: tuple[str, ...] = ("links.csv", "tags.csv", "README.txt"),
    wheel: Wheel | None = None,
) -> PublishedDataset:
    files = DatasetFiles(
        name=f"movielens-{release}",
        required=required,
        optional=optional,
        archive=f"{_GROUPLENS}/ml-{release}.zip",
        md5=md5,
        wheel=wheel,
    )
    return PublishedDataset(files, n_events, f"films, {about}")


_SPLIT_FILES = tuple(f"{split}.{end}" for split in splits.SPLITS_100K for end in ("base", "test"))
_PEOPLE = "age, gender and occupation of the users"
_TABLE = (
    _movielens(
        "100k", 100_000, f"1 to 5 stars, 1997-1998; {_PEOPLE}",
        "0e33842e24a9c977be4e0107933c0723",
        ("u.data", "u.item", "u.user"), ("README", *_SPLIT_FILES),
        Wheel(
            requirement="recbole==1.2.1",
            sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
            members=("ml-100k.inter", "ml-100k.item", "ml-100k.user"),
        ),
    ),
    _movielens(
        "1m", 1_000_209, f"1 to 5 stars, 2000-2003; {_PEOPLE}",
        "c4d9eecfca2ab87c1945afe126590906",
        ("ratings.dat", "movies.dat", "users.dat"), ("README",),
    ),
    _movielens(
        "10m", 10_000_054, "half stars, 1995-2009; tags",
        "ce571fd55effeba0271552578f2648bd",
        ("ratings.dat", "movies.dat"), ("tags.dat", "README.html"),
    ),
    *(
        _movielens(release, n_events, f"half stars, 1995-{until}; tags, links", md5)
        for release, n_events, until, md5 in (
            ("20m", 20_000_263, 2015, "cd245b17a1ae2cc31bb14903e1204af3"),
            ("25m", 25_000_095, 2019, "6b51fb2759a8657d3bfcbfc42b592ada"),
            ("32m", 32_000_204, 2023, "d472be332d4daa821edc399621853b57"),
        )
    ),
    _movielens("latest-small", None, "half stars, about 100,000; tags, links"),
    _movielens("latest", None, "half stars, all that there are; tags, links"),
    PublishedDataset(
        book_crossing.FILES,
        book_crossing.N_EVENTS["drop"],
        "books, 1 to 10, 2004, and 716,109 events without rating; age and place of the users",
    ),
    *(
        PublishedDataset(
            DatasetFiles(name=f"amazon-{release}/CATEGORY", required=()),
            None,
            f"reviews of a category, such as amazon-{release}/{category}: 1 to 5 stars, {years}; "
            f"{columns}",
        )
        for release, category, years, columns in (
            ("2014", "Musical_Instruments", "1996-2014", "texts, votes, metadata"),
            ("2018", "Digital_Music", "1996-2018", "texts, verified, style, votes, metadata"),
            ("2023", "Gift_Cards", "1996-2023", "texts, verified, votes, metadata"),
        )
    ),
)  # fmt: skip
CATALOGUE: Mapping[str, PublishedDataset] = MappingProxyType({d.files.name: d for d in _TABLE})
"""The data sets that can be asked for by name."""
NCF = DatasetFiles(
    name="movielens-1m/ncf",
    required=splits.NCF_FILES,
    address="https://raw.githubusercontent.com/hexiangnan/neural_collaborative_filtering/master/Data",
)


_RATINGS_FILE = re.compile(rf"{book_crossing.FILES.name}/([\w.-]+\.csv(?:\.gz)?)")


def is_published(name: str) -> bool:
    """Whether this is the name of a published data set.

    Categories of Amazon's reviews are, and single files of ratings of Book-Crossing, such as
    `book-crossing/explicit_union.csv`.
    """
    known = name in CATALOGUE or NAME.fullmatch(name) or ratings_file(name)
    return bool(known)


def ratings_file(name: str) -> str | None:
    """The file that a name such as `book-crossing/Ratings.csv` asks for; None for other names."""
    match = _RATINGS_FILE.fullmatch(name)
    return match[1] if match else None


def lookup(name: str) -> PublishedDataset:
    """A data set of the catalogue, a category of Amazon's reviews, or a file of Book-Crossing.

    Raises:
        ParameterError: there is no such name; the text names a similar one.
    """
    if NAME.fullmatch(name):
        return PublishedDataset(amazon.category_files(name), None, "")
    if name in CATALOGUE:
        return CATALOGUE[name]
    if file := ratings_file(name):
        books = CATALOGUE[book_crossing.FILES.name]
        return books._replace(files=DatasetFiles(name=books.files.name, required=(file,)))
    close = nearest(name, CATALOGUE)
    hint = f"did you mean {close!r}?" if close else f"known are {', '.join(CATALOGUE)}."
    raise ParameterError(f"There is no published data set {name!r}: {hint}")
