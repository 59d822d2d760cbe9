"""Draws which package imports which, by layers: `python docs/site_builder/architecture.py`.

Layers are those of the import contracts in `pyproject.toml`, imports those that grimp finds. An
arrow that follows from others is left out, and so are arrows to the layers that all others use.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "architecture.svg"
SHARED = 3  # layers from the bottom that are used everywhere
_WIDTH, _ROW, _TOP, _BOX, _GLYPH, _ASIDE = 940, 58, 30, 30, 7.4, 240
_STYLE = """
  text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #1f2933; text-anchor: middle }
  .note { font: 12px system-ui, sans-serif; fill: #52606d; text-anchor: start }
  rect { fill: #e8f0fa; stroke: #2f6db3; rx: 5px }
  .shared { fill: #f1f3f5; stroke: #9aa5b1 }
  path { fill: none; stroke: #52606d; stroke-opacity: .55; marker-end: url(#tip) }
  @media (prefers-color-scheme: dark) { svg { background: #fff } }
""".strip()


def layers() -> list[list[str]]:
    """The packages of each layer, from the top."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    house = next(c for c in contracts if c.get("containers") == ["penchant"])
    return [[name.strip() for name in layer.split("|")] for layer in house["layers"]]


def imports(names: Iterable[str]) -> dict[str, set[str]]:
    """Which of the packages each of them imports, itself left out."""
    import grimp

    graph = grimp.build_graph("penchant", cache_dir=None)
    found: dict[str, set[str]] = {name: set() for name in names}
    for module in graph.modules:
        package = package_of(module)
        if package in found:
            imported = map(package_of, graph.find_modules_directly_imported_by(module))
            found[package] |= {name for name in imported if name in found} - {package}
    return found


def package_of(module: str) -> str:
    """The package right below `penchant` that a module belongs to; empty for `penchant` itself."""
    return "".join(module.split(".")[1:2])


def reduced(imported: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The imports that do not follow from others, as pairs, of a graph without cycles."""

    @cache
    def reached(name: str) -> frozenset[str]:
        return frozenset(imported[name]).union(*map(reached, imported[name]))

    return [
        (a, b)
        for a in imported
        for b in sorted(imported[a])
        if not any(b in reached(c) for c in imported[a] - {b})
    ]


def places(rows: Sequence[Sequence[str]], arrows: list[tuple[str, str]]) -> dict[str, float]:
    """Where the middle of each box is: near what it imports, and beside the rows around it."""
    at = {name: _WIDTH * (i + 1) / (len(row) + 1) for row in rows for i, name in enumerate(row)}
    near: dict[str, list[str]] = {name: [] for name in at}
    for a, b in arrows:
        near[a].append(b)
        near[b].append(a)
    for _ in range(60):
        for number, row in enumerate(rows):
            wished = {n: fmean(at[m] for m in near[n]) if near[n] else at[n] for n in row}
            if len(row) == 1:  # in a column of single boxes each would hide arrows of others
                aside = _WIDTH / 2 + (-1) ** number * _ASIDE
                wished[row[0]] = (wished[row[0]] + aside) / 2
            middles = {n: (at[n] + wished[n]) / 2 for n in row}
            ordered = sorted(row, key=middles.__getitem__)
            at.update(_apart(ordered, [middles[n] for n in ordered]))
    return at


def _apart(names: Sequence[str], wished: Sequence[float]) -> dict[str, float]:
    """Places as near to the wished ones as boxes that do not touch allow, in the order given."""
    gap, result = 18, dict(zip(names, wished, strict=True))
    left = 8.0
    for name in names:
        result[name] = max(result[name], left + width_of(name) / 2)
        left = result[name] + width_of(name) / 2 + gap
    right = _WIDTH - 8.0
    for name in reversed(names):
        result[name] = min(result[name], right - width_of(name) / 2)
        right = result[name] - width_of(name) / 2 - gap
    return result


def width_of(name: str) -> float:
    """Width of a box."""
    return len(name) * _GLYPH + 20


def drawn() -> str:
    """The picture as SVG."""
    rows = layers()
    upper, lower = rows[:-SHARED], [name for row in rows[-SHARED:] for name in row]
    arrows = reduced(imports(name for row in upper for name in row))
    x = places(upper, arrows)
    y = {name: _TOP + number * _ROW for number, row in enumerate(upper) for name in row}
    parts = []
    for a, b in arrows:
        start, end = y[a] + _BOX / 2, y[b] - _BOX / 2 - 5
        bend = min(90, (end - start) * 0.6)
        parts.append(
            f'<path d="M{x[a]:.0f} {start:.0f}C{x[a]:.0f} {start + bend:.0f} '
            f'{x[b]:.0f} {end - bend:.0f} {x[b]:.0f} {end:.0f}"/>'
        )
    parts += [_box(name, x[name], y[name]) for row in upper for name in row]
    height = _TOP + len(upper) * _ROW
    parts.append(f'<text class="note" x="8" y="{height - 8}">used by all of these:</text>')
    left = 8.0
    height += _BOX / 2 + 8
    for name in lower:
        if left + width_of(name) > _WIDTH - 8:
            left, height = 8.0, height + _BOX + 10
        parts.append(_box(name, left + width_of(name) / 2, height, "shared"))
        left += width_of(name) + 12
    height += _BOX
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'aria-label="Packages of penchant by layers, with arrows to what they import">\n'
        f"<style>{_STYLE}</style>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path style="fill:#52606d;stroke:none;marker-end:none" '
        'd="M0 0L8 4L0 8z"/></marker></defs>\n'
        f'<rect width="{_WIDTH}" height="{height:.0f}" style="fill:#fff;stroke:none"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _box(name: str, x: float, y: float, style: str = "package") -> str:
    wide = width_of(name)
    return (
        f'<rect class="{style}" x="{x - wide / 2:.0f}" y="{y - _BOX / 2:.0f}" width="{wide:.0f}" '
        f'height="{_BOX}"/><text x="{x:.0f}" y="{y + 5:.0f}">{name}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
