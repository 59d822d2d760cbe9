"""`penchant together`: what is bought together with an item."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.atomic_write import atomic_path
from penchant.cli.command import command
from penchant.cli.files import writable_path
from penchant.cli.ids import resolve_items
from penchant.cli.lists import show_tables
from penchant.cli.log_options import LogOptions, TableOptions
from penchant.cli.run_context import Session

_HEADINGS = {
    "rank": "",
    "together": "item",
    "title": "title",
    "baskets": "in both",
    "confidence": "confidence",
    "lift": "lift",
    "shrunken_lift": "shrunken",
    "p_value": "p-value",
}

_LEAST = 0.001  # smaller p-values are not written out


@command
def together(
    *,
    ids: Annotated[
        list[str] | None,
        typer.Option("--item-id", "-i", help="An item's id; may be repeated.", show_default=False),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many for each.")] = 10,
    by: Annotated[
        str, typer.Option(help="Order by shrunken-lift, lift, confidence or support.")
    ] = "shrunken-lift",
    shrinkage: Annotated[
        float, typer.Option(help="Baskets by which a lift is drawn towards 1.")
    ] = 10.0,
    min_baskets: Annotated[int, typer.Option(min=1, help="The fewest that must hold both.")] = 2,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A .csv or .parquet, of all items unless -i names some.",
            show_default=False,
        ),
    ] = None,
    log: LogOptions,
    tables: TableOptions,
    session: Session,
) -> None:
    """List what is bought together with an item, by baskets; by default the most bought one's."""
    from typing import cast

    import polars as pl

    from penchant.association.together import Order, reason_for_none
    from penchant.association.together import together as items_together

    path = writable_path(output, endings=(".csv", ".parquet"))
    data = log.read(session.run, tables, users=False)
    item_ids = resolve_items(data, ids) if ids else None
    if item_ids is None and path is None:
        from penchant.models.shared.basket_events import basket_rows

        counts = basket_rows(data).sum(axis=0)
        item_ids = [data.items.ids[int(counts.argmax())]]
    lists = items_together(
        data,
        item_ids,
        k,
        by=cast("Order", by),
        shrinkage=shrinkage,
        min_baskets=min_baskets,
    )
    if path is not None:
        with atomic_path(path) as draft:
            (lists.write_parquet if path.suffix == ".parquet" else lists.write_csv)(draft)
    shown = item_ids or []
    if session.json:
        entries: list[dict[str, Any]] = []
        for one in shown:
            rows = lists.filter(pl.col("item") == one).drop("item").to_dicts()
            reason = {} if rows else {"reason": reason_for_none(min_baskets)}
            entries.append({"item": one, "together": rows} | reason)
        written = {} if path is None else {"output": str(path), "rows": len(lists)}
        session.reply({"log": data.name, "by": by, "lists": entries} | written)
        return
    if path is not None:
        session.console.print(f"{len(lists):,} pairs in {path}.", highlight=False)
    names = dict(zip(shown, data.titles(data.items.indices(shown)), strict=True)) if shown else {}
    headings = {one: f"Bought together with {name}" for one, name in names.items()}
    if headings:
        p_value = pl.col("p_value")
        rounded = p_value.round(3).cast(pl.String)
        text = pl.when(p_value < _LEAST).then(pl.lit(f"< {_LEAST}")).otherwise(rounded)
        show_tables(session, lists.with_columns(text.alias("p_value")), headings, _HEADINGS)
