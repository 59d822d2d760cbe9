"""Describe the reviews and products: counts, cleaning, the merged table, duplicates."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from penchant.data import TEST
from penchant.data.reviews import COLUMNS, known_products, merge_reviews
from penchant.results import join_names
from penchant.studies.music.setup import CATEGORY, PUBLISHED_COUNTS, MusicSetup, sizes_table
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
        merged_users: who wrote them.
        merged_items: products that they are of.
        training: rows of it that are learned from.
        features: its columns beside the rating.
        empty: columns without any value.
        cleaning: what each rule of cleaning did.
        gaps: missing and distinct values of each column.
        repeated: rows of the merged table that are there again.
    """

    reviews: int
    users: int
    items: int
    products: int
    merged: int
    merged_users: int
    merged_items: int
    training: int
    features: int
    empty: list[str]
    cleaning: Columns
    gaps: Columns
    repeated: RepeatedReviews


def describe_data(setup: MusicSetup) -> MusicData:
    """Clean and merge as published, and count what is there more than once."""
    log = setup.whole or setup.log
    table = merge_reviews(log, statistics="all", stop_words=True, cache=False)
    rows = log.events[table.rows] if len(table.rows) < len(log) else log.events
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
        products=int(known_products(log).sum()),
        merged=len(table.frame),
        merged_users=rows["user"].n_unique(),
        merged_items=rows["item"].n_unique(),
        training=setup.n_training,
        features=len(COLUMNS) - 1,
        empty=[name for name in COLUMNS if table.frame[name].null_count() == len(table.frame)],
        cleaning=columns_of(pl.DataFrame(cleaning, infer_schema_length=None)),
        gaps=columns_of(_gaps(table.frame)),
        repeated=_count_repeated(setup),
    )


def _example(examples: tuple[tuple[str, str | None], ...]) -> str | None:
    """An example of what changed, the first whose change is seen in few letters."""
    written = [
        (_cut(before), "nothing" if after is None else _cut(after)) for before, after in examples
    ]
    shown = [pair for pair in written if pair[0].strip() != pair[1]] or written
    return " → ".join(shown[0]) if shown else None


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
        ("rows learned from, 70 %", PUBLISHED_COUNTS["training"], data.training),
        ("users", None, data.users),
        ("products with a review", None, data.items),
        ("users of the merged table", None, data.merged_users),
        ("products of the merged table", None, data.merged_items),
    ]
    counts = pl.DataFrame(
        [
            (what, published, here, setup.against_published(published, here))
            for what, published, here in rows
        ],
        schema={
            "what": pl.String,
            "published": pl.Int64,
            "here": pl.Int64,
            "against published": pl.String,
        },
        orient="row",
    )
    gaps = pl.DataFrame(data.gaps)
    return Section(
        title="The data and their cleaning",
        text=f"""
            The system was published on the category {CATEGORY} of Amazon's reviews of 2018. This
            page is on {setup.log.name}{"" if setup.same_data else ", which is other data"}: the
            same form and the same procedure. Any category in this form can be given.

            Cleaning takes markup, entities and odd characters out of titles and texts, turns
            “$13.01” into 13.01 and “58,291 in CDs & Vinyl (” into 58291, counts what is bought and
            viewed together, takes stop words (NLTK's list) out of texts and summaries, and puts
            reviews and products into one table of a rating and
            {data.features} features, with mean, median and number of the ratings of each
            product. Reviews of products that the metadata do not know fall out, and all that
            follows is on the table that is left.
        """,
        conclusions=tuple(_conclusions(data)),
        tables=(
            DataTable(counts, f"Counts, as published and in this log.{setup.told_apart}"),
            DataTable(
                sizes_table({"features": (PUBLISHED_COUNTS["features"], data.features)}),
                "Columns of the merged table beside the rating.",
            ),
            DataTable(
                pl.DataFrame(data.cleaning, infer_schema_length=None),
                "What each rule of cleaning did: values looked at, changed and left out.",
            ),
            DataTable(gaps, "Columns of the merged table.", {"share": "percent"}),
        ),
        steps=("data",),
    )


def _conclusions(data: MusicData) -> list[Conclusion]:
    lost = data.reviews - data.merged
    conclusions = [
        Conclusion(
            "honest",
            f"{data.merged:,} of {data.reviews:,} reviews are of products that the metadata know, "
            "and only these are used."
            if lost
            else f"The metadata know the products of all {data.reviews:,} reviews.",
        )
    ]
    if data.empty:
        conclusions.append(
            Conclusion("honest", f"No review here has a value for {join_names(data.empty)}.")
        )
    repeated = data.repeated
    if not repeated.reviews:
        return conclusions
    share = repeated.seen / max(repeated.test_rows, 1)
    conclusions.append(
        Conclusion(
            "trap" if repeated.seen else "honest",
            f"In a random split {share:.1%} of the test rows are copies, word for word, of a "
            "review by the same user that was learned from, short ones such as “Great” included."
            if repeated.seen
            else "No test row of a random split repeats a text that its user had written before.",
        )
    )
    return conclusions
