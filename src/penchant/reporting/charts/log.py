"""Charts of a log: ratings, activity, concentration, density and time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data.quality.log_summary import Summary
from penchant.errors import require
from penchant.reporting.charts.svg import ACCENT, FAINT, INK, MUTED, Canvas, Chart, chart
from penchant.results.formatting import day, percent, short
from penchant.typing import Float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 2.4
_FEW = 12  # bars that are named one by one


def ratings(summary: Summary) -> Chart:
    """How often each rating was given."""
    values = [value for value, _ in summary.rating_histogram]
    counts = [count for _, count in summary.rating_histogram]
    most = values[int(np.argmax(counts))]
    return bars(
        "ratings",
        f"Ratings: {percent(max(counts) / sum(counts))} are {most:g}; the mean is "
        f"{summary.rating_mean:.2f}.",
        [f"{value:g}" for value in values],
        counts,
        "rating",
        "events",
    )


def activity(name: str, noun: str, table: pl.DataFrame) -> Chart:
    """How many users or items have how many events, in doubling steps."""
    found = table.filter(pl.col("count").cum_sum() > 0)
    low, high, counts = (found[column].to_list() for column in ("low", "high", "count"))

    def draw(canvas: Canvas) -> None:
        axes, places = canvas.axes, np.arange(len(counts))
        axes.bar(places, counts, 0.94, align="edge", color=ACCENT, lw=0, alpha=0.9)
        _bare(axes)
        axes.tick_params(axis="x", length=3)
        axes.set_xticks([*places, len(places)], [short(v) for v in [*low, high[-1] + 1]])
        axes.set_xlabel(f"events per {noun}, each bar from the number at its left")
        axes.set_ylabel(f"{noun}s")

    most = int(np.argmax(counts))
    several = "1 event" if high[most] == 1 else f"{low[most]:,} to {high[most]:,} events"
    several = f"{low[most]:,} events" if low[most] == high[most] != 1 else several
    title = f"Events per {noun}: the highest bar is that of {noun}s with {several}."
    return chart(name, title, draw, height=_HEIGHT, half=True)


def means(name: str, noun: str, table: pl.DataFrame) -> Chart:
    """How the mean ratings of users or items are spread."""
    low, high = table["low"].to_numpy(), table["high"].to_numpy()
    counts = table["count"].to_numpy()

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        axes.bar(low, counts, high - low, align="edge", color=ACCENT, lw=0, alpha=0.9)
        _bare(axes)
        axes.set_xlabel(f"mean rating of {'an' if noun == 'item' else 'a'} {noun}")
        axes.set_ylabel(f"{noun}s")

    middle = float((low[int(counts.argmax())] + high[int(counts.argmax())]) / 2)
    title = f"Mean rating per {noun}: most lie near {middle:.1f}."
    return chart(name, title, draw, height=_HEIGHT, half=True)


def long_tail(table: pl.DataFrame, summary: Summary) -> Chart:
    """Which share of events falls on which share of items."""
    items, events = table["items"].to_numpy(), table["events"].to_numpy()

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        axes.plot([0, 1], [0, 1], color=FAINT, lw=1, ls=(0, (4, 3)))
        axes.fill_between(items, items, events, color=ACCENT, alpha=0.12, lw=0)
        axes.plot(items, events, color=ACCENT, lw=1.8)
        axes.plot(0.1, events[10], "o", color=ACCENT, ms=5)
        axes.annotate(
            f"10 % of items:\n{percent(float(events[10]))} of events",
            (0.14, events[10] - 0.03) if events[10] > 0.25 else (0.3, 0.2),
            va="top",
            color=INK,
        )
        axes.annotate("if all were equal", (0.64, 0.58), va="top", color=MUTED)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share of items, most popular first")
        axes.set_ylabel("share of events")
        ticks = [0, 0.25, 0.5, 0.75, 1]
        axes.set_xticks(ticks, [percent(t) for t in ticks])
        axes.set_yticks(ticks, [percent(t) for t in ticks])
        axes.grid()

    title = (
        f"Long tail: the most popular 10 % of items have {percent(float(events[10]))} of the "
        f"events; Gini {summary.gini:.2f}."
    )
    return chart("long-tail", title, draw, height=2.9, half=True)


def density(filled: Float64) -> Chart:
    """A map of users × items, both from the most to the least active, dark where it is full."""
    top = float(filled.max(initial=0))
    shade = np.sqrt(filled / top) if top else filled

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        # One blue of varying opacity, which suits a light and a dark page alike.
        picture = np.zeros((*shade.shape, 4))
        picture[..., :3] = (0.20, 0.42, 0.65)
        picture[..., 3] = shade
        axes.imshow(picture, aspect="auto", extent=(0, 1, 1, 0))
        axes.set_xticks([0, 1], ["most popular", "least"])
        axes.set_yticks([0, 1], ["most active", "least"], rotation=90)
        axes.get_xticklabels()[0].set_horizontalalignment("left")
        axes.get_xticklabels()[1].set_horizontalalignment("right")
        axes.get_yticklabels()[0].set_verticalalignment("top")
        axes.get_yticklabels()[1].set_verticalalignment("bottom")
        axes.tick_params(length=0)
        axes.set_xlabel("items")
        axes.set_ylabel("users")

    title = (
        f"Map of users and items: the fullest of {filled.size:,} fields has {percent(top)} of its "
        f"pairs, and {percent(float((filled == 0).mean()))} of the fields are empty."
    )
    return chart("density", title, draw, height=2.9, half=True)


def over_time(table: pl.DataFrame, period: str) -> Chart:
    """Events in each period."""
    starts, events = table["start"].to_numpy(), table["events"].to_numpy()

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        if len(starts) > 1:
            edges = np.append(starts, 2 * (starts[-1:] - starts[-2:-1]) + starts[-2:-1])
            axes.stairs(events, _numbers(edges), fill=True, color=ACCENT, alpha=0.15, lw=0)
            axes.stairs(events, _numbers(edges), color=ACCENT, lw=1.6)
        else:
            axes.plot(_numbers(starts), events, "o", color=ACCENT)
        _dates(axes)
        axes.set_ylim(0)
        axes.set_ylabel(f"events per {period}")
        axes.yaxis.set_major_formatter(lambda value, _: short(value))

    most = _moment(table["start"][int(events.argmax())], period)
    title = (
        f"Events per {period}: the most, {events.max():,}, in the {period} from {most}."
        if len(starts) > 1
        else f"All {events.max():,} events are of one {period}, from {most}."
    )
    return chart("over-time", title, draw, height=_HEIGHT)


def rating_over_time(table: pl.DataFrame, period: str) -> Chart:
    """The mean rating in each period."""
    starts, values = table["start"].to_numpy(), table["rating"].to_numpy()

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        few = len(starts) < 60
        axes.plot(_numbers(starts), values, color=ACCENT, lw=1.6, marker="o" if few else "", ms=2.5)
        _dates(axes)
        axes.set_ylabel(f"mean rating per {period}")

    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    title = f"Mean rating per {period}: between {low:.2f} and {high:.2f}."
    return chart("rating-over-time", title, draw, height=_HEIGHT, half=True)


def bars(
    name: str, title: str, labels: Sequence[str], counts: Sequence[int], x: str, y: str
) -> Chart:
    """Upright bars with a label each."""

    def draw(canvas: Canvas) -> None:
        axes, places = canvas.axes, np.arange(len(labels))
        axes.bar(places, counts, 0.82, color=ACCENT, lw=0, alpha=0.9)
        _bare(axes)
        step = 1 if len(labels) <= _FEW and sum(map(len, labels)) < 48 else 2 + len(labels) // 20
        axes.set_xticks(places[::step], list(labels)[::step])
        axes.set_xlabel(x)
        axes.set_ylabel(y)

    return chart(name, title, draw, height=_HEIGHT, half=True)


def _bare(axes: Axes) -> None:
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(lambda value, _: short(value))


def _numbers(moments: npt.NDArray[np.datetime64]) -> Float64:
    """Days since 1970, what Matplotlib counts time in."""
    return moments.astype("datetime64[us]").astype(np.int64) / 86_400e6


def _dates(axes: Axes) -> None:
    dates: Any = require("matplotlib.dates", "report")
    locator = dates.AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)


def _moment(start: datetime, period: str) -> str:
    return f"{start:%Y-%m-%d %H:%M}" if period in ("minute", "hour") else day(start)
