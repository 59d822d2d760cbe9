"""Numbers and lists of names as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from penchant.results.tables import MetricValue

DASH = "–"
MINUS = "\N{MINUS SIGN}"
_GAP = "\N{NO-BREAK SPACE}"  # between a number and its unit


def decimals(figures: Iterable[MetricValue]) -> int:
    """How many decimals show two digits of half the width of most of the figures' intervals."""
    widths = []
    for figure in figures:
        for low, high in ((figure.low, figure.high), (figure.gain_low, figure.gain_high)):
            if math.isfinite(high - low) and high > low:
                widths.append((high - low) / 2)
    if not widths:
        return 3
    return min(5, max(2, 1 + math.ceil(-math.log10(sorted(widths)[len(widths) // 2]))))


def fixed(value: float | None, places: int = 3) -> str:
    """A number with so many decimals, or a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:.{places}f}".replace("-", MINUS)


def signed(value: float | None, places: int = 3) -> str:
    """A number with its sign."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:+.{places}f}".replace("-", MINUS)


def whole(value: float | None) -> str:
    """A whole number with separators."""
    return DASH if value is None else f"{value:,.0f}".replace("-", MINUS)


def short(value: float | None) -> str:
    """A count in at most four signs: 950, 12 k, 2.8 M, 1.3 G."""
    if value is None or not math.isfinite(value):
        return DASH
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            scaled = value / size
            return f"{scaled:.1f}{_GAP}{unit}" if scaled < 9.95 else f"{scaled:,.0f}{_GAP}{unit}"
    return f"{value:,.0f}" if value >= 9.95 or value == int(value) else f"{value:.1f}"


def percent(value: float | None) -> str:
    """A share in per cent with the digits that matter."""
    if value is None or not math.isfinite(value):
        return DASH
    hundredth = 100 * value
    if hundredth and abs(hundredth) < 0.01:
        return f"under 0.01{_GAP}%"
    places = 0 if abs(hundredth) >= 10 or not hundredth else 1 if abs(hundredth) >= 1 else 2
    return f"{hundredth:.{places}f}{_GAP}%".replace("-", MINUS)


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    if not math.isfinite(seconds):
        return DASH
    if seconds < 0.001:
        return f"under 1{_GAP}ms"
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f}{_GAP}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}{_GAP}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{_GAP}min {rest}{_GAP}s"
    return f"{minutes // 60:,}{_GAP}h {minutes % 60}{_GAP}min"


def memory(size: float | None) -> str:
    """A number of bytes in the unit that suits it."""
    if size is None:
        return DASH
    if size < 2**20:
        return f"under 1{_GAP}MB"
    if size < 2**30:
        return f"{size / 2**20:.0f}{_GAP}MB"
    return f"{size / 2**30:.1f}{_GAP}GB"


def day(moment: datetime | None) -> str:
    """A date such as 20 Sep 1997."""
    return DASH if moment is None else f"{moment.day}{_GAP}{moment:%b}{_GAP}{moment.year}"


def quoted(names: Iterable[str]) -> list[str]:
    """Names for a list or a sentence: those with a comma in quotation marks."""
    return [f"“{name}”" if "," in name else name for name in names]


def join_names(names: Sequence[str], last: str = "and") -> str:
    """Names as a sentence lists them: `a, b and c`."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)
