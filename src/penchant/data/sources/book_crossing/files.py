"""Which files make up a copy of Book-Crossing, told by their names and headers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from penchant.data.fetching.locate import Form, Published
from penchant.data.sources.book_crossing.lines import header_of
from penchant.errors import DataError

RATINGS = {"userid": "user", "isbn": "isbn", "bookrating": "rating"}
"""The columns of a file of ratings, by their plain names."""
_RATINGS_FILES = ("BX-Book-Ratings.csv", "Ratings.csv", "BX-Ratings.csv")


class _Copies(Published):
    """A data set whose copies have other file names than the original."""

    def form_of(self, folder: Path, *forms: Form) -> Form | None:
        """`original` where the folder has the three files of the original or of a copy."""
        if "original" not in forms:
            return None
        for ratings in _RATINGS_FILES:
            if all((folder / file).is_file() for file in (ratings, *_beside(ratings))):
                return "original"
        return None


PUBLISHED = _Copies(
    name="book-crossing",
    required=("BX-Books.csv", "BX-Users.csv"),
    optional=(*_RATINGS_FILES, "Books.csv", "Users.csv"),
    archive="http://www2.informatik.uni-freiburg.de/~cziegler/BX/BX-CSV-Dump.zip",
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
    found = _ratings_of(path)
    if not found:
        raise DataError(
            f"{path} is no file of Book-Crossing's ratings and no folder with one: its header "
            "has User-ID, ISBN and Book-Rating."
        )
    if len(found) > 1:
        listed = ", ".join(file.name for file in found)
        raise DataError(f"{path} has several files of ratings ({listed}): name one of them.")
    ratings = found[0]
    trio = [ratings.with_name(name) for name in _beside(ratings.name)]
    if trio and all(file.is_file() for file in trio):
        return Files(ratings, trio[:1], trio[1:])
    others = sorted(ratings.parent.glob("*.csv"))
    heads = {file: header_of(file) for file in others}
    return Files(
        ratings,
        [file for file in others if {"isbn", "booktitle"} <= set(heads[file])],
        [file for file in others if heads[file][:1] == ["userid"] and _is_people(heads[file])],
    )


def _ratings_of(path: Path) -> list[Path]:
    """The files of ratings that a path may mean: the usual one of a folder, or all it has."""
    if path.is_file():
        return [path] if set(RATINGS) <= set(header_of(path)) else []
    usual = [path / name for name in _RATINGS_FILES if (path / name).is_file()]
    files = usual or (sorted(path.glob("*.csv")) if path.is_dir() else [])
    found = [file for file in files if set(RATINGS) <= set(header_of(file))]
    return found[:1] if usual else found


def _beside(ratings: str) -> list[str]:
    """The names of the tables of books and users that belong to a file of ratings."""
    match = re.fullmatch(r"(.*?)(?:Book-)?Ratings\.csv", ratings)
    if match is None:
        return []
    prefix = match[1]
    return [
        f"{prefix}.csv" if prefix.endswith("Books") else f"{prefix}Books.csv",
        f"{prefix}Users.csv",
    ]


def _is_people(header: list[str]) -> bool:
    return bool({"location", "usercountry"} & set(header))


def recognised(path: Path) -> bool:
    """Whether a file is one of ratings of Book-Crossing, or a folder has one, by the headers."""
    return bool(_ratings_of(path))
