"""What the reviews look like: popular products, mean ratings, verified or not, words, gaps."""

from __future__ import annotations

import polars as pl

from penchant.exploration.log_exploration import explore
from penchant.studies.music.setup import CATEGORY, PUBLISHED_COUNTS, Found, Setup, columns_of
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars, lines

_POPULAR, _WORDS = 50, 12


def explored(setup: Setup) -> Found:
    """Every figure that was published of the category, of this log."""
    seen = explore(setup.log)
    told = seen.reviews
    assert seen.item_means is not None  # there are ratings
    kept = {
        "by count": told.means_by_count,
        "givers": told.users_by_rating,
        "balance": told.balance,
        "verified": told.verified,
        "verified means": told.verified_means,
    }
    return {
        "popular": columns_of(seen.top_items.head(_POPULAR)),
        "item means": columns_of(seen.item_means),
        **{name: None if frame is None else columns_of(frame) for name, frame in kept.items()},
        "top rating": told.top_rating,
        "top givers": told.n_top_raters,
        "users": int((setup.log.user_counts > 0).sum()),
        "middle": told.middle,
        "words": {kind: columns_of(_ends(table)) for kind, table in (told.words or {}).items()},
        "missing": columns_of(
            seen.columns.filter(pl.col("missing") > 0).select("table", "column", "missing", "share")
        ),
    }


def _ends(words: pl.DataFrame) -> pl.DataFrame:
    """The words that lean most to either side."""
    praise = words.filter(pl.col("z") > 0).head(_WORDS)
    blame = words.filter(pl.col("z") < 0).tail(_WORDS)
    return pl.concat([praise, blame]).select("word", "first", "other", "z")


def section(setup: Setup, found: Found) -> Section:
    """The published figures of exploration, drawn."""
    popular = pl.DataFrame(found["popular"]).with_row_index("place", offset=1)
    missing = pl.DataFrame(found["missing"], schema_overrides={"share": pl.Float64})
    return Section(
        title="What the reviews look like",
        text=f"""
            The same figures as were published of {CATEGORY}. What leans a word to positive reviews
            (more than {found["middle"]:g} stars) is measured by the logarithm of its odds ratio
            against a prior of all words, in standard deviations (Monroe, Colaresi and Quinn,
            “Fightin' Words”, 2008); beyond 2 is seldom chance. Word clouds of the same words and
            all further figures are on the page of “penchant explore”.
        """,
        conclusions=tuple(_conclusions(found)),
        charts=tuple(_charts(found)),
        tables=(
            *(
                [DataTable(missing, "Missing values.", {"share": "percent"})]
                if len(missing)
                else []
            ),
            DataTable(popular, f"The {len(popular)} products with most reviews."),
        ),
        steps=("explored",),
    )


def _conclusions(found: Found) -> list[Conclusion]:
    balance = dict(zip(found["balance"]["side"], found["balance"]["share"], strict=True))
    larger = max(balance, key=lambda side: balance[side])
    said = [
        Conclusion(
            "honest",
            f"{found['top givers']:,} of {found['users']:,} users gave the highest rating, "
            f"{found['top rating']:g}, at least once (published: {PUBLISHED_COUNTS['top']:,} of "
            f"{CATEGORY}).",
        ),
        Conclusion(
            "trap",
            f"{balance[larger]:.1%} of the reviews are {larger}: whoever always says {larger} is "
            "right as often, and any accuracy has to be read beside that.",
        ),
    ]
    if found["verified means"]:
        told = found["verified means"]
        means = dict(zip(told["kind"], told["rating"], strict=True))
        if len(means) == 2:
            said.append(
                Conclusion(
                    "honest",
                    f"Verified purchases get {means['verified']:.2f} stars on the mean, other "
                    f"reviews {means['other']:.2f}.",
                )
            )
    spread = found["by count"]
    if spread and len(spread["low"]) > 1:
        width = [
            high - low
            for low, high in zip(spread["low_quarter"], spread["high_quarter"], strict=True)
        ]
        said.append(
            Conclusion(
                "honest",
                "The middle half of mean ratings spans "
                f"{width[0]:.2f} stars among products with {_range(spread, 0)} and {width[-1]:.2f} "
                f"among those with {_range(spread, -1)}.",
            )
        )
    return said


def _range(spread: Found, n: int) -> str:
    low, high = spread["low"][n], spread["high"][n]
    return f"{low:,} ratings" if low == high else f"{low:,} to {high:,} ratings"


def _charts(found: Found) -> list[Graph]:
    means = found["item means"]
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
    shares = found["verified"]
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
    if found["givers"]:
        told = found["givers"]
        charts.append(
            bars(
                "Users who gave each rating at least once.",
                {
                    "": {
                        f"{rating:g}": float(users)
                        for rating, users in zip(told["rating"], told["users"], strict=True)
                    }
                },
                x="rating",
                y="users",
                upright=True,
                half=True,
            )
        )
    if found["by count"] and len(found["by count"]["low"]) > 1:
        charts.append(_by_count(found["by count"]))
    for kind, table in found["words"].items():
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


def _by_count(spread: Found) -> Graph:
    names = {"low_quarter": "lower quarter", "median": "median", "high_quarter": "upper quarter"}
    return lines(
        "Mean rating of a product against its number of ratings, by doublings.",
        {
            said: dict(zip(map(float, spread["high"]), spread[column], strict=True))
            for column, said in names.items()
        },
        x="ratings of the product, at most",
        y="its mean rating",
    )
