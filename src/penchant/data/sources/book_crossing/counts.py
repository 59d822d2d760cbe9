"""Compare the numbers of records in files with those of the full Book-Crossing set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

_FULL_SHARE = 0.9  # of the published number of ratings: less is a part of the set


@dataclass(frozen=True)
class Counts:
    """Numbers of records in the files, with ISBNs as written.

    Attributes:
        ratings: records of ratings, zeros included.
        zeros: those of them that are 0.
        explicit: the number of ratings 1, 2, … 10.
        n_raters: users with a rating from 1 to 10.
        n_rated_books: distinct ISBNs with such a rating.
        books: records of the catalogue; None where there is none.
        users: records of users; None where there are none.
    """

    ratings: int
    zeros: int
    explicit: tuple[int, ...]
    n_raters: int
    n_rated_books: int
    books: int | None = None
    users: int | None = None

    @classmethod
    def of(cls, ratings: pl.DataFrame, books: int | None, users: int | None) -> Counts:
        """Count a frame with `user`, `isbn` and `rating` from 0 to 10."""
        by_stars = dict(ratings["rating"].cast(pl.Int64).value_counts().iter_rows())
        explicit = ratings.filter(pl.col("rating") > 0)
        return cls(
            ratings=len(ratings),
            zeros=by_stars.get(0, 0),
            explicit=tuple(by_stars.get(stars, 0) for stars in range(1, 11)),
            n_raters=explicit["user"].n_unique(),
            n_rated_books=explicit["isbn"].n_unique(),
            books=books,
            users=users,
        )

    @property
    def n_explicit(self) -> int:
        """The number of ratings from 1 to 10."""
        return sum(self.explicit)


FULL = Counts(
    ratings=1_149_780,
    zeros=716_109,
    explicit=(1_770, 2_759, 5_996, 8_904, 50_974, 36_924, 76_457, 103_736, 67_541, 78_610),
    n_raters=77_805,
    n_rated_books=185_973,
    books=271_360,
    users=278_858,
)
"""The published set."""
BOOKS_OF_THE_DUMP = 271_379
"""The original's records of books: copies lack those whose backslashes their maker misread."""


def compare(counts: Counts, full: Counts = FULL) -> str:
    """One sentence: the files are the published set, differ from it in …, or are a part of it.

    The catalogue may have as many books as the original dump or as its copies.
    """
    if counts.ratings < _FULL_SHARE * full.ratings:
        return (
            f"a part of the set: {counts.n_explicit:,} of {full.n_explicit:,} explicit ratings "
            f"and {counts.zeros:,} of {full.zeros:,} zeros, so that figures are not comparable "
            "with those on all of it"
        )
    differences = list(_differences(counts, full))
    if differences:
        return "differs from the published set: " + "; ".join(differences)
    return (
        f"agrees with the published set: {full.ratings:,} ratings, {full.zeros:,} of them 0, "
        f"{full.n_explicit:,} from 1 to 10 in the published numbers each, by {full.n_raters:,} "
        f"users on {full.n_rated_books:,} books"
    )


def _differences(counts: Counts, full: Counts) -> Iterator[str]:
    books = None if counts.books == BOOKS_OF_THE_DUMP else counts.books
    pairs = [
        ("ratings", counts.ratings, full.ratings),
        ("zeros", counts.zeros, full.zeros),
        *(
            (f"ratings of {stars}", count, expected)
            for stars, (count, expected) in enumerate(
                zip(counts.explicit, full.explicit, strict=True), 1
            )
        ),
        ("users with explicit ratings", counts.n_raters, full.n_raters),
        ("books with explicit ratings", counts.n_rated_books, full.n_rated_books),
        ("records of books", books, full.books),
        ("records of users", counts.users, full.users),
    ]
    for what, count, expected in pairs:
        if count is not None and expected is not None and count != expected:
            yield f"{count:,} instead of {expected:,} {what}"
