"""What is in the reviews and products: counts, cleaning, the merged table, duplicates."""

from __future__ import annotations

import polars as pl

from penchant.data.reviews import COLUMNS, merge_reviews
from penchant.data.splits import TEST
from penchant.studies.music.setup import CATEGORY, PUBLISHED_COUNTS, Found, Setup, columns_of
from penchant.studies.study import Conclusion, DataTable, Section

_SHOWN = 60


def data(setup: Setup) -> Found:
    """Clean and merge as published, and count what is there more than once."""
    log = setup.log
    table = merge_reviews(log, statistics="all", cache=False)
    steps = [
        {
            "step": step.name,
            "what it does": step.about,
            "values": step.rows,
            "changed": step.changed,
            "left out": step.left_out,
            "found": step.noted,
            "for example": _example(step.examples),
        }
        for step in table.report
    ]
    return {
        "reviews": len(log),
        "users": int((log.user_counts > 0).sum()),
        "items": int((log.item_counts > 0).sum()),
        "products": 0 if log.item_table is None else log.n_items,
        "merged": len(table.frame),
        "features": len(COLUMNS) - 1,
        "empty": [name for name in COLUMNS if table.frame[name].null_count() == len(table.frame)],
        "cleaning": steps,
        "gaps": columns_of(_gaps(table.frame)),
        "repeated": _repeated(setup),
    }


def _example(examples: tuple[tuple[str, str | None], ...]) -> str | None:
    if not examples:
        return None
    before, after = examples[0]
    return f"{_cut(before)} → {'nothing' if after is None else _cut(after)}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _gaps(frame: pl.DataFrame) -> pl.DataFrame:
    missing = frame.null_count().row(0)
    return pl.DataFrame({"column": frame.columns, "missing": missing}).with_columns(
        share=pl.col("missing") / max(len(frame), 1), distinct=pl.Series(_distinct(frame))
    )


def _distinct(frame: pl.DataFrame) -> list[int]:
    return [frame[name].n_unique() for name in frame.columns]


def _repeated(setup: Setup) -> Found:
    """Reviews that are there again, and what a random split does with them."""
    events = setup.log.events
    same = ["user", "text"]
    known = events.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
    pairs = known.unique(same)
    sides = setup.published_split(setup.seed).sides
    told = events.select(*same).with_columns(test=pl.Series(sides == TEST)).drop_nulls()
    learned = told.filter(~pl.col("test")).select(same).unique()
    asked = told.filter("test")
    seen = asked.join(learned, on=same, how="semi")
    return {
        "events": len(known),
        "distinct": len(pairs),
        "pairs again": len(events) - events.select("user", "item").unique().height,
        "test": int((sides == TEST).sum()),
        "seen": len(seen),
    }


def section(setup: Setup, found: Found) -> Section:
    """The counts beside those published, and what cleaning did."""
    rows = [
        ("reviews", PUBLISHED_COUNTS["reviews"], found["reviews"]),
        ("products in the metadata", PUBLISHED_COUNTS["products"], found["products"]),
        ("rows of the merged table", PUBLISHED_COUNTS["merged"], found["merged"]),
        ("features in it", PUBLISHED_COUNTS["features"], found["features"]),
        ("users", None, found["users"]),
        ("products with a review", None, found["items"]),
    ]
    counts = pl.DataFrame(
        rows, schema={"what": pl.String, "published": pl.Int64, "here": pl.Int64}, orient="row"
    )
    gaps = pl.DataFrame(found["gaps"])
    return Section(
        title="The data and their cleaning",
        text=f"""
            The system was published on the category {CATEGORY} of Amazon's reviews of 2018. This
            page is on {setup.log.name}: the same form and the same procedure on another category,
            so that published figures stand beside ours to compare procedures, not number by
            number. Any category in this form can be given.

            Cleaning takes markup, entities and odd characters out of titles and texts, turns
            “$13.01” into 13.01 and “58,291 in CDs & Vinyl (” into 58291, counts what is bought and
            viewed together, and puts reviews and products into one table of a rating and
            {found["features"]} features, with mean, median and number of the ratings of each
            product.
        """,
        conclusions=tuple(_conclusions(found)),
        tables=(
            DataTable(counts, "Counts, as published and in this log."),
            DataTable(
                pl.DataFrame(found["cleaning"], infer_schema_length=None), "What cleaning did."
            ),
            DataTable(gaps, "Columns of the merged table.", {"share": "percent"}),
        ),
        steps=("data",),
    )


def _conclusions(found: Found) -> list[Conclusion]:
    said = [
        Conclusion(
            "honest",
            f"{found['merged']:,} of {found['reviews']:,} reviews are of products that the "
            f"metadata know, {found['users']:,} users on {found['items']:,} products"
            + (
                f"; {', '.join(found['empty'])} have no value at all in this log."
                if found["empty"]
                else "."
            ),
        )
    ]
    again = found["repeated"]
    copies = again["events"] - again["distinct"]
    if not again["events"]:
        return said
    said.append(
        Conclusion(
            "trap" if copies else "honest",
            f"{copies:,} of {again['events']:,} reviews repeat a text that the same user wrote "
            f"before, on another product or the same. In a random split that leaves "
            f"{again['seen']:,} of {again['test']:,} test rows "
            f"({again['seen'] / max(again['test'], 1):.1%}) whose user and text are among the "
            "training rows, word for word."
            if copies
            else f"No user wrote the same text twice in {again['events']:,} reviews.",
        )
    )
    return said
