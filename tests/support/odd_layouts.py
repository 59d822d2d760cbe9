"""Logs whose lines are no records with columns, and workbooks, with odd cells among them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

Log = tuple[bytes, int | None]
"""A file's bytes and how many records it has, None where its reader may decide that."""


def items_of_lines(rng: np.random.Generator, odd: Sequence[Any], n_before: int = 0) -> Log:
    """Lines of several items, after as many ids as `n_before`; some have too few."""
    ids = [str(cell) for cell in odd if str(cell).split() == [str(cell)]]
    lines, n_records = [], 0
    for _ in range(rng.integers(1, 80)):
        line = [str(n) for n in rng.integers(0, 90, rng.integers(1, 9))]
        if rng.random() < 0.1:
            line[rng.integers(len(line))] = ids[rng.integers(len(ids))]
        lines.append(" ".join(line))
        n_records += max(1, len(line) - n_before)
    return newlines(rng, lines), n_records


def adjacency(rng: np.random.Generator, odd: Sequence[Any]) -> Log:
    """Lines of a user and items."""
    return items_of_lines(rng, odd, 1)


def wide(rng: np.random.Generator, odd: Sequence[Any]) -> Log:
    """A row per user and a column per item, with empty cells and sentinels."""
    n_items = int(rng.integers(2, 9))
    cells = ["", "0", "1", "2.5", "5", "99", "-1", *(str(c) for c in odd if "," not in str(c))]
    p = np.full(len(cells), 0.1 / (len(cells) - 7))
    p[:7] = 0.9 / 7
    lines = [",".join(["user", *(f"i{n}" for n in range(n_items))])] if rng.random() < 0.7 else []
    for n in range(rng.integers(1, 60)):
        chosen = rng.choice(len(cells), n_items, p=p / p.sum())
        lines.append(",".join([f"u{n}", *(cells[k] for k in chosen)]))
    return newlines(rng, lines), None


def blocks(rng: np.random.Generator, odd: Sequence[Any]) -> Log:
    """Lines `item:`, and below them lines `user,rating,date`, of which some have other columns."""
    texts = [str(c) for c in odd if not set(str(c)) & set(",;|\t:") and str(c).strip()]
    lines, n_records = [], 0
    for item in range(rng.integers(1, 9)):
        lines.append(f"{item}:")
        for _ in range(rng.integers(1, 12)):
            line = [str(rng.integers(99)), str(rng.integers(1, 6)), "2005-09-06"]
            if rng.random() < 0.1:
                line[rng.integers(3)] = texts[rng.integers(len(texts))]
            lines.append(",".join(line[: 2 if rng.random() < 0.03 else 3]))
            n_records += 1
    return newlines(rng, lines), n_records


def impressions(rng: np.random.Generator, odd: Sequence[Any]) -> Log:
    """Lines of an impression, a user, a time, a history and what was shown."""
    texts = [str(c) for c in odd if "\t" not in str(c)]
    lines, longest, n_clicks = [], {}, 0
    for n in range(rng.integers(1, 40)):
        user, time = f"U{rng.integers(9)}", "11/13/2019 8:36:57 AM"
        if rng.random() < 0.1:
            time = texts[rng.integers(len(texts))]
        history = [f"N{k}" for k in rng.integers(0, 50, rng.integers(0, 5))]
        labels = rng.integers(0, 2, rng.integers(1, 6))
        shown = [f"N{k}-{label}" for k, label in enumerate(labels)]
        longest[user] = max(longest.get(user, 0), len(history))
        n_clicks += int(labels.sum())
        lines.append("\t".join([str(n), user, time, " ".join(history), " ".join(shown)]))
    return newlines(rng, lines), n_clicks + sum(longest.values())


def workbook(rng: np.random.Generator, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> Log:
    """A sheet of records, or the second of two."""
    book = openpyxl.Workbook()
    sheet = book.active
    if rng.random() < 0.3:
        sheet = book.create_sheet("Log")
    assert sheet is not None
    for row in [names, *rows]:
        texts = [ILLEGAL_CHARACTERS_RE.sub("", c) if isinstance(c, str) else c for c in row]
        sheet.append(["" if "\ud800" in str(text) else text for text in texts])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue(), len(rows)


def newlines(rng: np.random.Generator, lines: Sequence[str]) -> bytes:
    """Lines as text with one kind of newline."""
    newline = str(rng.choice(["\n", "\r\n"]))
    return (newline.join(lines) + (newline if rng.random() < 0.8 else "")).encode()


LAYOUTS: dict[str, Callable[[np.random.Generator, Sequence[Any]], Log]] = {
    "adjacency": adjacency,
    "sequences": items_of_lines,
    "baskets": items_of_lines,
    "wide": wide,
    "blocks": blocks,
    "impressions": impressions,
}
