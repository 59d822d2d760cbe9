"""Dots with intervals and small curves as SVG files that are the same whenever they are drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

Value = tuple[float, float, float]
"""A figure with the ends of its interval."""
_INK, _FAINT, _FAIR, _BAD = "#1f2937", "#d1d5db", "#b45309", "#b91c1c"
_COLOURS = ("#2563eb", "#0f766e", "#9333ea", "#111827", "#db2777")
_FONTS = "DejaVu Sans, Verdana, Arial, Helvetica, sans-serif"
_DECIMALS = re.compile(r"\d+\.\d{2,}")
_MARKS = ("o", "s", "^", "D", "v")
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "audit",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}


def dots(
    path: Path,
    title: str,
    rows: Mapping[str, Mapping[str, Value]],
    bars: tuple[float | None, float | None],
    *,
    share: bool = False,
    level: float | None = None,
) -> Path:
    """A row of dots for each name, a mark for each series, with dashed lines where rules object.

    Args:
        path: the file.
        title: what the horizontal axis shows.
        rows: by name and series the figure and its interval.
        bars: from where on the rule calls figures doubtful, and wrong.
        share: whether figures are shares, shown from 0 to 100 %.
        level: a figure to compare all others with, as a grey line.
    """
    series = list(dict.fromkeys(name for row in rows.values() for name in row))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.6, 1.15 + 0.34 * len(rows)), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.05)
        axes = figure.add_subplot()
        for n, name in enumerate(series):
            shift = (n - (len(series) - 1) / 2) * 0.16
            there = [(place, row[name]) for place, row in enumerate(rows.values()) if name in row]
            y = np.array([place + shift for place, _ in there])
            value, low, high = np.array([v for _, v in there]).T
            axes.hlines(y, low, high, color=_COLOURS[n], linewidth=1.6, alpha=0.6)
            axes.plot(value, y, _MARKS[n], color=_COLOURS[n], markersize=5, label=name)
        for bar, colour in zip(bars, (_FAIR, _BAD), strict=True):
            if bar is not None and (bars[0] != bars[1] or colour == _BAD):
                axes.axvline(bar, color=colour, linestyle=(0, (4, 3)), linewidth=1, zorder=0)
        if level is not None:
            axes.axvline(level, color=_FAINT, linewidth=3, zorder=0)
        handles, labels = axes.get_legend_handles_labels()
        for bar, colour, word in zip(bars, (_FAIR, _BAD), ("doubtful", "wrong"), strict=True):
            if bar is not None and (bars[0] != bars[1] or colour == _BAD):
                handles.append(Line2D([], [], color=colour, linestyle=(0, (4, 3)), linewidth=1))
                labels.append(f"{word} from {_written(bar, share)}")
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.hlines(np.arange(len(rows) - 1) + 0.5, 0, 1, _FAINT, linewidth=0.6,
                    transform=axes.get_yaxis_transform(), zorder=0)  # fmt: skip
        if share:
            axes.set_xlim(-0.02, 1.02)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
        else:
            axes.set_xlim(
                left=min(-0.005, 1.1 * min(v[1] for r in rows.values() for v in r.values()))
            )
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        figure.legend(
            handles, labels, loc="outside lower left", ncols=min(5, len(labels)), frameon=False,
            fontsize=8, handletextpad=0.5, columnspacing=1.2,
        )  # fmt: skip
        return _saved(figure, path)


def curves(path: Path, page: str) -> Path:
    """A small curve for each row of the page's table of detection: share found by strength."""
    table = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("|") and "`" in line and line.count("|") > 8
    ]
    head = next(line for line in page.splitlines() if line.startswith("| planted"))
    strengths = [float(cell) for cell in head.strip("| ").split("|")[2:]]
    columns = 5
    with mpl.rc_context(_STYLE | {"font.size": 7.5}):
        height = 1.25 * -(-len(table) // columns) + 0.5
        figure = Figure(figsize=(9.2, height), layout="constrained")
        grid = figure.subplots(-(-len(table) // columns), columns, sharex=True, sharey=True)
        for axes, row in zip(grid.flat, table, strict=False):
            found = [[float(x) for x in re.findall(r"\d+", cell)] for cell in row[2:]]
            axes.plot(strengths, [f[0] for f in found], color=_FAIR, linewidth=1.6)
            if all(len(f) > 1 for f in found):
                axes.plot(strengths, [f[1] for f in found], color=_BAD, linewidth=1.6)
            axes.set_title(row[1].strip("`"), fontsize=8, loc="left", pad=3)
            axes.set_ylim(-4, 104)
            axes.set_yticks([0, 50, 100])
            axes.set_xticks([0, 0.5, 1])
            axes.tick_params(length=0)
            axes.grid(color=_FAINT, linewidth=0.5)
        for axes in grid.flat[len(table) :]:
            axes.set_axis_off()
        figure.supxlabel("strength of the planted fault (0: none)", fontsize=8.5)
        figure.supylabel("cases in a hundred", fontsize=8.5)
        marks = [Line2D([], [], color=colour) for colour in (_FAIR, _BAD)]
        figure.legend(
            marks, ["called doubtful or wrong", "called wrong, where it may"],
            loc="outside upper left", ncols=2, frameon=False, fontsize=8.5,
        )  # fmt: skip
        return _saved(figure, path)


def _written(bar: float, share: bool) -> str:
    return f"{100 * bar:g} %" if share else f"{bar:g}"


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}"


def _saved(figure: Figure, path: Path) -> Path:
    """Write the drawing with what no reader sees left out: a fifth of Matplotlib's bytes."""
    figure.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")
    text = path.read_text(encoding="utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = text.replace("<svg ", f'<svg font-family="{_FONTS}" ', 1)
    text = re.sub(r" ?stroke-line(cap|join): [a-z]+;?| transform=\"rotate\(-0 [^\"]*\"", "", text)
    text = re.sub(r"<[^>]+>", lambda tag: _DECIMALS.sub(_rounded, tag[0]), text)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", text)
    text = re.sub(r"\s*\n\s*", " ", text).replace("> <", ">\n<")
    text = re.sub(r"<g/>\n|(?<=>)\n(?=</)", "", text)
    path.write_text(f"{text.strip()}\n", encoding="utf-8")
    return path
