"""A made-up Book-Crossing folder: readers have moods, books have merits, one is in no catalogue."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

N_USERS, N_BOOKS = 150, 60
UNKNOWN = 0
"""The book that is not in the catalogue."""


def isbn(number: int) -> str:
    """A valid ISBN for a book's number."""
    digits = f"{number + 34_500:09d}"
    check = (11 - sum((10 - i) * int(d) for i, d in enumerate(digits)) % 11) % 11
    return digits + ("X" if check == 10 else str(check))


def write(folder: Path, seed: int = 3) -> Path:
    """Ratings, books and users as the copies with commas have them; returns the folder."""
    rng = np.random.default_rng(seed)
    merit, mood = rng.normal(0, 1.2, N_BOOKS), rng.normal(0, 1.2, N_USERS)
    ratings: list[tuple[object, ...]] = []
    for user in range(N_USERS):
        for book in rng.permutation(N_BOOKS)[: rng.integers(1, 25)]:
            rating = np.clip(np.round(7.6 + merit[book] + mood[user] + rng.normal()), 1, 10)
            ratings.append((1000 + user, isbn(book), int(rating)))
        if user % 3 == 0:
            ratings.append((1000 + user, isbn(int(rng.integers(N_BOOKS))), 0))
    places = [
        f"town{u % 9}, state{u % 4}, usa" if u % 4 else "paris, n/a, france" for u in range(150)
    ]
    users = [(1000 + u, places[u], f"{15 + u % 50}.0" if u % 5 else "") for u in range(N_USERS)]
    books = [
        (isbn(b), f"Book {b}", f"Author {b % 12}", 1980 + b % 25, f"House {b % 5}", "", "", "")
        for b in range(N_BOOKS)
        if b != UNKNOWN
    ]
    images = [f"Image-URL-{size}" for size in "SML"]
    _table(folder / "Ratings.csv", ["User-ID", "ISBN", "Book-Rating"], ratings)
    _table(
        folder / "Books.csv",
        ["ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Publisher", *images],
        books,
    )
    _table(folder / "Users.csv", ["User-ID", "Location", "Age"], users)
    return folder


def _place(user: int) -> str:
    return f"town{user % 9}, state{user % 4}, usa" if user % 4 else "paris, n/a, france"


def _table(path: Path, header: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
