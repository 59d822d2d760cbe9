"""Describe Book-Crossing: shapes, ratings, ages, places, and which books are known."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data import Dataset
from penchant.data.quality import column_distributions
from penchant.data.sources.book_crossing import FULL, Counts, catalogue_gaps
from penchant.studies.books.setup import BooksSetup
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars

_COUNTRIES = 5


def section(setup: BooksSetup) -> Section:
    """The log and its tables, beside what was published of them."""
    log = setup.log
    share = float((log.ratings >= setup.like).mean())
    conclusions = [
        Conclusion(
            "honest",
            f"{share:.0%} of all ratings are {setup.like:g} or more, so that whoever recommends "
            "every book is right "
            + ("more often than not." if share > 0.5 else "less often than not."),
        ),
        Conclusion("honest", _describe_catalogue(log)),
    ]
    counts = _counts(log)
    if not setup.same_data:
        conclusions.append(
            Conclusion(
                "honest",
                "These are not the published data"
                + (
                    f" but {len(log) / FULL.n_explicit:.0%} as many ratings"
                    if len(log) < FULL.n_explicit
                    else ""
                )
                + ": published figures stand beside ours to compare procedures, and no figure is "
                "called better or worse than one of theirs.",
            )
        )
    return Section(
        title="The data",
        text=_text(setup),
        conclusions=tuple(conclusions),
        tables=(
            _shapes(log, counts),
            _shares(share),
            *_unknown(log),
            *_countries(log),
            *_notes(log),
        ),
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


def _shares(share: float) -> DataTable:
    """How many ratings are likes, and what recommending everything scores."""
    theirs = _share(FULL.explicit, 8)
    frame = pl.DataFrame(
        {
            "of all ratings": ["share of likes", "F1 of recommending everything"],
            "published set": [theirs, _f1_of(theirs)],
            "here": [share, _f1_of(share)],
        }
    )
    return DataTable(
        frame,
        "What recommending every book to every reader scores.",
        dict.fromkeys(("published set", "here"), "fixed:4"),
    )


def _unknown(log: Dataset) -> tuple[DataTable, ...]:
    """Are all rated books known, and what do readers say of themselves?"""
    rows: list[tuple[str, int, int]] = []
    if log.item_table is not None and "isbn" in log.item_table.columns:
        gaps = catalogue_gaps(log)
        lost = int(gaps.items["events"].sum())
        rows += [
            ("rated books that the catalogue lacks", len(gaps.items), gaps.n_items),
            ("ratings of these", lost, len(log)),
        ]
    users = log.user_table
    if users is not None and "location" in users.columns:
        places = users["location"].drop_nulls()
        rows += [
            ("different places that users name", places.n_unique(), len(places)),
            ("users who give no age that can be one", users["age"].null_count(), len(users)),
        ]
    if not rows:
        return ()
    frame = pl.DataFrame(rows, schema=["what", "number", "of"], orient="row")
    return (DataTable(frame, "Are all rated books known, and where are readers from?"),)


def _describe_catalogue(log: Dataset) -> str:
    if log.item_table is None or "isbn" not in log.item_table.columns:
        return "Without a catalogue of books nothing is known of them but their ids."
    if len(catalogue_gaps(log).items):
        return "Not all rated books are known: the catalogue lacks some."
    return "All rated books are in the catalogue."


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
