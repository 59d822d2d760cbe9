"""Made-up files of the size and form of all of Book-Crossing.

`python benchmarks/full_size_books.py FOLDER` writes `BX-Book-Ratings.csv`, `BX-Books.csv` and
`BX-Users.csv` as the original dump has them: semicolons, Latin-1, a backslash before quotes. All
published numbers of records are met: ratings of each value, zeros, readers, books, tables, and
books that no catalogue lists. How many ratings readers give and books get follows parts of the
real set, and ratings follow the mood of readers, the merit of books and authors, and taste.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EXPLICIT = (1_770, 2_759, 5_996, 8_904, 50_974, 36_924, 76_457, 103_736, 67_541, 78_610)
"""How many ratings are 1, 2, ... 10."""
ZEROS = 716_109
READERS, ZERO_READERS, ANY_READERS, USERS = 77_805, 59_034, 105_283, 278_858
"""Users with a rating above 0, with a 0, with either, and in the table."""
BOOKS, ZERO_BOOKS, ANY_BOOKS, CATALOGUE = 185_973, 246_724, 340_556, 271_360
"""Books with a rating above 0, with a 0, with either, and in the table."""
UNLISTED, UNLISTED_ZEROS = 36_137, 34_268
"""Books of the first and of the second kind alone that are not in the table."""
PER_READER = {1: 1.0, 2: 0.417, 3: 0.293, 4: 0.228, 5: 0.186, 10: 0.091, 20: 0.045, 50: 0.0146}
PER_READER |= {100: 0.0062, 200: 0.0021, 500: 4e-4, 1000: 1.2e-4, 8524: 1 / READERS}
"""The share of readers with at least so many ratings above 0; the further ones likewise."""
PER_BOOK = {1: 1.0, 2: 0.304, 3: 0.161, 4: 0.105, 5: 0.0747, 10: 0.0293, 20: 0.01146}
PER_BOOK |= {50: 0.00287, 100: 7.5e-4, 200: 1.7e-4, 707: 1 / BOOKS}
ZEROS_PER_READER = {1: 1.0, 2: 0.453, 3: 0.322, 4: 0.254, 5: 0.212, 10: 0.121, 20: 0.0735}
ZEROS_PER_READER |= {50: 0.035, 100: 0.0189, 500: 0.0033, 1000: 0.0013, 5891: 1 / ZERO_READERS}
ZEROS_PER_BOOK = {1: 1.0, 2: 0.37, 3: 0.21, 4: 0.143, 5: 0.106, 10: 0.042, 20: 0.016, 50: 0.0037}
ZEROS_PER_BOOK |= {100: 9e-4, 500: 3e-5, 1921: 1 / ZERO_BOOKS}


def _words(text: str) -> list[str]:
    return text.split("|")


_SYLLABLES = _words("ba|den|cor|li|mar|ston|ve|wick|ra|sel|ham|nor|del|fi|gar|lo|mon|ter|vi|zan")
_NOUNS = _words(
    "Winter|River|Secret|Daughter|House|Garden|Night|Stone|Journey|Memory|Silence|Bridge|Letter|"
    "Island|Shadow|Summer|Kingdom|Mirror|Storm|Promise|Orchard|Harbor|Lantern|Café|Señora|Märchen"
)
_OPENINGS = _words("The|A|My|Last|The Lost|Beyond the|Under the|Return to the|Der|La")
_ENDINGS = _words('||| (Paperback)|: A Novel| & Other Stories| \\"Revised\\" Edition')
_PUBLISHERS = _words("Ballantine Books|Penguin Books|Pocket|Simon &amp; Schuster|Goldmann")
_COUNTRIES = {"usa": 0.65, "canada": 0.1, "germany": 0.08, "united kingdom": 0.07}
_COUNTRIES |= {"spain": 0.05, "": 0.03, "france": 0.02}


@dataclass(frozen=True)
class Taste:
    """What decides who reads what, and how it is liked.

    Attributes:
        mood: float64[USERS], how kindly each user rates.
        merit: float64[n_books], of each book.
        user: float64[USERS], a place on a circle of subjects.
        book: float64[n_books], the same of books.
    """

    mood: Floats
    merit: Floats
    user: Floats
    book: Floats


def counts(shares: dict[int, float], n: int, total: int, rng: np.random.Generator) -> Ints:
    """int64[n], numbers of ratings in descending order that follow `shares` and sum to `total`."""
    at = np.log(sorted(shares.values())), np.log(sorted(shares, reverse=True))
    drawn = np.floor(np.exp(np.interp(np.log((np.arange(n) + 0.5) / n), *at)) + 1e-9).astype(int)
    while missing := total - int(drawn.sum()):
        # Those with more change by more, so that the shape stays.
        able = np.flatnonzero(drawn > (2 if missing < 0 else 1))
        chosen = rng.choice(able, min(abs(missing), len(able) // 20 + 1), replace=False)
        drawn[chosen] += np.sign(missing)
    return -np.sort(-drawn)


def pairs(
    users: Ints, books: Ints, taste: Taste, taken: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """A book for each entry of `users`, by taste, no pair twice and none of those `taken`.

    Args:
        users: int64[n_ratings], each user as often as there are ratings.
        books: int64[n_ratings], each book as often.
        taste: where both are on the circle.
        taken: int64[m], pairs as user * ANY_BOOKS * 2 + book that must not come again.
        rng: decides.
    """
    near = taste.user[users] + rng.laplace(0, 0.08, len(users))
    users = users[np.argsort(near % 1)]
    books = books[np.argsort((taste.book[books] + rng.normal(0, 0.02, len(books))) % 1)].copy()
    while True:
        keys = users * (2 * ANY_BOOKS) + books
        order = np.argsort(keys, kind="stable")
        again = np.zeros(len(keys), bool)
        again[order[1:]] = keys[order[1:]] == keys[order[:-1]]
        again |= np.isin(keys, taken)
        if not again.any():
            return users, books
        places = np.flatnonzero(again)
        others = rng.choice(len(books), len(places), replace=False)
        both = np.concatenate([places, np.setdiff1d(others, places)])
        books[both] = books[rng.permutation(both)]


def ratings(users: Ints, books: Ints, taste: Taste, rng: np.random.Generator) -> Ints:
    """int64[n_ratings] from 1 to 10, as many of each as were published."""
    apart = np.cos(2 * np.pi * (taste.user[users] - taste.book[books]))
    kindness = taste.mood[users] + taste.merit[books] + 0.4 * apart
    order = np.argsort(kindness + rng.normal(0, 1.35, len(users)))
    values = np.empty(len(users), int)
    values[order] = np.repeat(np.arange(1, 11), EXPLICIT)
    return values


def isbns(n: int, rng: np.random.Generator) -> pl.Series:
    """So many different valid ISBNs."""
    numbers = rng.choice(10**9 // 7, n, replace=False) * 7
    digits = numbers[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = -(digits * np.arange(10, 1, -1)).sum(1) % 11
    last = pl.Series([str(c) if c < 10 else "X" for c in range(11)]).gather(check)
    return pl.Series(numbers).cast(pl.String).str.zfill(9) + last


def names(n: int, most: int, rng: np.random.Generator) -> pl.Series:
    """Names of two to four syllables, `most` different ones at most, some far more often."""
    syllables = rng.choice(_SYLLABLES, (most, 4))
    lengths = rng.integers(2, 5, most)
    words = ["".join(row[:k]) for row, k in zip(syllables, lengths, strict=True)]
    return pl.Series(words).gather((most * rng.random(n) ** 3).astype(int))


def write(path: Path, header: Sequence[str], columns: Sequence[pl.Series]) -> None:
    """Write text columns as the original dump has them; NULL stands without quotes."""
    table = pl.DataFrame([column.alias(f"{n}") for n, column in enumerate(columns)])
    quoted = pl.when(pl.all() == "NULL").then(pl.all()).otherwise('"' + pl.all() + '"')
    lines = table.select(quoted).select(pl.concat_str(pl.all(), separator=";")).to_series()
    head = ";".join(f'"{name}"' for name in header)
    path.write_bytes("\n".join([head, *lines, ""]).encode("latin-1"))


def write_books(folder: Path, ids: pl.Series, authors: Ints, rng: np.random.Generator) -> None:
    """The catalogue of these books."""
    n = len(ids)
    first, last = names(authors.max() + 1, 800, rng), names(authors.max() + 1, 20_000, rng)
    writers = (first.str.to_titlecase() + " " + last.str.to_titlecase()).gather(authors)
    words = [pl.Series(rng.choice(_NOUNS, n)) for _ in range(2)]
    titles = pl.Series(rng.choice(_OPENINGS, n)) + " " + words[0] + " of " + words[1]
    titles += " " + names(n, 30_000, rng).str.to_titlecase() + pl.Series(rng.choice(_ENDINGS, n))
    years = np.where(rng.random(n) < 0.017, 0, 2004 - rng.gamma(1.6, 5, n).astype(int).clip(0, 90))
    sizes = {"S": "THUMBZZZ", "M": "MZZZZZZZ", "L": "LZZZZZZZ"}
    images = ["http://images.amazon.com/images/P/" + ids + f".01.{s}.jpg" for s in sizes.values()]
    publishers = pl.Series(rng.choice(_PUBLISHERS, n))
    header = ["ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Publisher"]
    header += [f"Image-URL-{size}" for size in sizes]
    columns = [ids, titles, writers, pl.Series(years).cast(pl.String), publishers, *images]
    write(folder / "BX-Books.csv", header, columns)


def write_users(folder: Path, rng: np.random.Generator) -> None:
    """Places and ages, of which two fifths are missing and some are none."""
    ids = pl.int_range(1, USERS + 1, eager=True).cast(pl.String)
    countries = pl.Series(rng.choice(list(_COUNTRIES), USERS, p=list(_COUNTRIES.values())))
    places = names(USERS, 40_000, rng) + ", " + names(USERS, 60, rng) + ", " + countries
    ages = rng.gamma(9, 3.9, USERS).astype(int)
    odd = rng.random(USERS) < 0.004
    ages[odd] = rng.choice([0, 1, 104, 151, 239], int(odd.sum()))
    texts = pl.Series(ages).cast(pl.String).scatter(np.flatnonzero(rng.random(USERS) < 0.4), "NULL")
    write(folder / "BX-Users.csv", ["User-ID", "Location", "Age"], [ids, places, texts])


def make(folder: Path, seed: int = 0) -> Path:
    """Write the three files and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    n_books = ANY_BOOKS + CATALOGUE - (ANY_BOOKS - UNLISTED - UNLISTED_ZEROS)
    authors = (n_books / 3 * rng.random(n_books) ** 2).astype(int)
    merit, subject = rng.normal(0, 0.45, authors.max() + 1), rng.random(authors.max() + 1)
    taste = Taste(
        mood=rng.normal(0, 0.95, USERS),
        merit=merit[authors] + rng.normal(0, 0.35, n_books),
        user=rng.random(USERS),
        book=(subject[authors] + rng.normal(0, 0.05, n_books)) % 1,
    )
    # The most active come first; who only has zeros comes behind the others.
    people, books = rng.permutation(USERS), rng.permutation(n_books)
    total = sum(EXPLICIT)
    given, got = counts(PER_READER, READERS, total, rng), counts(PER_BOOK, BOOKS, total, rng)
    users = np.repeat(people[:READERS], given)
    rated = pairs(users, np.repeat(books[:BOOKS], got), taste, np.empty(0, int), rng)
    known = rated[0] * (2 * ANY_BOOKS) + rated[1]
    zero_given = counts(ZEROS_PER_READER, ZERO_READERS, ZEROS, rng)
    zero_got = counts(ZEROS_PER_BOOK, ZERO_BOOKS, ZEROS, rng)
    zero_people = _some(people[:READERS], people[READERS:ANY_READERS], ZERO_READERS, rng)
    zero_books = _some(books[:BOOKS], books[BOOKS:ANY_BOOKS], ZERO_BOOKS, rng)
    unrated = pairs(
        np.repeat(zero_people, zero_given), np.repeat(zero_books, zero_got), taste, known, rng
    )
    values = np.concatenate([ratings(*rated, taste, rng), np.zeros(ZEROS, int)])
    who, what = (np.concatenate(both) for both in zip(rated, unrated, strict=True))
    order = np.lexsort((rng.random(len(who)), who))
    ids = isbns(n_books, rng)
    texts = [pl.Series(x[order]).cast(pl.String) for x in (who + 1, values)]
    header = ["User-ID", "ISBN", "Book-Rating"]
    write(folder / "BX-Book-Ratings.csv", header, [texts[0], ids.gather(what[order]), texts[1]])
    rare = rng.choice(BOOKS, UNLISTED, replace=False, p=(1 / got) / (1 / got).sum())
    unlisted = np.concatenate([rare, BOOKS + rng.choice(ANY_BOOKS - BOOKS, UNLISTED_ZEROS, False)])
    listed = np.sort(np.delete(books, unlisted))
    write_books(folder, ids.gather(listed), authors[listed], rng)
    write_users(folder, rng)
    return folder


def _some(active: Ints, others: Ints, n: int, rng: np.random.Generator) -> Ints:
    """All of `others` and enough of the `active`, whose order is roughly kept."""
    place = np.arange(len(active)) * rng.lognormal(0, 1, len(active))
    chosen = np.argsort(place)[: n - len(others)]
    both = np.concatenate([active[chosen], others])
    rank = np.concatenate([np.arange(len(chosen)), rng.uniform(0, n, len(others))])
    return both[np.argsort(rank, kind="stable")]


def main() -> None:
    """Parse the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(make(args.folder, args.seed))


if __name__ == "__main__":
    main()
