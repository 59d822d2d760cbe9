"""Charts of reviews: verified or not, ratings against their number, imbalance, gaps, words."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.reviews.review_statistics import ReviewFigures
from penchant.reporting.charts.log import bars
from penchant.reporting.charts.svg import ACCENT, INK, MUTED, SECOND, Canvas, Chart, chart
from penchant.reporting.charts.word_cloud import cloud
from penchant.results.formatting import percent, short, whole

_HEIGHT = 2.4
_LONG = 46  # letters of a title beside a bar


def popular(table: pl.DataFrame) -> Chart:
    """The most popular items, as bars of their numbers of events."""
    names = [_cut(str(name), _LONG) for name in table["title" if "title" in table else "item"]]
    counts = table["events"].to_list()

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        places = np.arange(len(counts))[::-1]
        axes.barh(places, counts, 0.78, color=ACCENT, lw=0, alpha=0.9)
        longest = 20 if canvas.narrow else _LONG
        axes.set_yticks(places, [_cut(name, longest) for name in names], fontsize=8)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_ylim(-0.6, len(counts) - 0.4)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: short(value))
        axes.set_xlabel("events")

    title = (
        f"The {len(counts)} most popular items: from {whole(counts[0])} events to "
        f"{whole(counts[-1])}."
    )
    return chart("popular", title, draw, height=0.6 + 0.155 * len(counts))


def verified(table: pl.DataFrame, means: pl.DataFrame) -> Chart:
    """How verified and other reviews rate, each as shares of its own kind."""
    said = " and ".join(f"{kind} {rating:.2f}" for kind, _, rating in means.iter_rows())

    def draw(canvas: Canvas) -> None:
        axes, places = canvas.axes, np.arange(len(table))
        for shift, kind, colour in ((-0.21, "verified", ACCENT), (0.21, "other", SECOND)):
            shares = table[f"{kind}_share"].fill_null(0).to_numpy()
            axes.bar(places + shift, shares, 0.4, color=colour, lw=0, alpha=0.9, label=kind)
        axes.set_xticks(places, [f"{rating:g}" for rating in table["rating"]])
        axes.yaxis.set_major_formatter(lambda value, _: percent(value))
        axes.tick_params(length=0)
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
        axes.locator_params(axis="y", nbins=5)
        axes.set_xlabel("rating")
        axes.set_ylabel("share of its kind")
        axes.legend(frameon=False, loc="upper left")

    title = f"Verified and other reviews: the mean rating is {said}."
    return chart("verified", title, draw, height=_HEIGHT, half=True)


def means_by_count(fields: pl.DataFrame, spread: pl.DataFrame) -> Chart:
    """Each item's mean rating against its number of ratings, dark where there are many items."""
    x, y = fields["log2_count"].to_numpy(), fields["mean"].to_numpy()
    shade = np.sqrt(fields["items"].to_numpy() / fields["items"].max())
    middle = np.log2(np.sqrt(spread["low"].to_numpy() * spread["high"].to_numpy()))

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        axes.scatter(x, y, s=11, c=[(0.20, 0.42, 0.65, 0.12 + 0.8 * s) for s in shade], lw=0)
        low, high = spread["low_quarter"].to_numpy(), spread["high_quarter"].to_numpy()
        axes.vlines(middle, low, high, color=SECOND, lw=1.4)
        axes.plot(middle, spread["median"].to_numpy(), "o-", color=SECOND, ms=3.5, lw=1.4)
        axes.grid()
        top = int(np.ceil(x.max(initial=0)))
        ticks = range(0, top + 1, 1 + top // 7)
        axes.set_xticks(list(ticks), [short(2**tick) for tick in ticks])
        axes.set_xlabel("ratings of an item, doubling")
        axes.set_ylabel("its mean rating")

    first, last = spread.row(0, named=True), spread.row(-1, named=True)
    title = (
        "Mean rating against number of ratings: half of the items lie within the lines. With "
        f"{_range(first)} the middle half lies from {first['low_quarter']:.2f} to "
        f"{first['high_quarter']:.2f}, with {_range(last)} from {last['low_quarter']:.2f} to "
        f"{last['high_quarter']:.2f}."
    )
    return chart("mean-by-count", title, draw, height=2.9, half=True)


def givers(found: ReviewFigures) -> Chart | None:
    """How many users gave each rating."""
    table = found.givers
    if table is None or found.top_givers is None:
        return None
    title = (
        f"Users who gave each rating at least once: {whole(found.top_givers)} gave the highest, "
        f"{found.top_rating:g}."
    )
    labels = [f"{rating:g}" for rating in table["rating"]]
    return bars("givers", title, labels, table["users"].to_list(), "rating", "users")


def balance(table: pl.DataFrame, middle: float) -> Chart:
    """How many ratings are positive and how many negative."""
    shares = table["share"].to_list()
    larger = table["side"][int(np.argmax(shares))]
    title = (
        f"Classes: {percent(max(shares))} of the ratings are {larger}; above {middle:g} is "
        f"positive. Who always says {larger} is right as often."
    )
    labels = table["side"].to_list()
    return bars("balance", title, labels, table["events"].to_list(), "class", "events")


def missing(columns: pl.DataFrame) -> Chart | None:
    """The share of missing values of each column that has any."""
    gaps = columns.filter(pl.col("missing") > 0).sort("share", descending=True).head(20)
    if gaps.is_empty():
        return None
    names = [f"{column} ({table})" for table, column in gaps.select("table", "column").iter_rows()]
    shares = gaps["share"].to_numpy()

    def draw(canvas: Canvas) -> None:
        axes, places = canvas.axes, np.arange(len(names))[::-1]
        axes.barh(places, shares, 0.7, color=ACCENT, lw=0, alpha=0.9)
        axes.set_yticks(places, names)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(lambda value, _: percent(value))
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("share of values that are missing")

    title = f"Missing values: the most are of {names[0]}, {percent(float(shares[0]))}."
    height = 0.7 + 0.2 * len(names)
    return chart("missing", title, draw, height=height, half=True)


def distribution(name: str, table: pl.DataFrame, noun: str) -> Chart:
    """How the values of a column of the user or item table are distributed."""
    column = name.replace("_", " ")
    counts = table["count"].to_list()
    if "low" in table.columns:
        low, high = table["low"].to_numpy(), table["high"].to_numpy()
        # The outermost bins take in what is far off, and are drawn as wide as the others.
        step = float(np.median(high - low))
        edges = (
            [*(high - step)[:1], *low[1:], low[-1] + step] if len(low) > 1 else [low[0], high[0]]
        )

        def draw(canvas: Canvas) -> None:
            axes = canvas.axes
            axes.stairs(counts, edges, fill=True, color=ACCENT, alpha=0.9, lw=0)
            axes.tick_params(length=0)
            axes.grid(axis="y")
            axes.spines["left"].set_visible(False)
            axes.yaxis.set_major_formatter(lambda value, _: short(value))
            axes.xaxis.set_major_formatter(lambda value, _: _number(value))
            axes.locator_params(nbins=5)
            axes.set_xlabel(column)
            axes.set_ylabel(f"{noun}s")

        most = int(np.argmax(counts))
        said = f"from {low[most]:,.6g} to {high[most]:,.6g}"
        title = f"{column.capitalize()} of {noun}s: most {said}; {whole(sum(counts))} have one."
        return chart(f"{noun}-{name}", title, draw, height=_HEIGHT, half=True)
    labels = [_cut(str(value), 28) for value in table["value"]]

    def listed(canvas: Canvas) -> None:
        axes, places = canvas.axes, np.arange(len(labels))[::-1]
        axes.barh(places, counts, 0.74, color=ACCENT, lw=0, alpha=0.9)
        axes.set_yticks(places, labels, fontsize=8.5)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: short(value))
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(f"{noun}s", color=MUTED)

    first = labels[int(np.argmax(counts))]
    title = f"{column.capitalize()} of {noun}s: {first} is the most frequent, {short(max(counts))}."
    height = 0.6 + 0.17 * len(labels)
    return chart(f"{noun}-{name}", title, listed, height=height, half=True)


def clouds(kind: str, table: pl.DataFrame) -> list[Chart]:
    """Two clouds: the words of positive and of negative reviews."""
    found = []
    for side, colour, some in (
        ("positive", "good", table.filter(pl.col("z") > 0)),
        ("negative", "bad", table.filter(pl.col("z") < 0).reverse()),
    ):
        words, weights = some["word"].to_list(), some["z"].abs().to_list()
        if words:
            title = f"Words of the {kind} that lean to {side} ratings, most of all “{words[0]}”."
            found.append(cloud(f"{kind}-{side}", title, words, weights, colour))
    return found


def _range(row: dict[str, float]) -> str:
    if row["low"] == row["high"]:
        return "one rating" if row["low"] == 1 else f"{whole(row['low'])} ratings"
    return f"{whole(row['low'])} to {whole(row['high'])} ratings"


def _number(value: float) -> str:
    return short(value) if abs(value) >= 10_000 else f"{value:,.6g}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
