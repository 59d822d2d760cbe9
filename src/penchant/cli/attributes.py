"""`penchant attributes`: items' attributes as columns of 0 and 1, as a table and as SQL."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.atomic_write import atomic_path, write_text_atomically
from penchant.cli.command import command
from penchant.cli.files import writable_path
from penchant.cli.log_options import LogOptions, TableOptions
from penchant.cli.run_context import Session

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.attributes.binary import Attributes
    from penchant.data.dataset import Dataset

logger = logging.getLogger(__name__)

_DATABASES = (".db", ".sqlite", ".sqlite3")
_SHOWN = 10  # values that no attribute names
_ENDINGS = (".csv", ".parquet", ".sql", *_DATABASES)


@command
def attributes(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the rows (.csv, .parquet), their SQL (.sql), or the two tables that the "
            "SQL reads (.db, .sqlite, .sqlite3).",
            show_default=False,
        ),
    ] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print SQL that makes the rows, and nothing else.")
    ] = False,
    like: Annotated[
        float | None,
        typer.Option(
            help="Ratings from here on are likes; by default the upper quarter of the scale, such "
            "as 4 of 1 to 5.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        str, typer.Option(help="The column of the item table that has the attributes.")
    ] = "genres",
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute", "-a", help="Take these, in this order; repeatable.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the tables of a database that is there.")
    ] = False,
    log: LogOptions,
    tables: TableOptions,
    session: Session,
) -> None:
    """Break items' genres into columns of 0 and 1, one row an event."""
    path = writable_path(output, endings=_ENDINGS)
    data = log.read(session.run, tables)

    from penchant.data.attributes.binary import item_attributes
    from penchant.data.attributes.rows import attribute_rows, default_like
    from penchant.data.attributes.sql import attribute_rows_sql, attributes_sql
    from penchant.data.attributes.sql_export import write_sql

    extracted = item_attributes(data, column, attribute)
    like = default_like(data) if like is None else like
    rows = attribute_rows(data, extracted, like)
    if path is not None:
        if path.suffix in _DATABASES:
            write_sql(data, path, column, replace=overwrite)
        elif path.suffix == ".sql":
            write_text_atomically(attribute_rows_sql(extracted.names, like) + "\n", path)
        else:
            _write(rows, path)
    if session.json:
        facts: dict[str, Any] = _facts(data, extracted, rows)
        if sql:
            facts["sql"] = {
                "items": attributes_sql(extracted.names),
                "rows": attribute_rows_sql(extracted.names, like),
            }
        session.reply(facts)
    elif sql:
        print(attribute_rows_sql(extracted.names, like))
    else:
        _show(session, _facts(data, extracted, rows))
    if path is not None:
        logger.info(f"Wrote {path}.")


def _write(rows: pl.DataFrame, path: Path) -> None:
    with atomic_path(path) as draft:
        if path.suffix == ".parquet":
            rows.write_parquet(draft)
        else:
            rows.write_csv(draft)


def _facts(log: Dataset, extracted: Attributes, rows: pl.DataFrame) -> dict[str, Any]:
    """Of each attribute how many items and events have it, and how many of those are likes."""
    import polars as pl

    events = rows.select(pl.col(*extracted.names).cast(pl.Int64).sum())
    likes = rows.filter(pl.col("like") == 1).select(pl.col(*extracted.names).cast(pl.Int64).sum())
    items = extracted.matrix.sum(axis=0, dtype=int).tolist()
    return {
        "log": {"name": log.name, "events": len(log), "items": log.n_items},
        "attributes": [
            {"name": name, "items": n_items, "events": n_events, "likes": n_likes}
            for name, n_items, n_events, n_likes in zip(
                extracted.names, items, events.row(0), likes.row(0), strict=True
            )
        ],
        "likes": int(rows["like"].sum()),
        "unknown": extracted.unknown.to_dicts(),
        "without": extracted.without,
    }


def _show(session: Session, facts: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    table.add_column("attribute")
    for heading in ("items", "events", "likes", "share"):
        table.add_column(heading, justify="right")
    every = {**facts["log"], "name": "all", "likes": facts["likes"]}
    for row in [*facts["attributes"], every]:
        counts = [f"{row[key]:,}" for key in ("items", "events", "likes")]
        share = f"{row['likes'] / row['events']:.3f}" if row["events"] else ""
        table.add_row(*map(Text, [row["name"], *counts, share]))
    session.console.print(table)
    if facts["without"]:
        print(f"\nItems that have none of these: {facts['without']:,}.")
    if unknown := facts["unknown"]:
        shown = ", ".join(f"{row['value']} ({row['items']:,})" for row in unknown[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        print(f"Values that are none of these, and items that have them: {shown}{more}.")
