"""Clouds of words as SVG: the larger, the more a word says, and none covers another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from penchant.reporting.charts.svg import Chart

_WIDE, _HIGH = 440.0, 300.0
_LARGEST, _SMALLEST = 40.0, 11.0
_GAP = 2.5
_WIDTHS = {c: w for letters, w in (("ijl'|", 0.29), ("frtI", 0.4), ("mwMW", 0.88)) for c in letters}
_BOLD, _FIRST = 5, 15  # words in bold, and words in full colour


class Placed(NamedTuple):
    """A word and the box it takes, in pixels.

    Attributes:
        word: the word.
        size: of its letters.
        x: the box's left end.
        y: its upper end.
        width: its width.
        height: its height.
    """

    word: str
    size: float
    x: float
    y: float
    width: float
    height: float


def place(
    words: Sequence[str], weights: Sequence[float], *, wide: float = _WIDE, high: float = _HIGH
) -> list[Placed]:
    """Find a place for each word, the weightiest in the middle and the others around it.

    Each word goes along a spiral from the middle outwards to the first place where it covers no
    other and stays inside; one that finds none is tried smaller, and left out at last. Nothing is
    left to chance: the same words give the same cloud.

    Args:
        words: what to place.
        weights: positive, one for each.
        wide: the width of the picture.
        high: its height.
    """
    order = sorted(range(len(words)), key=lambda n: (-weights[n], words[n]))
    if not order:
        return []
    top = weights[order[0]]
    placed: list[Placed] = []
    for n in order:
        share = math.sqrt(max(weights[n], 0) / top) if top > 0 else 1.0
        size = _SMALLEST + (_LARGEST - _SMALLEST) * share**1.5
        size = min(size, size * (wide - 2 * _GAP) / _width(words[n], size))
        while size >= _SMALLEST * 0.8:
            found = _spot(words[n], size, placed, wide, high)
            if found is not None:
                placed.append(found)
                break
            size *= 0.8
    return placed


def _width(word: str, size: float) -> float:
    """About how wide a word is; the picture then makes it exactly so wide."""
    return max(sum(_WIDTHS.get(c, 0.6) for c in word), 0.4) * size


def _spot(
    word: str, size: float, placed: Sequence[Placed], wide: float, high: float
) -> Placed | None:
    width, height = _width(word, size), 1.12 * size
    step = 2.5
    angle = 0.0
    while (radius := step * angle / (2 * math.pi)) < math.hypot(wide, high) / 2:
        x = wide / 2 + radius * math.cos(angle) - width / 2
        y = high / 2 + radius * math.sin(angle) * high / wide - height / 2
        box = Placed(word, size, x, y, width, height)
        if _inside(box, wide, high) and not any(overlap(box, other) for other in placed):
            return box
        angle += max(0.05, min(0.5, step / max(radius, 1.0)))
    return None


def _inside(box: Placed, wide: float, high: float) -> bool:
    return box.x >= 0 and box.y >= 0 and box.x + box.width <= wide and box.y + box.height <= high


def overlap(a: Placed, b: Placed) -> bool:
    """Whether two words come nearer to each other than they should."""
    return (
        a.x < b.x + b.width + _GAP
        and b.x < a.x + a.width + _GAP
        and a.y < b.y + b.height
        and b.y < a.y + a.height
    )


def cloud(
    name: str, title: str, words: Sequence[str], weights: Sequence[float], colour: str
) -> Chart:
    """A cloud as a chart of half a page's width.

    Args:
        name: a word that is unique on the page.
        title: what the cloud shows, for those who cannot see it.
        words: the words.
        weights: what each says.
        colour: a variable of the style sheet, such as `good`.
    """
    parts = [
        f'<svg viewBox="0 0 {_WIDE:.0f} {_HIGH:.0f}" role="img" aria-labelledby="{name}-title" '
        f'style="max-width:{_WIDE:.0f}px"><title id="{name}-title">{escape(title)}</title>'
    ]
    for n, box in enumerate(place(words, weights)):
        # The reader's fonts differ: the length that was reckoned with is what the word gets.
        parts.append(
            f'<text x="{box.x:.1f}" y="{box.y + 0.86 * box.size:.1f}" '
            f'textLength="{box.width:.1f}" lengthAdjust="spacingAndGlyphs" '
            f'style="font-size:{box.size:.1f}px;fill:var(--{colour});'
            f'opacity:{1 if n < _FIRST else 0.8};font-weight:{600 if n < _BOLD else 400}">'
            f"{escape(box.word)}</text>"
        )
    return Chart("\n".join([*parts, "</svg>"]), "", title)
