"""Recognise layouts of text by the first lines."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from penchant.data.origin import Layout
from penchant.data.reading.column_names import is_known_name
from penchant.data.reading.layouts.blocks import are_blocks
from penchant.data.reading.layouts.impressions import are_impressions
from penchant.data.reading.layouts.lines import numbered_lines
from penchant.data.reading.preamble import find_preamble
from penchant.data.reading.text_layout import first_lines

_INTEGERS = re.compile(r"\d{1,18}(?:[ \t]+\d{1,18})*", re.ASCII)
_MIN_LINES = 3
_MIN_WIDTHS = 3
_MAX_USUAL = 0.6  # of the lines of a table may be as long as most, and others damaged
_MIN_INTEGERS = 0.95
_MIN_USERS = 0.99  # of the lines begin with a user of their own where the first number is one
_MIN_SORTED = 0.95  # of the lines of baskets, as in FIMI's files, have each item once, in order
_MIN_REPEATED = 0.5  # of the cells of baskets of texts are in other lines, too


def layout_of_text(data: bytes) -> Layout | None:
    """The layout of UTF-8 text whose lines are no records with columns; None where it is a table.

    Blocks begin with a line such as `1:`, impressions end in `N1-0 N2-1`. Lines of integers of
    many lengths begin with the user where hardly any two begin alike; they are baskets where all
    have their items once and in order, and otherwise sequences. Lines of texts of many lengths are
    baskets where most texts are in several lines, at any place.
    """
    sample = [line.strip(" ") for line in first_lines(data[find_preamble(data).n_bytes :])]
    if are_blocks(sample):
        return "blocks"
    if are_impressions(sample):
        return "impressions"
    numbers = [line.split() for line in sample if _INTEGERS.fullmatch(line.strip())]
    if len(numbers) < max(_MIN_LINES, _MIN_INTEGERS * len(sample)):
        return "baskets" if _are_text_baskets(sample) else None
    if not _have_many_widths(numbers):
        return None
    first = numbered_lines(data)["line"].str.extract(r"^\s*(\S+)")
    if first.n_unique() >= _MIN_USERS * len(first):
        return "adjacency"
    several = [[int(number) for number in line] for line in numbers if len(line) > 1]
    n_sorted = sum(line == sorted(set(line)) for line in several)
    return "baskets" if n_sorted >= _MIN_SORTED * len(several) else "sequences"


def _have_many_widths(lines: Sequence[Sequence[str]]) -> bool:
    widths = Counter(map(len, lines))
    return len(widths) >= _MIN_WIDTHS and max(widths.values()) <= _MAX_USUAL * len(lines)


def _are_text_baskets(sample: Sequence[str]) -> bool:
    """Whether lines are texts with commas or the like between, of which most are in many lines."""
    for separator in (",", ";", "\t", "|"):
        lines = [[cell.strip() for cell in line.split(separator)] for line in sample]
        if len(lines) < _MIN_LINES or not _have_many_widths(lines):
            continue
        if any('"' in line for line in sample) or any(map(is_known_name, lines[0])):
            return False
        places = defaultdict(set)
        lines_of = Counter(cell for line in lines for cell in set(line))
        for line in lines:
            for place, cell in enumerate(line):
                places[cell].add(place)
        n_cells = sum(map(len, lines))
        n_repeated = sum(
            n for cell, n in lines_of.items() if n > 1 and len(places[cell]) > 1 and cell
        )
        return n_repeated >= _MIN_REPEATED * n_cells
    return False
