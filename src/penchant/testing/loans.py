"""A made-up library's loans with stars, in the form and with the faults of a real export."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

_TITLES = {
    "crime": (
        ("Death", "Murder", "Poison", "A Body", "Silence"),
        ("at the Lake", "in the Library", "on the Night Train", "in Winter", "at the Opera"),
    ),
    "travel": (
        ("Walking", "Cycling", "Sailing", "Sketching", "Getting Lost"),
        ("in Iceland", "in the Alps", "along the Danube", "in Japan", "by the Sea"),
    ),
    "fantasy": (
        ("The Dragon", "The Witch", "The Last King", "The Tower", "The Sword"),
        ("of Ash", "of the North", "and the Moon", "of Glass", "under the Hill"),
    ),
    "kitchen": (
        ("Soups", "Bread", "Cakes", "Salads", "Feasts"),
        ("for Beginners", "for Two", "from the Garden", "of Tuscany", "in Half an Hour"),
    ),
    "science": (
        ("A Short History", "The Secret Life", "The Beauty", "The Puzzle", "An Atlas"),
        ("of Stars", "of Bees", "of Numbers", "of Oceans", "of Sleep"),
    ),
    "romance": (
        ("Letters", "A Summer", "Two Strangers", "A Wedding", "Goodbye"),
        ("in Paris", "at the Harbour", "in the Rain", "on the Island", "after Midnight"),
    ),
}


def planted_loans(*, n_readers: int = 300, seed: int = 0) -> pl.DataFrame:
    """Loans of readers who mostly borrow of two kinds of book, each with stars from 1 to 5.

    In the export some lines stand twice, one in a hundred has no stars, a few have more stars than
    there are, three loans are of a year that is still to come, and the staff have tried the system
    with a card that borrowed every book on one day.

    Args:
        n_readers: readers.
        seed: decides everything random.

    Returns:
        A frame with `reader`, `book`, `title`, `stars` (null where unknown) and `date` of
        the loan, by date.
    """
    rng = np.random.default_rng(seed)
    titles = [f"{a} {b}" for first, second in _TITLES.values() for a in first for b in second]
    n_kinds, of_kind = len(_TITLES), len(titles) // len(_TITLES)
    fame = 1 / np.arange(1, of_kind + 1) ** 0.7
    orders = [rng.permutation(of_kind) for _ in range(n_kinds)]
    quality = rng.normal(0, 0.4, len(titles))
    start, days = date(2023, 1, 2), 730
    rows: list[tuple[int, int, int | None, date]] = []
    for reader in range(n_readers):
        liked = rng.choice(n_kinds, 2, replace=False)
        joined = int(rng.integers(0, days - 120))
        n_loans = int(min(4 + rng.geometric(0.09), 40))
        generosity = rng.normal(3.4, 0.4)
        had: set[int] = set()
        for day in np.sort(rng.integers(joined, days, n_loans)).tolist():
            kind = int(
                rng.choice(liked, p=(0.65, 0.35)) if rng.random() < 0.85 else rng.integers(6)
            )
            item = kind * of_kind + int(orders[kind][rng.choice(of_kind, p=fame / fame.sum())])
            if item in had:
                continue
            had.add(item)
            taste = 0.6 if kind in liked else -0.8
            stars = int(
                np.clip(np.rint(generosity + taste + quality[item] + rng.normal(0, 0.7)), 1, 5)
            )
            rows.append((1001 + reader, item, stars, start + timedelta(days=day)))
    for place in rng.choice(len(rows), len(rows) // 100, replace=False).tolist():
        rows[place] = (*rows[place][:2], None, rows[place][3])
    for place in rng.choice(len(rows), 3, replace=False).tolist():
        rows[place] = (*rows[place][:2], 55, rows[place][3])
    for place in rng.choice(len(rows), 3, replace=False).tolist():
        rows[place] = (*rows[place][:3], rows[place][3].replace(year=2033, day=28))
    rows += [rows[place] for place in rng.choice(len(rows), 20, replace=False).tolist()]
    rows += [(1000, item, 5, date(2023, 1, 2)) for item in range(len(titles))]
    rows.sort(key=lambda row: row[3])
    return pl.DataFrame(
        {
            "reader": [row[0] for row in rows],
            "book": [f"B{100 + row[1]}" for row in rows],
            "title": [titles[row[1]] for row in rows],
            "stars": [row[2] for row in rows],
            "date": [row[3] for row in rows],
        }
    )
