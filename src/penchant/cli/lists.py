"""Recommended lists: for whom, why, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
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
    from penchant.models.empty_lists import EmptyList
    from penchant.run import Run

REASONS = 3


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
        from penchant.rules import recommend

        return recommend(model, users, k, titles=True, run=run, **options)

    from penchant.explanation import explain_lists

    return explain_lists(model, users, k, reasons=REASONS, run=run, **options)


def users_without_lists(
    model: Recommender,
    users: Sequence[Id] | Histories | None,
    lists: pl.DataFrame,
    choice: ItemChoice,
    **otherwise: str,
) -> list[EmptyList]:
    """Who of those asked for has no list of items, and why.

    Args:
        model: the model.
        users: who was asked for, as a model takes them.
        lists: the lists of all others, of a row for each place.
        choice: the items that could be listed.
        otherwise: see `penchant.models.empty_lists.empty_lists`.
    """
    from penchant.models.empty_lists import empty_lists

    histories, positions = without_rows(model, users, lists)
    reasons = choice.why_none | otherwise
    return empty_lists(
        model.users_,
        histories,
        positions,
        choice.indices(model),
        repeats=choice.repeats,
        **reasons,
    )


def without_rows(
    model: Recommender, users: Sequence[Id] | Histories | None, lists: pl.DataFrame
) -> tuple[Histories, list[int]]:
    """The histories of those asked for, and the positions of those who have no row in a table."""
    from penchant.data.histories import Histories

    listed = set(lists[lists.columns[0]])
    if isinstance(users, Histories):
        return users, [n for n in range(len(users)) if n not in listed]
    histories = model.histories_of(users)
    ids = model.users_.take(histories.users)
    return histories, [n for n, user in enumerate(ids) if user not in listed]


def show(session: Session, lists: pl.DataFrame, names: dict[Any, str]) -> None:
    """Print lists, each under the name of the one it is for."""
    import polars as pl

    headings = {"rank": "", "item": "item", "title": "title", "score": "score", "because": "why"}
    if "because" not in lists.columns:
        headings["rule"] = "by rule"
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
        headings: the columns to show, unless they are empty, and what stands above them.
    """
    from rich.table import Table
    from rich.text import Text

    whose = lists.columns[0]
    shown = [
        column
        for column in headings
        if column in lists.columns
        and (column == "score" or lists[column].null_count() < len(lists))
    ]
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


def as_json(
    lists: pl.DataFrame, empty: Sequence[EmptyList] = (), noun: str = "items"
) -> list[dict[str, Any]]:
    """One entry a user (None for someone new), with the places of the list in order.

    Args:
        lists: one row a place.
        empty: those whose lists are empty: their entries have the reason.
        noun: the name of lists in entries.
    """
    whose = lists.columns[0]
    entries: list[dict[str, Any]] = [
        {"user": key if whose == "user" else None, noun: rows.drop(whose).to_dicts()}
        for (key,), rows in lists.group_by(whose, maintain_order=True)
    ]
    return entries + [{"user": each.user, noun: [], "reason": each.reason} for each in empty]


def write(lists: pl.DataFrame, path: Path) -> None:
    """Write lists in the format that the path's ending names; a CSV or a sheet has no reasons."""
    import polars as pl

    with atomic_path(path) as draft:
        if path.suffix == ".parquet":
            lists.write_parquet(draft)
        elif path.suffix == ".jsonl":
            lists.write_ndjson(draft)
        else:
            flat = lists.drop("reasons", "attributes", strict=False)
            if "places" in flat.columns:  # of the members of a group
                places = pl.col("places").cast(pl.List(pl.String)).list.join(" ")
                flat = flat.with_columns(places)
            if path.suffix == ".xlsx":
                from penchant.batch.workbook import write_workbook

                write_workbook(flat, draft)
            else:
                flat.write_csv(draft)
