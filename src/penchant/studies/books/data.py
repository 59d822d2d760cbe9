"""Describe Book-Crossing: shapes, ratings, ages, places, and which books are known."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data import Dataset
from penchant.data.quality import column_distributions
from penchant.data.sources.book_crossing import FULL, Counts, catalogue_gaps
from penchant.studies.books.setup import BooksSetup, f1
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars

_COUNTRIES = 5


def section(setup: BooksSetup) -> Section:
    """The log and its tables, beside what was published of them."""
    log = setup.log
    liked = log.ratings >= setup.like
    everything = f1(np.ones(len(liked)), liked)
    conclusions = [
        Conclusion(
            "honest",
            f"{liked.mean():.1%} of the ratings are {setup.like:g} or more; of the published set's "
            f"{FULL.n_explicit:,} it is {_share(FULL.explicit, 8):.1%} from 8 on. Whoever "
            f"recommends everything therefore has an F1 of {everything:.3f} here, and of "
            f"{_f1_of(_share(FULL.explicit, 8)):.3f} there.",
        ),
        Conclusion("honest", _describe_catalogue(log)),
    ]
    counts = _counts(log)
    if counts is None or counts.n_explicit < FULL.n_explicit:
        conclusions.insert(
            0,
            Conclusion(
                "honest",
                f"This log has {len(log):,} of the {FULL.n_explicit:,} ratings of the published "
                "set: published figures stand beside ours to compare procedures, and cannot be "
                "compared number by number.",
            ),
        )
    return Section(
        title="The data",
        text=_text(setup),
        conclusions=tuple(conclusions),
        tables=(_shapes(log, counts), *_countries(log), *_notes(log)),
        charts=_charts(setup),
    )


def _text(setup: BooksSetup) -> str:
    return f"""
        Book-Crossing is a log of which reader rated which book, from 1 to 10. A rating of 0 in the
        files means that there is none; such events take no part here. A book is to be recommended
        to a reader who gave it {setup.like:g} or more.
    """


def _counts(log: Dataset) -> Counts | None:
    counts = getattr(log.origin, "counts", None)
    return counts if isinstance(counts, Counts) else None


def _shapes(log: Dataset, counts: Counts | None) -> DataTable:
    rated = int((log.item_counts > 0).sum())
    raters = int((log.user_counts > 0).sum())
    rows: list[tuple[str, int | None, int | None]] = [
        ("records of ratings", FULL.ratings, counts.ratings if counts else None),
        ("of these 0, no rating", FULL.zeros, counts.zeros if counts else None),
        ("ratings from 1 to 10", FULL.n_explicit, len(log)),
        ("users who gave these", FULL.n_raters, raters),
        ("books that got these", FULL.n_rated_books, rated),
        ("records of users", FULL.users, counts.users if counts else None),
        ("records of books", FULL.books, counts.books if counts else None),
        ("ratings by the median user", None, int(np.median(log.user_counts[log.user_counts > 0]))),
        ("ratings of the median book", None, int(np.median(log.item_counts[log.item_counts > 0]))),
    ]
    frame = pl.DataFrame(
        rows, schema={"what": pl.String, "published": pl.Int64, "here": pl.Int64}, orient="row"
    )
    return DataTable(frame, "Shapes, as published and in this log.")


def _countries(log: Dataset) -> tuple[DataTable, ...]:
    """Where readers are from."""
    users = log.user_table
    if users is None or "country" not in users.columns:
        return ()
    active = users.filter(pl.Series(log.user_counts > 0))
    most = (
        active["country"].drop_nulls().value_counts(sort=True, name="users").head(_COUNTRIES)
    ).with_columns((pl.col("users") / len(active)).alias("share"))
    return (DataTable(most, "The countries that most readers name.", {"share": "percent:1"}),)


def _notes(log: Dataset) -> tuple[DataTable, ...]:
    """What the reader found in the files and repaired."""
    notes = [str(note) for note in getattr(log.origin, "notes", ())]
    if not notes:
        return ()
    return (DataTable(pl.DataFrame({"note": notes}), "What the files have, and what was mended."),)


def _describe_catalogue(log: Dataset) -> str:
    """Are all rated books known, and where are readers from?"""
    sentences = []
    if log.item_table is None or "isbn" not in log.item_table.columns:
        sentences.append("Without a catalogue of books nothing is known of them but their ids.")
    else:
        gaps = catalogue_gaps(log)
        if len(gaps.items):
            lost = int(gaps.items["events"].sum())
            sentences.append(
                f"Not all rated books are known: {len(gaps.items):,} of {gaps.n_items:,}, with "
                f"{lost:,} ratings, are not in the catalogue."
            )
        else:
            sentences.append(f"All {gaps.n_items:,} rated books are in the catalogue.")
    users = log.user_table
    if users is not None and "location" in users.columns:
        places = users["location"].drop_nulls()
        sentences.append(
            f"{len(places):,} users name {places.n_unique():,} different places; "
            f"{users['age'].null_count() / len(users):.0%} give no age that can be one."
        )
    return " ".join(sentences)


def _charts(setup: BooksSetup) -> tuple[Graph, ...]:
    log = setup.log
    stars = np.bincount(log.ratings.astype(np.int64), minlength=11)[1:] / len(log)
    full = [n / FULL.n_explicit for n in FULL.explicit]
    charts = [
        bars(
            "How often each rating is given.",
            {
                "published set": {str(n): share for n, share in enumerate(full, 1)},
                "this log": {str(n): float(share) for n, share in enumerate(stars, 1)},
            },
            x="rating",
            y="share of ratings",
            upright=True,
            half=True,
        )
    ]
    users = log.user_table
    if users is not None and "age" in users.columns and users["age"].null_count() < len(users):
        ages = column_distributions(users.select("user", "age"), most=20)["age"]
        name = (
            pl.format("{}\N{EN DASH}{}", pl.col("low").cast(int), pl.col("high").cast(int) - 1)
            if "low" in ages.columns
            else pl.col("value").cast(pl.String)
        )
        counted = ages.select(name.alias("age"), "count")
        charts.append(
            bars(
                "Ages of the users who give one.",
                {"": {age: float(n) for age, n in counted.iter_rows()}},
                x="age",
                y="users",
                upright=True,
                half=True,
            )
        )
    return tuple(charts)


def _share(explicit: tuple[int, ...], like: int) -> float:
    return sum(explicit[like - 1 :]) / sum(explicit)


def _f1_of(share: float) -> float:
    """F1 of recommending everything where this share of rows is liked."""
    return 2 * share / (1 + share)
