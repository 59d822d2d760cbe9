"""Find the files of a copy of Book-Crossing by their names and headers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from penchant.data.fetching.locate import DatasetFiles
from penchant.data.reading.files import only_file
from penchant.data.sources.book_crossing.lines import header_of

RATINGS = {"userid": "user", "isbn": "isbn", "bookrating": "rating"}
"""The columns of a file of ratings, by their plain names."""
_RATINGS_FILES = ("BX-Book-Ratings.csv", "Ratings.csv", "BX-Ratings.csv")


def _companions(ratings: str) -> list[str]:
    """The names of the tables of books and users that belong to a file of ratings."""
    match = re.fullmatch(r"(.*?)(?:Book-)?Ratings\.csv", ratings)
    if match is None:
        return []
    prefix = match[1]
    return [
        f"{prefix}.csv" if prefix.endswith("Books") else f"{prefix}Books.csv",
        f"{prefix}Users.csv",
    ]


FILES = DatasetFiles(
    name="book-crossing",
    required=("BX-Books.csv", "BX-Users.csv"),
    optional=(*_RATINGS_FILES, "Books.csv", "Users.csv"),
    archive="http://www2.informatik.uni-freiburg.de/~cziegler/BX/BX-CSV-Dump.zip",
    alternatives=tuple((ratings, *_companions(ratings)) for ratings in _RATINGS_FILES),
)
"""Where the data set is; the original dump and two kinds of copies are known."""


class Files(NamedTuple):
    """The files of a copy; those of tables are none, one, or several that complement another."""

    ratings: Path
    books: list[Path]
    users: list[Path]


def files_of(path: Path) -> Files:
    """The files that a folder or a file of ratings stands for.

    Tables with the names that belong to the file of ratings are taken; otherwise all tables in
    its folder.

    Raises:
        DataError: there is no file of ratings, or a folder has several of unusual names.
    """
    expected = (
        "is no file of Book-Crossing's ratings and no folder with one: its header has User-ID, "
        "ISBN and Book-Rating."
    )
    ratings = only_file(path, _ratings_of(path), "ratings", expected)
    companions = [ratings.with_name(name) for name in _companions(ratings.name)]
    if companions and all(file.is_file() for file in companions):
        return Files(ratings, companions[:1], companions[1:])
    tables = _tables_of(ratings.parent)
    headers = {file: header_of(file) for file in tables}
    return Files(
        ratings,
        [file for file in tables if {"isbn", "booktitle"} <= set(headers[file])],
        [file for file in tables if _is_user_table(headers[file])],
    )


def _ratings_of(path: Path) -> list[Path]:
    """The files of ratings that a path may mean: the usual one of a folder, or all it has."""
    if path.is_file():
        return [path] if set(RATINGS) <= set(header_of(path)) else []
    usual = [path / name for name in _RATINGS_FILES if (path / name).is_file()]
    files = usual or (_tables_of(path) if path.is_dir() else [])
    with_ratings = [file for file in files if set(RATINGS) <= set(header_of(file))]
    return with_ratings[:1] if usual else with_ratings


def _tables_of(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])


def _is_user_table(header: list[str]) -> bool:
    return header[:1] == ["userid"] and bool({"location", "usercountry"} & set(header))


def can_read(path: Path) -> bool:
    """Whether a file is one of ratings of Book-Crossing, or a folder has one, by the headers."""
    return bool(_ratings_of(path))
