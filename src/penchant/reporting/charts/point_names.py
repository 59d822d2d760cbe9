"""Names the points of a chart, each where its name covers no other name or point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from penchant.reporting.charts.style import wrapped
from penchant.reporting.charts.svg import INK, MUTED, Canvas
from penchant.typing import Float64

SIZE = 9.0
"""Points of the names' font."""
_LETTER, _LINE = 0.62, 1.15  # width and height of a letter, as shares of the font's size
_LETTERS, _LETTERS_NARROW = 30, 18  # of a line
_DOT, _GAP = 5.0, 8.0  # points that a dot takes to each side, and from its centre to its name
_SHIFTS = 12  # steps sideways that are tried on each side, of so many points
_SHIFT = 14.0
_CROSSED = 25.0  # points that a name goes further away rather than lie over one line
_SAMPLES = np.linspace(0.05, 0.95, 19)[:, None]

Point = tuple[float, float]
Interval = tuple[float, float] | None


class Box(NamedTuple):
    """A rectangle, in points."""

    left: float
    low: float
    right: float
    high: float

    def overlaps(self, other: Box) -> bool:
        """Whether two rectangles share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.low < other.high and other.low < self.high

    def contains(self, other: Box) -> bool:
        """Whether another rectangle is within this one."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.low <= other.low and other.high <= self.high

    def is_crossed(self, start: Point, end: Point) -> bool:
        """Whether a line runs through the rectangle."""
        x, y = (np.array(start) + _SAMPLES * np.subtract(end, start)).T
        inside = (self.left < x) & (x < self.right) & (self.low < y) & (y < self.high)
        return bool(inside.any())


class Place(NamedTuple):
    """Where a name stands, on which side of its point, and whether it needs a line to that."""

    box: Box
    is_right: bool
    needs_line: bool

    @property
    def anchor(self) -> Point:
        """The middle of the edge that is towards the point."""
        return self.box.left if self.is_right else self.box.right, (
            self.box.low + self.box.high
        ) / 2


def name_points(
    canvas: Canvas, names: Sequence[str], x: Float64, y: Float64, intervals: Sequence[Interval]
) -> None:
    """Name each point; a name that is not right beside its point has a line to it.

    The name of a point for which there is no free place is left out.
    """
    axes = canvas.axes
    transform = axes.transData.transform
    points = [(float(px), float(py)) for px, py in transform(np.column_stack([x, y]))]
    bars = []
    for at, ends in zip(x, intervals, strict=True):
        if ends is not None:
            (px, low), (_, high) = transform([(at, ends[0]), (at, ends[1])])
            bars.append(Box(px - 1, min(low, high), px + 1, max(low, high)))
    labels = [wrapped(name, _LETTERS_NARROW if canvas.narrow else _LETTERS) for name in names]
    frame = Box(*axes.get_window_extent().extents)
    places = find_places(labels, points, bars, frame)
    for label, point, place in zip(labels, points, places, strict=True):
        if place is None:
            continue
        if place.needs_line:
            axes.annotate(
                "",
                place.anchor,
                point,
                xycoords="figure points",
                textcoords="figure points",
                in_layout=False,
                arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.7, "shrinkA": 4},
            )
        axes.annotate(
            label,
            place.anchor,
            xycoords="figure points",
            in_layout=False,
            ha="left" if place.is_right else "right",
            va="center" if "\n" in label else "center_baseline",
            fontsize=SIZE,
            color=INK,
        )


def find_places(
    labels: Sequence[str], points: Sequence[Point], bars: Sequence[Box], frame: Box
) -> list[Place | None]:
    """For each label the free place that is nearest to its point.

    Args:
        labels: the names, in lines.
        points: what they name.
        bars: what labels may cover, if at some cost.
        frame: what all labels are to lie in.

    Returns:
        None for a label that has no free place.
    """
    search = _Search(points, bars)
    places: list[Place | None] = [None] * len(labels)
    for far in (False, True):  # first what finds a place right beside its point
        for n, (label, point) in enumerate(zip(labels, points, strict=True)):
            if places[n] is None:
                places[n] = search.place(_candidates(label, point, frame, far=far), n)
    return places


class _Search:
    """Finds places one after the other, each beside what is there already.

    Args:
        points: what labels name, and must not cover.
        bars: what they may cover, if at some cost.
    """

    def __init__(self, points: Sequence[Point], bars: Sequence[Box]) -> None:
        self.points, self.bars = points, bars
        self.dots = [Box(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in points]
        self.names: list[Box] = []
        self.lines: list[tuple[Point, Point]] = []

    def place(self, candidates: Iterator[tuple[Place, float]], n: int) -> Place | None:
        """The best free place for the name of the n-th point, which is then taken."""
        best, cost = None, np.inf
        for place, away in candidates:
            if away < cost and self._is_free(place.box):
                crossed = self._crossings(place, n)
                if away + _CROSSED * crossed < cost:
                    best, cost = place, away + _CROSSED * crossed
        if best is not None:
            self.names.append(best.box)
            if best.needs_line:
                self.lines.append((self.points[n], best.anchor))
        return best

    def _is_free(self, box: Box) -> bool:
        return not any(map(box.overlaps, self.names)) and not any(map(box.overlaps, self.dots))

    def _crossings(self, place: Place, n: int) -> int:
        crossed = sum(map(place.box.overlaps, self.bars))
        crossed += sum(place.box.is_crossed(*line) for line in self.lines)
        if place.needs_line:
            others = [*self.dots[:n], *self.dots[n + 1 :], *self.names]
            crossed += sum(box.is_crossed(self.points[n], place.anchor) for box in others)
        return crossed


def _candidates(
    label: str, point: Point, frame: Box, *, far: bool
) -> Iterator[tuple[Place, float]]:
    """Places for a label within the frame, the nearest first, and how far away they are.

    Args:
        label: the name, in lines.
        point: what it names.
        frame: what the name is to lie in.
        far: whether places anywhere, or only those that are right beside the point.
    """
    x, y = point
    rows = label.split("\n")
    width, height = _LETTER * SIZE * max(map(len, rows)), _LINE * SIZE * len(rows)
    step = _LINE * SIZE / 2
    n_steps = int((frame.high - frame.low) / step) if far else len(rows)
    ways = [
        (float(np.hypot(_SHIFT * shift, step * n)), _GAP + _SHIFT * shift, dy)
        for shift in range(_SHIFTS if far else 1)
        for n in range(n_steps + 1)
        for dy in sorted({n * step, -n * step}, reverse=True)
    ]
    for away, gap, dy in sorted(ways, key=lambda way: way[0]):
        for is_right in (True, False):
            left = x + gap if is_right else x - gap - width
            box = Box(left, y + dy - height / 2, left + width, y + dy + height / 2)
            if frame.contains(box):
                yield Place(box, is_right, needs_line=far), away
