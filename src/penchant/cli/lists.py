"""Recommended lists: for whom, why, and how they are shown."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.atomic_write import atomic_path
from penchant.cli.item_options import ItemChoice
from penchant.cli.run_context import Session

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.histories import Histories
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender
    from penchant.run import Run

logger = logging.getLogger(__name__)

REASONS = 3

_NAMED = 3  # users without a list that a message names


def lists_for(
    model: Recommender,
    users: Sequence[Id] | Histories | None,
    k: int,
    choice: ItemChoice | None = None,
    *,
    why: bool = True,
    run: Run | None = None,
) -> pl.DataFrame:
    """Lists with titles, and where asked for with the reason of each place.

    Raises:
        UnknownIdError: a user or a candidate is not known to the model.
        ParameterError: k is below 1.
    """
    options = vars(choice or ItemChoice())
    if not why:
        return model.recommend(users, k, titles=True, run=run, **options)

    from penchant.explanation import explain_lists

    return explain_lists(model, users, k, reasons=REASONS, run=run, **options)


def report_empty_lists(
    model: Recommender,
    users: Sequence[Id] | Histories | None,
    listed: Collection[Any],
    choice: ItemChoice,
    *,
    otherwise: str = "the model recommends none of what is left",
) -> list[Id | None]:
    """Tell who gets no list, and why: above all who has had everything.

    Args:
        model: the model.
        users: who was asked for, as a model takes them.
        listed: the ids, or positions of histories, that have a list.
        choice: the items that could be listed.
        otherwise: the reason for users who have not had everything.

    Returns:
        The ids of the users without a list; None for someone new.
    """
    import numpy as np

    from penchant.data.histories import Histories

    histories = users if isinstance(users, Histories) else model.histories_of(users)
    keys: list[Any] = list(range(len(histories)))
    ids: list[Any] = [None] * len(histories)
    if histories is not users:
        keys = ids = model.users_.take(histories.users).to_list()
    empty = [n for n, key in enumerate(keys) if key not in listed]
    if not empty:
        return []
    chosen = model.items_.selection(choice.candidates, choice.exclude)
    n_items = len(model.items_) if chosen is None else len(chosen)
    full: list[Id | None] = []
    rest: list[Id | None] = []
    for n in empty:
        had = np.unique(histories.block(n, n + 1).items)
        n_had = len(had) if chosen is None else int(np.isin(chosen, had).sum())
        (full if choice.exclude_seen and n_had == n_items else rest).append(ids[n])
    if full:
        items = "the one item" if n_items == 1 else f"all {n_items:,} items"
        among = "" if chosen is None else " to choose from"
        have = "has" if len(full) == 1 else "have"
        logger.warning(
            f"{_names(full)} {have} had {items}{among} (--include-seen lists them again)."
        )
    if rest:
        logger.warning(f"{_names(rest)}: {otherwise}.")
    return full + rest


def _names(users: Sequence[Id | None]) -> str:
    """The users that a sentence is about, with their number where they are several."""
    if users[0] is None:
        return "Someone with this history"
    if len(users) == 1:
        return f"User {users[0]}"
    named = ", ".join(map(str, users[:_NAMED]))
    more = f" and {len(users) - _NAMED:,} more" if len(users) > _NAMED else ""
    return f"{len(users):,} users without a list ({named}{more})"


def show(session: Session, lists: pl.DataFrame, names: dict[Any, str]) -> None:
    """Print lists, each under the name of the one it is for."""
    import polars as pl

    headings = {"rank": "", "item": "item", "title": "title", "score": "score", "because": "why"}
    if lists["title"].equals(lists["item"].cast(pl.String).alias("title")):
        del headings["title"]  # the log has none
    show_tables(session, lists, names, headings)


def show_tables(
    session: Session, lists: pl.DataFrame, names: dict[Any, str], headings: dict[str, str]
) -> None:
    """Print a table for each value of the first column.

    Args:
        session: where to.
        lists: one row a place.
        names: the titles of tables, where they are not of a user of the log.
        headings: the columns to show, as far as they are there, and what stands above them.
    """
    from rich.table import Table
    from rich.text import Text

    whose = lists.columns[0]
    shown = [column for column in headings if column in lists.columns]
    for (key,), rows in lists.group_by(whose, maintain_order=True):
        grid = Table(box=None)
        for column in shown:
            number = lists[column].dtype.is_numeric() and column != "item"
            grid.add_column(
                headings[column], justify="right" if number else "left", no_wrap=column == "item"
            )
        for row in rows.iter_rows(named=True):
            cells = {column: Text(_cell(row[column])) for column in shown}
            if row.get("fallback"):
                cells["score"] = Text("popular", style="dim")
            grid.add_row(*cells.values())
        session.console.print()
        session.console.print(Text(names.get(key, f"For user {key}"), style="italic"))
        session.console.print(grid)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def as_json(lists: pl.DataFrame, without: Sequence[Id | None] = ()) -> list[dict[str, Any]]:
    """One entry a user (None for someone new), with the places of the list in order.

    Args:
        lists: one row a place.
        without: the users, or None for someone new, whose lists are empty.
    """
    whose = lists.columns[0]
    entries = [
        {"user": key if whose == "user" else None, "items": rows.drop(whose).to_dicts()}
        for (key,), rows in lists.group_by(whose, maintain_order=True)
    ]
    return entries + [{"user": user, "items": []} for user in without]


def write(lists: pl.DataFrame, path: Path) -> None:
    """Write lists in the format that the path's ending names; a CSV has no nested columns."""
    with atomic_path(path) as draft:
        if path.suffix == ".parquet":
            lists.write_parquet(draft)
        elif path.suffix == ".jsonl":
            lists.write_ndjson(draft)
        else:
            lists.drop("reasons", "attributes", strict=False).write_csv(draft)
