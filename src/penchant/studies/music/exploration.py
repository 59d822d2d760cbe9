"""Explore the reviews: popular products, mean ratings, verified or not, words, gaps."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from penchant.exploration import explore
from penchant.studies.music.setup import CATEGORY, PUBLISHED_COUNTS, MusicSetup
from penchant.studies.records import Columns, columns_of
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars, lines

_POPULAR, _WORDS = 50, 12


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


def section(statistics: ReviewExploration) -> Section:
    """The published figures of exploration, drawn."""
    popular = pl.DataFrame(statistics.popular).with_row_index("place", offset=1)
    missing = pl.DataFrame(statistics.missing, schema_overrides={"share": pl.Float64})
    return Section(
        title="What the reviews look like",
        text=f"""
            The same figures as were published of {CATEGORY}. What leans a word to positive reviews
            (more than {statistics.middle:g} stars) is measured by the logarithm of its odds ratio
            against a prior of all words, in standard deviations (Monroe, Colaresi and Quinn,
            “Fightin' Words”, 2008); beyond 2 is seldom chance. Word clouds of the same words and
            all further figures are on the page of “penchant explore”.
        """,
        conclusions=tuple(_conclusions(statistics)),
        charts=tuple(_charts(statistics)),
        tables=(
            *(
                [DataTable(missing, "Missing values.", {"share": "percent"})]
                if len(missing)
                else []
            ),
            DataTable(popular, f"The {len(popular)} products with most reviews."),
        ),
        steps=("exploration",),
    )


def _conclusions(statistics: ReviewExploration) -> list[Conclusion]:
    balance = dict(zip(statistics.balance["side"], statistics.balance["share"], strict=True))
    larger = max(balance, key=lambda side: balance[side])
    conclusions = [
        Conclusion(
            "honest",
            f"{statistics.top_givers:,} of {statistics.users:,} users gave the highest rating, "
            f"{statistics.top_rating:g}, at least once (published: {PUBLISHED_COUNTS['top']:,} of "
            f"{CATEGORY}).",
        ),
        Conclusion(
            "trap",
            f"{balance[larger]:.1%} of the reviews are {larger}: whoever always says {larger} is "
            "right as often, and any accuracy has to be read beside that.",
        ),
    ]
    if statistics.verified_means:
        by_kind = statistics.verified_means
        means = dict(zip(by_kind["kind"], by_kind["rating"], strict=True))
        if len(means) == 2:
            conclusions.append(
                Conclusion(
                    "honest",
                    f"Verified purchases get {means['verified']:.2f} stars on the mean, other "
                    f"reviews {means['other']:.2f}.",
                )
            )
    spread = statistics.means_by_count
    if spread and len(spread["low"]) > 1:
        width = [
            high - low
            for low, high in zip(spread["low_quarter"], spread["high_quarter"], strict=True)
        ]
        conclusions.append(
            Conclusion(
                "honest",
                "The middle half of mean ratings spans "
                f"{width[0]:.2f} stars among products with {_range(spread, 0)} and {width[-1]:.2f} "
                f"among those with {_range(spread, -1)}.",
            )
        )
    return conclusions


def _range(spread: Columns, n: int) -> str:
    low, high = spread["low"][n], spread["high"][n]
    return f"{low:,} ratings" if low == high else f"{low:,} to {high:,} ratings"


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
        if not table["word"]:
            continue
        charts.append(
            bars(
                f"Words of the {kind} that lean most to positive (right) and negative (left) "
                "reviews.",
                {"": dict(zip(table["word"], table["z"], strict=True))},
                x="log-odds in standard deviations",
                half=True,
            )
        )
    return charts


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
