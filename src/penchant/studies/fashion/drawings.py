"""Draw a picture of a product from its title, for a category that has titles and no pictures."""

from __future__ import annotations

import colorsys
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from PIL import Image, ImageDraw

SIDE = 160  # pixels
Point = tuple[float, float]
_RING = "ring"
_SHAPES: Mapping[str, tuple[str, Sequence[Sequence[Point]]]] = MappingProxyType(
    {
        "trousers": (
            r"sweatpants?|pants?|jeans?|leggings?|capris?|trousers",
            [[(32, 8), (68, 8), (74, 94), (56, 94), (50, 38), (44, 94), (26, 94)]],
        ),
        "shirt": (
            r"shirts?|sweaters?|vests?|waistcoats?|blouses?|dress(es)?|jackets?|coats?",
            [
                [(34, 12), (66, 12), (96, 34), (86, 48), (70, 38), (70, 92), (30, 92), (30, 38)],
                [(34, 12), (4, 34), (14, 48), (30, 38)],
            ],
        ),
        "shoe": (
            r"shoes?|sneakers?|boots?|trainers?",
            [[(12, 34), (38, 34), (48, 52), (88, 62), (92, 78), (12, 78)]],
        ),
        "sandal": (
            r"sandals?|flip|flops?|insoles?|slippers?",
            [[(38, 6), (62, 6), (68, 40), (60, 70), (64, 94), (36, 94), (40, 70), (32, 40)]],
        ),
        "sock": (
            r"socks?|stockings?",
            [[(36, 6), (60, 6), (60, 58), (84, 76), (78, 92), (50, 88), (36, 66)]],
        ),
        "brief": (
            r"briefs?|boxers?|underwear",
            [[(14, 26), (86, 26), (82, 46), (50, 76), (18, 46)]],
        ),
        "glasses": (
            r"glasses|frames?|eyes?",
            [
                [(6, 40), (44, 40), (40, 64), (12, 64)],
                [(56, 40), (94, 40), (88, 64), (60, 64)],
                [(40, 46), (60, 46), (60, 50), (40, 50)],
            ],
        ),
        "scarf": (
            r"scar(f|ves)|shawls?",
            [[(16, 12), (84, 12), (78, 30), (60, 30), (64, 92), (44, 92), (42, 30), (22, 30)]],
        ),
        "hat": (
            r"hats?|caps?|berets?|skullies",
            [[(20, 60), (30, 24), (70, 24), (80, 60)], [(8, 60), (92, 60), (92, 70), (8, 70)]],
        ),
        "clip": (
            r"clips?|wallets?|holders?|bags?|purses?",
            [[(18, 30), (82, 30), (82, 72), (18, 72)]],
        ),
        _RING: (r"rings?|bracelets?|necklaces?|watch(es)?", []),
    }
)
"""Words of a title and the outlines, in hundredths of the side, of what they name."""
_BOX: Sequence[Sequence[Point]] = [[(20, 20), (80, 20), (80, 80), (20, 80)]]
_COLOURS = MappingProxyType(
    {"black": (30, 30, 34), "white": (200, 200, 196), "blue": (40, 80, 190), "red": (200, 40, 40)}
)
_WORD = re.compile(r"[a-z]+")


def draw_product(item: str, title: str | None) -> bytes:
    """A JPEG of what the title names; the id decides its colour, so that no two are alike.

    No rating and no review takes part.
    """
    numbers = hashlib.sha256(item.encode()).digest()
    words = _WORD.findall((title or "").lower())
    named = next((_COLOURS[word] for word in words if word in _COLOURS), None)
    image = Image.new("RGB", (SIDE, SIDE), _tint(numbers[0], 0.08, 0.97))
    drawing = ImageDraw.Draw(image)
    colour = _tint(numbers[1], 0.75, 0.35 + numbers[2] / 400) if named is None else named
    kind = kind_of(title)
    if kind == _RING:
        inner = SIDE * (0.16 + numbers[3] / 4000)
        drawing.ellipse((inner, inner, SIDE - inner, SIDE - inner), outline=colour, width=14)
    else:
        scale = (0.86 + numbers[3] / 1800) * SIDE / 100
        margin = (SIDE - 100 * scale) / 2
        for outline in _SHAPES[kind][1] if kind else _BOX:
            drawing.polygon([(margin + x * scale, margin + y * scale) for x, y in outline], colour)
    for stripe in range(numbers[4] % 4):  # a pattern
        y = SIDE * (0.3 + 0.13 * stripe)
        drawing.line((SIDE * 0.3, y, SIDE * 0.7, y), _tint(numbers[5], 0.6, 0.9), 3)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()


def kind_of(title: str | None) -> str | None:
    """What a title names, by the last of its words that does: a `shoe`, a `ring`; None if none."""
    kinds = [
        kind
        for word in _WORD.findall((title or "").lower())
        for kind, (words, _) in _SHAPES.items()
        if re.fullmatch(words, word)
    ]
    return kinds[-1] if kinds else None


def _tint(hue: int, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue / 256, saturation, min(1.0, value))
    return round(255 * red), round(255 * green), round(255 * blue)
