"""Charts of a comparison: figures with intervals, quality against cost, training curves."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from penchant.metrics import parse
from penchant.reporting.charts.svg import (
    ACCENT,
    BAD,
    FAINT,
    FAIR,
    GOOD,
    INK,
    MUTED,
    PAPER,
    SOFT,
    Canvas,
    Chart,
    chart,
)
from penchant.results.formatting import duration, fixed
from penchant.results.tables import Entry, MetricValue, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS = {"beats": (GOOD, "o"), "no better": (FAIR, "D"), "worse": (BAD, "v"), None: (MUTED, "s")}
_SHORTEST = 0.001  # seconds; nobody cares for less
_LABEL = 9.0  # points
_LINES = 3  # of a model's name
Box = tuple[float, float, float, float]


def plain_metric(name: str) -> str:
    """A metric's name without the note on sampled negatives that tables add."""
    return name.partition(" (")[0]


def direction(metric: str) -> str:
    """Which way is better, in words."""
    return "higher is better" if parse(plain_metric(metric)).higher_is_better else "lower is better"


def wrapped(name: str, width: int) -> str:
    """A model's name in at most three lines, broken after a sign or anywhere where it must."""
    if len(name) <= width:
        return name
    spaced = re.sub(r"([:,=_])", r"\1 ", name)
    lines = textwrap.wrap(spaced, width, break_on_hyphens=False)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: width - 1]}…"]
    return "\n".join(re.sub(r"([:,=_]) ", r"\1", line) for line in lines)


def whiskers(table: Table, prefix: str = "") -> Chart:
    """Each model's first metric with its interval, and a band at the best trivial answer.

    Args:
        table: the contenders.
        prefix: makes the chart's name unique on a page with several of the same task.
    """
    entries = [e for e in table.entries if math.isfinite(e.metrics[table.primary].value)]
    bar = table.best_trivial if any(e.trivial for e in table.entries) else None

    def draw(canvas: Canvas) -> None:
        axes, places = canvas.axes, range(len(entries), 0, -1)
        if bar is not None:
            _band(axes, bar, bar.metrics[table.primary])
        for place, entry in zip(places, entries, strict=True):
            figure, (colour, mark) = entry.metrics[table.primary], _mark(entry)
            if math.isfinite(figure.high - figure.low):
                axes.plot([figure.low, figure.high], [place, place], color=colour, lw=1.6)
            axes.plot(figure.value, place, mark, color=colour, ms=6.5, mec=PAPER, mew=0.8)
            if canvas.narrow:
                axes.annotate(
                    entry.name if len(entry.name) <= 38 else f"{entry.name[:37]}…",
                    (0, place),
                    (0, 7),
                    xycoords=("axes fraction", "data"),
                    textcoords="offset points",
                    color=MUTED if entry.trivial else INK,
                )
        axes.set_ylim(0.4, len(entries) + (0.9 if canvas.narrow else 0.6))
        axes.tick_params(axis="y", length=0)
        axes.set_yticks([] if canvas.narrow else places)
        if not canvas.narrow:
            labels = axes.set_yticklabels([wrapped(e.name, 30) for e in entries])
            for label, entry in zip(labels, entries, strict=True):
                label.set_color(MUTED if entry.trivial else INK)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.locator_params(axis="x", nbins=5 if canvas.narrow else 8)
        axes.set_xlabel(f"{table.primary}, {direction(table.primary)}")

    rows = len(entries)
    lines = sum(1 + wrapped(e.name, 30).count("\n") for e in entries)
    best = entries[0] if entries else None
    said = (
        ""
        if best is None
        else (
            f": {best.name} stands first with {fixed(best.metrics[table.primary].value, 4)}"
            + (
                ""
                if bar is None
                else f", the best trivial answer is {bar.name}"
                f" with {fixed(bar.metrics[table.primary].value, 4)}"
            )
        )
    )
    return chart(
        f"{prefix}whiskers-{table.task}",
        f"{table.primary} of {rows} models with intervals{said}.",
        draw,
        height=0.75 + 0.17 * rows + 0.14 * lines,
        narrow_height=0.75 + 0.42 * rows,
    )


def _mark(entry: Entry) -> tuple[str, str]:
    return _MARKS[None if entry.trivial else entry.verdict]


def _band(axes: Axes, bar: Entry, figure: MetricValue) -> None:
    """The best trivial answer across the whole chart."""
    if math.isfinite(figure.high - figure.low):
        axes.axvspan(figure.low, figure.high, color=SOFT, lw=0, zorder=0)
    axes.axvline(figure.value, color=MUTED, lw=1, ls=(0, (4, 3)), zorder=0.5)


