"""Parts of a study's result, as a reader of its page looks for them."""

from __future__ import annotations


def section(result, start):
    """The section whose title starts so."""
    return next(s for s in result.to_dict()["sections"] if s["title"].startswith(start))


def rows(table):
    """The rows of a table, by column."""
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def row_of(table, name):
    """The row that the first column calls so."""
    return next(row for row in rows(table) if row[table["columns"][0]] == name)


def sentences(part):
    """All conclusions of a section in one text."""
    return " ".join(c["sentence"] for c in part["conclusions"])
