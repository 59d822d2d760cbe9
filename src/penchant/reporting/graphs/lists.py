"""The charts of lists for everybody."""

from __future__ import annotations

from penchant.batch.summary import ListSummary
from penchant.results.formatting import percent
from penchant.results.graph import Graph, bars

_BARS = 12  # items with a bar each


def most_shown(summary: ListSummary) -> Graph | None:
    """In how many lists the most shown items stand, beside how many users had them."""
    table = summary.most_shown.head(_BARS)
    if table.is_empty():
        return None
    first = table.row(0, named=True)
    titles = distinct(table["title"].to_list(), table["item"].to_list())
    return bars(
        f"Most shown: {first['title']} stands in {percent(first['share'])} of the lists, and "
        f"{percent(first['popularity'])} of users had it.",
        {
            "in lists": dict(zip(titles, table["share"], strict=True)),
            "had by users": dict(zip(titles, table["popularity"], strict=True)),
        },
        x="share of lists, and of users",
        value_format="percent",
    )


def lengths(summary: ListSummary) -> Graph | None:
    """How many lists have how many items."""
    if len(summary.lengths) < 2:
        return None
    full = int(summary.lengths.filter(length=summary.k)["lists"].sum())
    return bars(
        f"Length of lists: {percent(full / max(summary.n_users, 1))} have all {summary.k:,} items.",
        {"": {f"{length:,}": n for length, n in summary.lengths.iter_rows()}},
        x="items in a list",
        y="users",
        upright=True,
        half=True,
    )


def distinct(titles: list[str], items: list[object]) -> list[str]:
    """Titles of which none stands twice: where several items have one, their ids follow."""
    return [
        f"{title} ({item})" if titles.count(title) > 1 else title
        for title, item in zip(titles, items, strict=True)
    ]
