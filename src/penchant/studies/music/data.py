"""Describe the reviews and products: counts, cleaning, the merged table, duplicates."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from penchant.data import TEST
from penchant.data.reviews import COLUMNS, merge_reviews
from penchant.studies.music.setup import CATEGORY, PUBLISHED_COUNTS, MusicSetup
from penchant.studies.records import Columns, columns_of
from penchant.studies.study import Conclusion, DataTable, Section

_SHOWN = 60


@dataclass(frozen=True)
class RepeatedReviews:
    """Reviews that are there again, and what a random split does with them.

    Attributes:
        reviews: that have a text.
        distinct: in user and text.
        test_rows: of the published split.
        seen: test rows whose user and text are among the training rows.
    """

    reviews: int
    distinct: int
    test_rows: int
    seen: int


@dataclass(frozen=True)
class MusicData:
    """Counts of the log and of the merged table.

    Attributes:
        reviews: events of the log.
        users: with a review.
        items: with a review.
        products: in the metadata.
        merged: rows of the merged table.
        features: its columns beside the rating.
        empty: columns without any value.
        cleaning: what each rule of cleaning did.
        gaps: missing and distinct values of each column.
        repeated: reviews that are there again.
    """

    reviews: int
    users: int
    items: int
    products: int
    merged: int
    features: int
    empty: list[str]
    cleaning: Columns
    gaps: Columns
    repeated: RepeatedReviews


def describe_data(setup: MusicSetup) -> MusicData:
    """Clean and merge as published, and count what is there more than once."""
    log = setup.log
    table = merge_reviews(log, statistics="all", cache=False)
    cleaning = [
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
    return MusicData(
        reviews=len(log),
        users=int((log.user_counts > 0).sum()),
        items=int((log.item_counts > 0).sum()),
        products=0 if log.item_table is None else log.n_items,
        merged=len(table.frame),
        features=len(COLUMNS) - 1,
        empty=[name for name in COLUMNS if table.frame[name].null_count() == len(table.frame)],
        cleaning=columns_of(pl.DataFrame(cleaning, infer_schema_length=None)),
        gaps=columns_of(_gaps(table.frame)),
        repeated=_count_repeated(setup),
    )


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
        share=pl.col("missing") / max(len(frame), 1),
        distinct=pl.Series([column.n_unique() for column in frame]),
    )


def _count_repeated(setup: MusicSetup) -> RepeatedReviews:
    columns = ["user", "text"]
    events = setup.log.events
    with_text = events.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
    sides = setup.published_split(setup.seed).sides
    rows = events.select(columns).with_columns(test=pl.Series(sides == TEST)).drop_nulls()
    train = rows.filter(~pl.col("test")).select(columns).unique()
    return RepeatedReviews(
        reviews=len(with_text),
        distinct=len(with_text.unique(columns)),
        test_rows=int((sides == TEST).sum()),
        seen=len(rows.filter("test").join(train, on=columns, how="semi")),
    )


def section(setup: MusicSetup, data: MusicData) -> Section:
    """The counts beside those published, and what cleaning did."""
    rows = [
        ("reviews", PUBLISHED_COUNTS["reviews"], data.reviews),
        ("products in the metadata", PUBLISHED_COUNTS["products"], data.products),
        ("rows of the merged table", PUBLISHED_COUNTS["merged"], data.merged),
        ("features in it", PUBLISHED_COUNTS["features"], data.features),
        ("users", None, data.users),
        ("products with a review", None, data.items),
    ]
    counts = pl.DataFrame(
        rows, schema={"what": pl.String, "published": pl.Int64, "here": pl.Int64}, orient="row"
    )
    gaps = pl.DataFrame(data.gaps)
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
            {data.features} features, with mean, median and number of the ratings of each
            product.
        """,
        conclusions=tuple(_conclusions(data)),
        tables=(
            DataTable(counts, "Counts, as published and in this log."),
            DataTable(pl.DataFrame(data.cleaning, infer_schema_length=None), "What cleaning did."),
            DataTable(gaps, "Columns of the merged table.", {"share": "percent"}),
        ),
        steps=("data",),
    )


def _conclusions(data: MusicData) -> list[Conclusion]:
    conclusions = [
        Conclusion(
            "honest",
            f"{data.merged:,} of {data.reviews:,} reviews are of products that the "
            f"metadata know, {data.users:,} users on {data.items:,} products"
            + (
                f"; {', '.join(data.empty)} have no value at all in this log."
                if data.empty
                else "."
            ),
        )
    ]
    repeated = data.repeated
    copies = repeated.reviews - repeated.distinct
    if not repeated.reviews:
        return conclusions
    conclusions.append(
        Conclusion(
            "trap" if copies else "honest",
            f"{copies:,} of {repeated.reviews:,} reviews repeat a text that the same user wrote "
            f"before, on another product or the same. In a random split that leaves "
            f"{repeated.seen:,} of {repeated.test_rows:,} test rows "
            f"({repeated.seen / max(repeated.test_rows, 1):.1%}) whose user and text are among the "
            "training rows, word for word."
            if copies
            else f"No user wrote the same text twice in {repeated.reviews:,} reviews.",
        )
    )
    return conclusions
