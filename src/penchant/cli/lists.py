"""Recommended lists: for whom, why, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.cli.session import Session
from penchant.files import whole

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
    known = model.known_.ratings
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
    import polars as pl

    from penchant.data.histories import Histories
    from penchant.explain import explain, explain_lists

    if why and candidates is None:
        return explain_lists(model, users, k, reasons=REASONS, run=run)
    lists = model.recommend(users, k, candidates=candidates, titles=True, run=run)
    if not why:
        return lists
    given = users if isinstance(users, Histories) else None
    found = [
        explain(
            model, row["user"] if given is None else given.block(h, h + 1), row["item"], k=REASONS
        )
        for row in lists.iter_rows(named=True)
        for h in [row.get("history", 0)]
    ]
    return lists.with_columns(pl.Series("because", [each.sentence for each in found], pl.String))


def show(session: Session, lists: pl.DataFrame, names: dict[Any, str]) -> None:
    """Print lists, each under the name of the one it is for."""
    from rich.table import Table
    from rich.text import Text

    whose = lists.columns[0]
    for (key,), rows in lists.group_by(whose, maintain_order=True):
        grid = Table(title=names.get(key, f"For user {key}"), title_justify="left", box=None)
        grid.add_column("", justify="right")
        grid.add_column("item", no_wrap=True)
        grid.add_column("title")
        grid.add_column("score", justify="right")
        if "because" in rows.columns:
            grid.add_column("why")
        for row in rows.iter_rows(named=True):
            cells = [str(row["rank"]), str(row["item"]), row["title"], f"{row['score']:.3f}"]
            if "because" in row:
                cells.append(row["because"])
            grid.add_row(*map(Text, cells))
        session.console.print()
        session.console.print(grid)


def as_json(lists: pl.DataFrame) -> list[dict[str, Any]]:
    """One entry a user (None for someone new), with the places of the list in order."""
    whose = lists.columns[0]
    return [
        {"user": key if whose == "user" else None, "items": rows.drop(whose).to_dicts()}
        for (key,), rows in lists.group_by(whose, maintain_order=True)
    ]


def write(lists: pl.DataFrame, path: Path) -> None:
    """Write lists in the format that the path's ending names; a CSV has no nested columns."""
    with whole(path) as draft:
        if path.suffix == ".parquet":
            lists.write_parquet(draft)
        elif path.suffix == ".jsonl":
            lists.write_ndjson(draft)
        else:
            lists.drop("reasons", strict=False).write_csv(draft)
