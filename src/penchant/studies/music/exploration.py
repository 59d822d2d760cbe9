"""Explore the reviews: popular products, mean ratings, verified or not, words, gaps."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from penchant.exploration import explore
from penchant.studies.music.setup import CATEGORY, PUBLISHED_COUNTS, MusicSetup
from penchant.studies.records import Columns, columns_of
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars, lines, words

_POPULAR, _WORDS, _LISTED = 50, 40, 12


@dataclass(frozen=True)
class ReviewExploration:
    """What was published of the category, of this log; tables by columns.

    Attributes:
        popular: the most reviewed products.
        item_means: how many products have which mean rating.
        means_by_count: mean ratings of products by their number of ratings.
        givers: users who gave each rating.
        balance: shares of positive and of other reviews.
        verified: ratings of verified purchases and of others.
        verified_means: their mean ratings.
        top_rating: the highest rating.
        top_givers: users who gave it at least once.
        users: with a review.
        middle: the rating above which a review is positive.
        words: those that lean most to either side, by kind of text.
        missing: values by column.
    """

    popular: Columns
    item_means: Columns
    means_by_count: Columns | None
    givers: Columns | None
    balance: Columns
    verified: Columns | None
    verified_means: Columns | None
    top_rating: float
    top_givers: int
    users: int
    middle: float
    words: dict[str, Columns]
    missing: Columns


def explore_reviews(setup: MusicSetup) -> ReviewExploration:
    """Every figure that was published of the category, of this log."""
    exploration = explore(setup.log)
    reviews = exploration.reviews
    assert exploration.item_means is not None  # there are ratings
    assert reviews.balance is not None
    assert reviews.top_rating is not None
    assert reviews.n_top_raters is not None
    assert reviews.middle is not None
    columns = exploration.columns.filter(pl.col("missing") > 0)
    return ReviewExploration(
        popular=columns_of(exploration.top_items.head(_POPULAR)),
        item_means=columns_of(exploration.item_means),
        means_by_count=_columns(reviews.means_by_count),
        givers=_columns(reviews.users_by_rating),
        balance=columns_of(reviews.balance),
        verified=_columns(reviews.verified),
        verified_means=_columns(reviews.verified_means),
        top_rating=reviews.top_rating,
        top_givers=reviews.n_top_raters,
        users=int((setup.log.user_counts > 0).sum()),
        middle=reviews.middle,
        words={kind: columns_of(_ends(table)) for kind, table in (reviews.words or {}).items()},
        missing=columns_of(columns.select("table", "column", "missing", "share")),
    )


def _columns(frame: pl.DataFrame | None) -> Columns | None:
    return None if frame is None else columns_of(frame)


def _ends(words: pl.DataFrame) -> pl.DataFrame:
    """The words that lean most to either side."""
    praise = words.filter(pl.col("z") > 0).head(_WORDS)
    blame = words.filter(pl.col("z") < 0).tail(_WORDS)
    return pl.concat([praise, blame]).select("word", "first", "other", "z")


def section(setup: MusicSetup, statistics: ReviewExploration) -> Section:
    """The published figures of exploration, drawn."""
    popular = pl.DataFrame(statistics.popular)
    missing = pl.DataFrame(statistics.missing, schema_overrides={"share": pl.Float64})
    balance = pl.DataFrame(statistics.balance)
    top = pl.DataFrame(
        {
            "what": [f"users who gave {statistics.top_rating:g} stars", "users in all"],
            "published": [PUBLISHED_COUNTS["top"], None],
            "here": [statistics.top_givers, statistics.users],
            "against published": [
                setup.against_published(PUBLISHED_COUNTS["top"], statistics.top_givers),
                "",
            ],
        }
    )
    return Section(
        title="What the reviews look like",
        text=f"""
            The same figures as were published of {CATEGORY}. How much a word leans to positive
            reviews (more than {statistics.middle:g} stars) is measured by the logarithm of its odds
            ratio against a prior of all words, in standard deviations (Monroe, Colaresi and Quinn,
            “Fightin' Words”, 2008); beyond 2 is seldom chance. The larger a word of a cloud, the
            more it leans.
        """,
        conclusions=tuple(_conclusions(statistics)),
        charts=tuple(_charts(statistics)),
        tables=(
            DataTable(top, f"Who gave the highest rating at least once.{setup.told_apart}"),
            DataTable(
                balance,
                f"How much larger one class is; positive is more than {statistics.middle:g} stars.",
                {"share": "percent"},
            ),
            *(
                [DataTable(missing, "Missing values.", {"share": "percent"})]
                if len(missing)
                else []
            ),
            *(_words_table(kind, table) for kind, table in statistics.words.items()),
            DataTable(popular, f"The {len(popular)} products with most reviews, most first."),
        ),
        steps=("exploration",),
    )


def _words_table(kind: str, table: Columns) -> DataTable:
    frame = pl.DataFrame(table)
    praise = frame.filter(pl.col("z") > 0).head(_LISTED)
    blame = frame.filter(pl.col("z") < 0).tail(_LISTED)
    return DataTable(
        pl.concat([praise, blame]).rename({"first": "in positive", "other": "in negative"}),
        f"Words of the {kind} that lean most to positive and, below, to negative reviews.",
        {"z": "signed:1"},
    )


def _conclusions(statistics: ReviewExploration) -> list[Conclusion]:
    balance = dict(zip(statistics.balance["side"], statistics.balance["share"], strict=True))
    larger = max(balance, key=lambda side: balance[side])
    share = statistics.top_givers / max(statistics.users, 1)
    conclusions = [
        Conclusion(
            "trap",
            f"{balance[larger]:.1%} of the reviews are {larger}, so that whoever always says "
            f"“{larger}” is right as often.",
        ),
        Conclusion(
            "as published",
            f"{share:.0%} of the users gave {statistics.top_rating:g} stars at least once.",
        ),
    ]
    if statistics.verified_means:
        by_kind = statistics.verified_means
        means = dict(zip(by_kind["kind"], by_kind["rating"], strict=True))
        if len(means) == 2:
            difference = means["verified"] - means["other"]
            amount = (
                f"{abs(difference):.2f} stars {'more' if difference > 0 else 'fewer'} than"
                if abs(difference) >= 0.005
                else "as many stars as"
            )
            conclusions.append(
                Conclusion("honest", f"Verified purchases get {amount} other reviews on the mean.")
            )
    spread = statistics.means_by_count
    if spread and len(spread["low"]) > 1:
        few, many = (spread["high_quarter"][n] - spread["low_quarter"][n] for n in (0, -1))
        conclusions.append(
            Conclusion(
                "honest",
                "Mean ratings of products with few reviews lie further apart than those of "
                "products with many: most of that is chance."
                if few > many
                else "Mean ratings of products with few reviews lie no further apart than those "
                "of products with many.",
            )
        )
    return conclusions


def _charts(statistics: ReviewExploration) -> list[Graph]:
    means = statistics.item_means
    charts = [
        bars(
            "Mean ratings of products: how many have which.",
            {
                "": {
                    f"{low:.2f}": float(count)
                    for low, count in zip(means["low"], means["count"], strict=True)
                }
            },
            x="mean rating, from",
            y="products",
            upright=True,
            half=True,
        )
    ]
    shares = statistics.verified
    if shares:
        charts.append(
            bars(
                "Ratings of verified purchases and of others.",
                {
                    kind: {
                        f"{rating:g}": share
                        for rating, share in zip(
                            shares["rating"], shares[f"{kind}_share"], strict=True
                        )
                    }
                    for kind in ("verified", "other")
                },
                x="rating",
                y="share of reviews",
                upright=True,
                half=True,
            )
        )
    if statistics.givers:
        givers = statistics.givers
        charts.append(
            bars(
                "Users who gave each rating at least once.",
                {
                    "": {
                        f"{rating:g}": float(users)
                        for rating, users in zip(givers["rating"], givers["users"], strict=True)
                    }
                },
                x="rating",
                y="users",
                upright=True,
                half=True,
            )
        )
    if statistics.means_by_count and len(statistics.means_by_count["low"]) > 1:
        charts.append(_by_count(statistics.means_by_count))
    for kind, table in statistics.words.items():
        charts += _clouds(kind, table)
    return charts


def _clouds(kind: str, table: Columns) -> list[Graph]:
    """Words of positive and of negative reviews, each as a cloud."""
    leaning = dict(zip(table["word"], table["z"], strict=True))
    clouds = []
    for side, sign in (("positive", 1), ("negative", -1)):
        weights = {word: abs(z) for word, z in leaning.items() if z * sign > 0}
        if weights:
            clouds.append(
                words(
                    f"Words of the {kind} that lean to {side} reviews.",
                    weights,
                    tone="good" if sign > 0 else "bad",
                )
            )
    return clouds


def _by_count(spread: Columns) -> Graph:
    names = {"low_quarter": "lower quarter", "median": "median", "high_quarter": "upper quarter"}
    return lines(
        "Mean rating of a product against its number of ratings, by doublings.",
        {
            label: dict(zip(map(float, spread["high"]), spread[column], strict=True))
            for column, label in names.items()
        },
        x="ratings of the product, at most",
        y="its mean rating",
    )
