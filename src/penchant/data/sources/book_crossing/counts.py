"""What the full Book-Crossing set has, and how files compare with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

_NEAR = 0.9  # of the published number of ratings: less is a part of the set


@dataclass(frozen=True)
class Counts:
    """How much there is of what, as the files have it: ISBNs as written, lines that are records.

    Attributes:
        ratings: records of ratings, zeros included.
        zeros: those of them that are 0.
        explicit: the number of ratings 1, 2, … 10.
        raters: users with a rating from 1 to 10.
        rated: distinct ISBNs with such a rating.
        books: records of the catalogue; None where there is none.
        users: records of users; None where there are none.
    """

    ratings: int
    zeros: int
    explicit: tuple[int, ...]
    raters: int
    rated: int
    books: int | None = None
    users: int | None = None

    @classmethod
    def of(cls, ratings: pl.DataFrame, books: int | None, users: int | None) -> Counts:
        """Count a frame with `user`, `isbn` and `rating` from 0 to 10."""
        found = dict(ratings["rating"].cast(pl.Int64).value_counts().iter_rows())
        given = ratings.filter(pl.col("rating") > 0)
        return cls(
            ratings=len(ratings),
            zeros=found.get(0, 0),
            explicit=tuple(found.get(stars, 0) for stars in range(1, 11)),
            raters=given["user"].n_unique(),
            rated=given["isbn"].n_unique(),
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
    raters=77_805,
    rated=185_973,
    books=271_360,
    users=278_858,
)
"""The published set."""
BOOKS_OF_THE_DUMP = 271_379
"""The original's records of books: copies lack those whose backslashes their maker misread."""


def compare(found: Counts, full: Counts = FULL) -> str:
    """One sentence: the files are the published set, differ from it in …, or are a part of it.

    The catalogue may have as many books as the original dump or as its copies.
    """
    if found.ratings < _NEAR * full.ratings:
        return (
            f"a part of the set: {found.n_explicit:,} of {full.n_explicit:,} explicit ratings "
            f"and {found.zeros:,} of {full.zeros:,} zeros, so that figures are not comparable "
            "with those on all of it"
        )
    differences = list(_differences(found, full))
    if differences:
        return "differs from the published set: " + "; ".join(differences)
    return (
        f"agrees with the published set: {full.ratings:,} ratings, {full.zeros:,} of them 0, "
        f"{full.n_explicit:,} from 1 to 10 in the published numbers each, by {full.raters:,} "
        f"users on {full.rated:,} books"
    )


def _differences(found: Counts, full: Counts) -> Iterator[str]:
    pairs = [
        ("ratings", found.ratings, full.ratings),
        ("zeros", found.zeros, full.zeros),
        *(
            (f"ratings of {stars}", here, there)
            for stars, (here, there) in enumerate(
                zip(found.explicit, full.explicit, strict=True), 1
            )
        ),
        ("users with explicit ratings", found.raters, full.raters),
        ("books with explicit ratings", found.rated, full.rated),
        ("records of books", None if found.books == BOOKS_OF_THE_DUMP else found.books, full.books),
        ("records of users", found.users, full.users),
    ]
    for what, here, there in pairs:
        if here is not None and there is not None and here != there:
            yield f"{here:,} instead of {there:,} {what}"
