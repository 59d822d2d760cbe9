"""Charts of a tuning: the score by trial, and by the value of each hyper-parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.errors import require
from penchant.reporting.charts.svg import ACCENT, GOOD, MUTED, Canvas, Chart, chart
from penchant.results.tuning import Tuning
from penchant.results.tuning_parts import Range, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 2.6


def by_trial(tuning: Tuning) -> Chart:
    """The score of each trial, and the best so far as a line."""
    best = tuning.winner
    known = [trial for trial in tuning.trials if trial.score is not None]

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        steps = [(n, score) for n, score in enumerate(tuning.so_far(), 1) if score is not None]
        axes.step(*zip(*steps, strict=True), where="post", color=MUTED, lw=1.4)
        _dots(axes, [t.number for t in known], [t.score or 0.0 for t in known])
        _star(axes, best.number, best.score or 0.0)
        axes.locator_params(axis="x", integer=True, nbins=6)
        axes.locator_params(axis="y", nbins=5)
        axes.grid(axis="y")
        axes.set_xlabel("trial")
        axes.set_ylabel(tuning.metric)

    title = (
        f"{tuning.metric} on validation by trial, and the best so far as a line; the best of all "
        f"is trial {best.number} with {best.score:.4f}."
    )
    return chart("by-trial", title, draw, height=_HEIGHT, half=True)


def by_value(tuning: Tuning, number: int) -> Chart:
    """The score of each trial by the value of one parameter, that of the best one marked.

    Args:
        tuning: what is drawn.
        number: of the parameter, from 0 in the order of the space.
    """
    name, range_ = list(tuning.space.items())[number]
    known = [trial for trial in tuning.trials if trial.score is not None]
    best = tuning.winner

    def draw(canvas: Canvas) -> None:
        axes = canvas.axes
        _dots(
            axes,
            [_place(range_, trial.values[name]) for trial in known],
            [trial.score or 0.0 for trial in known],
        )
        _star(axes, _place(range_, best.values[name]), best.score or 0.0)
        _scale(axes, range_)
        axes.locator_params(axis="y", nbins=5)
        axes.grid(axis="y")
        axes.set_xlabel(name)
        axes.set_ylabel(tuning.metric)

    whatever = ", whatever the other parameters" if len(tuning.space) > 1 else ""
    title = (
        f"{tuning.metric} on validation by {name}{whatever}; the best trial has "
        f"{name}={text(best.values[name])}."
    )
    return chart(f"by-value-{number}", title, draw, height=_HEIGHT, half=True)


def _place(range_: Range, value: object) -> float:
    """Where a value stands: at itself, or at its place in a list without order."""
    if range_.low is None or not isinstance(value, int | float):
        return float([text(v) for v in range_.values].index(text(value)))
    return float(value)


def _scale(axes: Axes, range_: Range) -> None:
    if range_.low is None:
        axes.set_xticks(range(len(range_.values)), [text(v)[:20] for v in range_.values])
        axes.set_xlim(-0.5, len(range_.values) - 0.5)
        return
    if range_.log:
        ticker = require("matplotlib.ticker", "report")
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axes.locator_params(axis="x", nbins=6, integer=range_.whole)


def _dots(axes: Axes, x: list[float] | list[int], y: list[float]) -> None:
    axes.scatter(x, y, s=16, color=ACCENT, alpha=max(0.3, 0.9 - len(x) / 500), lw=0, zorder=2)


def _star(axes: Axes, x: float, y: float) -> None:
    """The best trial, so that nobody has to see colours to find it."""
    axes.scatter([x], [y], s=90, marker="o", facecolors="none", edgecolors=GOOD, lw=1.8, zorder=3)
