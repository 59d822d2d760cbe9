"""Charts as inline SVG that takes its colours and fonts from the page around it.

Colours are drawn as stand-ins and then replaced by the variables of the page's style sheet, so
that one chart serves light, dark and print. Text stays text. Every chart is drawn twice, for a
wide and for a narrow page, because a shrunk chart cannot be read on a phone.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from penchant.errors import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, FAINT, ACCENT, SOFT = "#010101", "#020202", "#030303", "#040404", "#050505"
GOOD, FAIR, BAD, PAPER = "#060606", "#070707", "#080808", "#090909"
SECOND, THIRD, FOURTH, FIFTH = "#0a0a0a", "#0b0b0b", "#0c0c0c", "#0d0d0d"  # after ACCENT
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    FAINT: "line",
    ACCENT: "accent",
    SOFT: "soft",
    GOOD: "good",
    FAIR: "fair",
    BAD: "bad",
    PAPER: "paper",
    SECOND: "second",
    THIRD: "third",
    FOURTH: "fourth",
    FIFTH: "fifth",
}
_WIDE, _HALF, _NARROW = 9.3, 4.5, 3.7  # inches of 100 CSS pixels
_LETTERS_PER_INCH = 14  # of the names of axes
_STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9.5,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 1.0,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "figure.facecolor": "none",
    "image.interpolation": "none",
}


class Sign(NamedTuple):
    """A line of a chart's key: the class of its colour, its sign and what it stands for."""

    colour: str
    sign: str
    name: str


@dataclass(frozen=True)
class Chart:
    """A drawn chart.

    Attributes:
        wide: an SVG for wide pages, or for all.
        narrow: another one for narrow pages; empty without one.
        caption: what it shows.
        key: what its colours, marks and lines stand for.
        half: whether it takes half the width of a wide page.
    """

    wide: str
    narrow: str
    caption: str
    key: tuple[Sign, ...] = ()
    half: bool = True


@dataclass(frozen=True)
class Canvas:
    """What a chart is drawn on.

    Attributes:
        figure: the figure.
        axes: its axes.
        narrow: whether the chart is for a phone.
        dense: whether it shares a phone's screen with other things.
    """

    figure: Figure
    axes: Axes
    narrow: bool
    dense: bool = False


def chart(
    name: str,
    caption: str,
    draw: Callable[[Canvas], None],
    *,
    height: float,
    narrow_height: float,
    half: bool,
    key: tuple[Sign, ...] = (),
    dense: bool = False,
) -> Chart:
    """Draw a chart for wide and for narrow pages.

    Args:
        name: a word that is unique on the page.
        caption: what the chart shows, for those who cannot see it.
        draw: draws it.
        height: in inches.
        narrow_height: the same on narrow pages.
        half: whether the chart takes half the width of a wide page, and so is drawn once.
        key: what colours, marks and lines stand for.
        dense: whether it shares a phone's screen with other things.
    """
    if half:
        svg = _draw(name, caption, draw, (_HALF, height), narrow=True)
        return Chart(svg, "", caption, key, half=True)
    wide = _draw(f"{name}-wide", caption, draw, (_WIDE, height), narrow=False)
    narrow = _draw(
        f"{name}-narrow", caption, draw, (_NARROW, narrow_height), narrow=True, dense=dense
    )
    return Chart(wide, narrow, caption, key, half=False)


def _draw(
    name: str,
    title: str,
    draw: Callable[[Canvas], None],
    size: tuple[float, float],
    *,
    narrow: bool,
    dense: bool = False,
) -> str:
    matplotlib = require("matplotlib", "report")
    figures = require("matplotlib.figure", "report")
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        # Fonts are the reader's, so it does not matter which signs the font at hand has.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        figure = figures.Figure(figsize=size, dpi=72, layout="constrained")
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03)
        canvas = Canvas(figure, figure.add_subplot(), narrow, dense)
        draw(canvas)
        _wrap_axis_names(canvas, *size)
        file = io.StringIO()
        # Unlike `savefig`, which draws everything once before for the layout alone.
        require("matplotlib.backends.backend_svg", "report").FigureCanvasSVG(figure).print_svg(
            file, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    return _inline(file.getvalue(), name, title)


def _wrap_axis_names(canvas: Canvas, width: float, height: float) -> None:
    """Break the names of axes that are longer than these."""
    for axis, inches in ((canvas.axes.xaxis, width), (canvas.axes.yaxis, height)):
        letters = max(12, int(_LETTERS_PER_INCH * (inches - 0.6)))
        axis.set_label_text("\n".join(textwrap.wrap(axis.get_label_text(), letters)))


def _inline(svg: str, name: str, title: str) -> str:
    """The SVG element alone, with unique ids, without addresses, in the colours of the page."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)
    svg = svg.replace("xlink:href", "href")
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2]
    start = (
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="xMinYMin" role="img" '
        f'aria-labelledby="{name}-title" style="max-width:{float(width) * 100 / 72:.0f}px">'
        f'<title id="{name}-title">{escape(title)}</title>'
    )
    svg = re.sub(r"<svg [^>]*>", lambda _: start, svg, count=1)  # backslashes stay as they are
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(
        r' id="([^"]+)"',
        lambda m: f' id="{name}-{m[1]}"' if m[1] in used else m[0] if name in m[1] else "",
        svg,
    )
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, f"var(--{variable})")
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: (?:(bold|\d+) )?([\d.]+)px [^;\"]*", _font, svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    return re.sub(r"\s*\n\s*", "\n", svg)


def _font(match: re.Match[str]) -> str:
    weight = f"font-weight: {match[1]}; " if match[1] else ""
    return f"{weight}font-size: {match[2]}px"