def cost(table: Table, prefix: str = "") -> Chart | None:
    """The first metric against the time to learn; None where no time is known."""
    entries = [
        e
        for e in table.entries
        if math.isfinite(e.cost.fit_seconds) and math.isfinite(e.metrics[table.primary].value)
    ]
    if not entries:
        return None

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        seconds = [max(e.cost.fit_seconds, _SHORTEST) for e in entries]
        values = [e.metrics[table.primary].value for e in entries]
        axes.set_xscale("log")
        low, high = min(seconds), max(seconds)
        axes.set_xlim(low / 1.6, max(high, 10 * low) * (4 if canvas.narrow else 2.2))
        axes.margins(y=0.12)
        for entry, x in zip(entries, seconds, strict=True):
            figure, (colour, mark) = entry.metrics[table.primary], _mark(entry)
            if math.isfinite(figure.high - figure.low):
                axes.plot([x, x], [figure.low, figure.high], color=colour, lw=1.2, alpha=0.55)
            axes.plot(x, figure.value, mark, color=colour, ms=6.5, mec=PAPER, mew=0.8)
        if not table.higher_is_better:
            axes.invert_yaxis()
        axes.grid()
        ticks = axes.get_xticks()
        left, right = axes.get_xlim()
        shown = [t for t in ticks if left <= t <= right]
        axes.set_xticks(shown, [duration(t) if t > _SHORTEST else "≤ 1 ms" for t in shown])
        axes.minorticks_off()
        axes.set_xlabel("time to learn, on a logarithmic scale")
        axes.set_ylabel(f"{table.primary} (better upwards)")
        canvas.figure.draw_without_rendering()
        _label_points(canvas, [e.name for e in entries], seconds, values)

    fast = min(entries, key=lambda e: e.cost.fit_seconds)
    slow = max(entries, key=lambda e: e.cost.fit_seconds)
    return chart(
        f"{prefix}cost-{table.task}",
        f"{table.primary} against the time to learn, from {fast.name} "
        f"({duration(fast.cost.fit_seconds)}) to {slow.name} ({duration(slow.cost.fit_seconds)}).",
        draw,
        height=3.6,
        narrow_height=3.6,
    )


def _label_points(
    canvas: Canvas, names: Sequence[str], x: Sequence[float], y: Sequence[float]
) -> None:
    """Name each point where its name covers no other name or point."""
    axes = canvas.axes
    points = axes.transData.transform(list(zip(x, y, strict=True)))
    frame = axes.get_window_extent()
    taken: list[Box] = [(px - 5, py - 5, px + 5, py + 5) for px, py in points]
    longest = 18 if canvas.narrow else 30
    for name, (px, py) in zip(names, points, strict=True):
        said = name if len(name) <= longest else f"{name[: longest - 1]}…"
        width, height = 0.56 * _LABEL * len(said), 1.15 * _LABEL
        steps = [0.0, *(s * height * n / 2 for n in range(1, 9) for s in (1, -1))]
        options = [(side, dy) for dy in steps for side in ("left", "right")]
        for side, dy in options:
            left = px + 8 if side == "left" else px - 8 - width
            box = (left, py + dy - height / 2, left + width, py + dy + height / 2)
            inside = box[0] >= frame.x0 and box[2] <= frame.x1 and frame.y0 <= box[1]
            if inside and box[3] <= frame.y1 and not any(_overlap(box, t) for t in taken):
                break
        else:
            side, dy = options[0]
            left = px + 8
            box = (left, py - height / 2, left + width, py + height / 2)
        taken.append(box)
        axes.annotate(
            said,
            (px, py),
            (8 if side == "left" else -8, dy),
            xycoords="figure points",
            textcoords="offset points",
            in_layout=False,
            ha=side,
            va="center_baseline",
            fontsize=_LABEL,
            color=INK,
        )


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def curve(name: str, number: int, rows: Sequence[Mapping[str, float]], best: int | None) -> Chart:
    """Loss by epoch, on training and validation, with the epoch whose weights were kept."""
    epochs = [row["epoch"] for row in rows]
    held = [row.get("validation_loss", math.nan) for row in rows]
    validated = any(math.isfinite(value) for value in held)

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        losses = [row["loss"] for row in rows]
        dots = "o" if len(rows) < 40 else ""
        axes.plot(epochs, losses, color=MUTED, lw=1.4, marker=dots, ms=2.5)
        lines = [("training", losses, MUTED)]
        if validated:
            axes.plot(epochs, held, color=ACCENT, lw=1.8, marker=dots, ms=2.5)
            lines.append(("validation", held, ACCENT))
        if best is not None and 1 <= best <= len(rows):
            axes.axvline(best, color=FAINT, lw=1, ls=(0, (4, 3)), zorder=0.5)
            if validated:
                axes.plot(best, held[best - 1], "o", color=ACCENT, ms=6.5, mec=PAPER, mew=0.8)
        axes.grid(axis="y")
        axes.locator_params(axis="x", integer=True)
        axes.locator_params(axis="y", nbins=5)
        axes.set_xlabel("epoch")
        _name_lines(axes, epochs[-1], lines)

    kept = f"; the weights of epoch {best} were kept" if best is not None else ""
    said = f", validation loss {held[-1]:.4g}" if validated else ""
    return chart(
        f"curve-{number}",
        f"Training of {name}: loss {rows[-1]['loss']:.4g} after {len(rows)} epochs{said}{kept}.",
        draw,
        height=2.3,
        half=True,
    )


def _name_lines(axes: Axes, end: float, lines: Sequence[tuple[str, Sequence[float], str]]) -> None:
    """Name each line at its end, the upper one above and the lower one below."""
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.12 * (high - low), high + 0.12 * (high - low))
    ordered = sorted(lines, key=lambda line: line[1][-1])
    for place, (name, values, colour) in enumerate(ordered):
        above = place > 0 or len(ordered) == 1
        axes.annotate(
            name,
            (end, values[-1]),
            (0, 6 if above else -6),
            textcoords="offset points",
            ha="right",
            va="bottom" if above else "top",
            color=INK if colour == MUTED else colour,
        )
