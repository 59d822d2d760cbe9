"""Recommended lists: for whom, why, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.atomic_write import atomic_path
from penchant.cli.run_context import Session

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.histories import Histories
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender
    from penchant.run import Run

REASONS = 3


def newcomer(model: Recommender, items: Sequence[Id]) -> Histories:
    """The history of someone new who likes these items: rated as high as anything was.

    Raises:
        UnknownIdError: an item is not known to the model.
    """
    known = model.histories_.ratings
    ratings = None if known is None or not len(known) else [float(known.max())] * len(items)
    return model.history(items, ratings)


def lists_for(
    model: Recommender,
    users: Sequence[Id] | Histories | None,
    k: int,
    *,
    candidates: Sequence[Id] | None = None,
    why: bool = True,
    run: Run | None = None,
) -> pl.DataFrame:
    """Lists with titles, and where asked for with the reason of each place.

    Raises:
        UnknownIdError: a user or a candidate is not known to the model.
        ParameterError: k is below 1.
    """
    if not why:
        return model.recommend(users, k, candidates=candidates, titles=True, run=run)

    from penchant.explanation import explain_lists

    return explain_lists(model, users, k, reasons=REASONS, candidates=candidates, run=run)


def show(session: Session, lists: pl.DataFrame, names: dict[Any, str]) -> None:
    """Print lists, each under the name of the one it is for."""
    headings = {"rank": "", "item": "item", "title": "title", "score": "score", "because": "why"}
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
        grid = Table(title=names.get(key, f"For user {key}"), title_justify="left", box=None)
        for column in shown:
            number = lists[column].dtype.is_numeric() and column != "item"
            grid.add_column(
                headings[column], justify="right" if number else "left", no_wrap=column == "item"
            )
        for row in rows.select(shown).iter_rows():
            grid.add_row(*(Text(_cell(value)) for value in row))
        session.console.print()
        session.console.print(grid)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def as_json(lists: pl.DataFrame) -> list[dict[str, Any]]:
    """One entry a user (None for someone new), with the places of the list in order."""
    whose = lists.columns[0]
    return [
        {"user": key if whose == "user" else None, "items": rows.drop(whose).to_dicts()}
        for (key,), rows in lists.group_by(whose, maintain_order=True)
    ]


def write(lists: pl.DataFrame, path: Path) -> None:
    """Write lists in the format that the path's ending names; a CSV has no nested columns."""
    with atomic_path(path) as draft:
        if path.suffix == ".parquet":
            lists.write_parquet(draft)
        elif path.suffix == ".jsonl":
            lists.write_ndjson(draft)
        else:
            lists.drop("reasons", "attributes", strict=False).write_csv(draft)
