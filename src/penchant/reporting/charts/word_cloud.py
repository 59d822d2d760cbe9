"""Clouds of words as SVG, placed by the package wordcloud: the larger, the more a word says."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from penchant.errors import require
from penchant.reporting.charts.svg import Chart

_WIDE, _HIGH = 440, 300  # pixels
_FULL = 45  # words that fill them; fewer get less room, so that they stand together
_BETWEEN = 10  # pixels round a word, half on each side, so that two do not read as one
_FIRST = 15  # words in full colour


def cloud(name: str, caption: str, weights: Mapping[str, float], colour: str) -> Chart:
    """A cloud as a chart of half a page's width. The same words give the same cloud.

    Args:
        name: a word that is unique on the page.
        caption: what the cloud shows, for those who cannot see it.
        weights: how much each word says, above 0; at least one word.
        colour: a variable of the style sheet, such as `good`.

    Raises:
        MissingExtraError: wordcloud is not installed.
    """
    size = min(1.0, max(0.4, len(weights) / _FULL)) ** 0.5
    wide, high = round(size * _WIDE), round(size * _HIGH)
    word_cloud = require("wordcloud", "report").WordCloud(
        font_path=str(_font_file()),
        width=wide,
        height=high,
        margin=_BETWEEN,
        prefer_horizontal=1.0,
        relative_scaling=0.6,
        min_font_size=9,
        max_font_size=46,
        random_state=0,
    )
    ordered = dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])))
    word_cloud.generate_from_frequencies(ordered)
    font = require("PIL.ImageFont", "report")
    texts = []
    for n, ((word, _), letters, (y, x), _, _) in enumerate(word_cloud.layout_):
        face = font.truetype(str(_font_file()), letters)
        left, top, _, _ = face.getbbox(word)
        # The reader's fonts differ: the length that was reckoned with is what the word gets.
        texts.append(
            f'<text x="{x - left}" y="{y + face.getmetrics()[0] - top}" '
            f'textLength="{face.getlength(word):.1f}" '
            f'lengthAdjust="spacingAndGlyphs" style="font-size:{letters}px;fill:var(--{colour});'
            f'opacity:{1 if n < _FIRST else 0.8}">'
            f"{escape(word)}</text>"
        )
    head = (
        f'<svg viewBox="0 0 {wide} {high}" role="img" aria-labelledby="{name}-title" '
        f'style="max-width:{wide}px"><title id="{name}-title">{escape(caption)}</title>'
    )
    return Chart("\n".join([head, *texts, "</svg>"]), "", caption, half=True)


def _font_file() -> Path:
    """The font by which words are measured, one that comes with Matplotlib."""
    data = Path(require("matplotlib", "report").get_data_path())
    return data / "fonts" / "ttf" / "DejaVuSans.ttf"
