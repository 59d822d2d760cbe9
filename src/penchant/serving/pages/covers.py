"""Covers for items without a picture, drawn from their titles alone."""

from __future__ import annotations

import hashlib
import textwrap
from html import escape

_WIDTH, _HEIGHT = 120, 180
_LINES = 6  # at most
_SIZES = {11: 15, 13: 13, 16: 10.5}  # of letters, by how many a line has


def cover(title: str, key: object) -> str:
    """A cover as an SVG element: the same for the same title and id, and decoration alone.

    It has no style attribute, which the pages' content security policy would refuse.

    Args:
        title: stands on it.
        key: tells items of one title apart, such as an id.
    """
    seed = hashlib.sha256(f"{title}\n{key}".encode("utf-8", "surrogatepass")).digest()
    hue, turn = seed[0] * 360 // 256, 30 + seed[1] % 60
    dark = f"hsl({hue} 42% 24%)"
    middle = f"hsl({(hue + turn) % 360} 46% 34%)"
    light = f"hsl({(hue + turn) % 360} 55% 52%)"
    return (
        f'<svg class="cover" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true" '
        f'focusable="false"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="{dark}"/>'
        f"{_SHAPES[seed[2] % len(_SHAPES)](seed, middle, light)}{_title(title)}</svg>"
    )


def _title(title: str) -> str:
    longest = max(map(len, title.split()), default=1)
    letters = next((n for n in _SIZES if longest <= n), max(_SIZES))
    size = _SIZES[letters]
    lines = textwrap.wrap(title, letters, max_lines=_LINES, placeholder="…") or ["?"]
    spans = "".join(
        f'<tspan x="10" dy="{0 if n == 0 else size + 3}">{escape(line)}</tspan>'
        for n, line in enumerate(lines)
    )
    return (
        f'<text x="10" y="{size + 11}" font-size="{size}" font-weight="700" fill="#fff">'
        f"{spans}</text>"
    )


def _circles(seed: bytes, middle: str, light: str) -> str:
    x, y = 20 + seed[3] % 80, 130 + seed[4] % 40
    return "".join(
        f'<circle cx="{x}" cy="{y}" r="{r}" fill="none" stroke="{c}" stroke-width="{w}"/>'
        for r, c, w in ((58, middle, 16), (32, middle, 9), (12, light, 6))
    )


def _hills(seed: bytes, middle: str, light: str) -> str:
    a, b = 100 + seed[3] % 40, 120 + seed[4] % 40
    return (
        f'<circle cx="{24 + seed[5] % 72}" cy="{a}" r="15" fill="{light}"/>'
        f'<path d="M0 {a + 30}Q40 {a - 12} 80 {a + 28}T120 {a + 14}V180H0Z" fill="{middle}"/>'
        f'<path d="M0 {b + 30}Q50 {b - 6} 120 {b + 34}V180H0Z" fill="{light}" opacity=".35"/>'
    )


def _stripes(seed: bytes, middle: str, light: str) -> str:
    step = 14 + seed[3] % 10
    return "".join(
        f'<path d="M{x - 60} 180L{x} 96" stroke="{light if n % 3 == seed[4] % 3 else middle}" '
        'stroke-width="6"/>'
        for n, x in enumerate(range(10, 200, step))
    )


def _tiles(seed: bytes, middle: str, light: str) -> str:
    return "".join(
        f'<rect x="{10 + 26 * (n % 4)}" y="{104 + 24 * (n // 4)}" width="22" height="20" rx="3" '
        f'fill="{light if seed[3 + n] > 190 else middle}"/>'
        for n in range(12)
        if seed[3 + n] > 60
    )


_SHAPES = (_circles, _hills, _stripes, _tiles)
