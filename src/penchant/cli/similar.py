"""`penchant similar`: which items were rated alike, and on whose word."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import typer

from penchant.cli.command import command
from penchant.cli.ids import resolve_items
from penchant.cli.lists import show_tables
from penchant.cli.log_options import LogOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.errors import ParameterError

logger = logging.getLogger(__name__)

_HEADINGS = {
    "rank": "",
    "similar": "item",
    "title": "title",
    "similarity": "similarity",
    "co_raters": "rated both",
    "brand": "brand",
    "overall_mean": "mean",
    "overall_count": "ratings",
}


@command
def similar(
    *,
    ids: Annotated[
        list[str] | None,
        typer.Option("--item-id", "-i", help="An item's id; may be repeated.", show_default=False),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many for each.")] = 10,
    similarity: Annotated[
        str | None,
        typer.Option(
            help="pearson or adjusted-cosine over those who rated both, correlation of whole "
            "columns with 0 for the others, or cosine or jaccard of events; by default pearson, "
            "or cosine where the log has no ratings.",
            show_default=False,
        ),
    ] = None,
    shrinkage: Annotated[
        float, typer.Option(min=0, help="Multiply by n / (n + this), n being common raters.")
    ] = 10.0,
    min_common: Annotated[int, typer.Option(min=1, help="Fewer common raters count as none.")] = 2,
    log: LogOptions,
    tables: TableOptions,
    session: Session,
) -> None:
    """List the items most like an item by who rated or had both; by default the most rated's."""
    from typing import cast, get_args

    import polars as pl

    from penchant.models.neighbours.entities import Similarity
    from penchant.similarity.items import reason_for_none
    from penchant.similarity.items import similar as similar_items

    if similarity is not None and similarity not in get_args(Similarity):
        raise ParameterError(
            f"There is no similarity {similarity!r}: known are {', '.join(get_args(Similarity))}."
        )
    data = log.read(session.run, tables, users=False)
    if not len(data):
        from penchant.data.basket_users import baskets_as_users

        data = baskets_as_users(data)
        logger.info(
            f"The log {data.name!r} has no users: items are compared by the baskets they are in."
        )
    if similarity is None:
        similarity = "pearson" if data.has_ratings else "cosine"
        if not data.has_ratings:
            logger.info(f"The log {data.name!r} has no ratings: items are compared by cosine.")
    most = data.items.ids[int(data.item_counts.argmax())]
    item_ids = resolve_items(data, ids) if ids else [most]
    lists = similar_items(
        data,
        item_ids,
        k,
        similarity_of=cast("Similarity", similarity),
        shrinkage=shrinkage,
        min_common=min_common,
    )
    if session.json:
        entries: list[dict[str, Any]] = []
        for one in item_ids:
            rows = lists.filter(pl.col("item") == one).drop("item").to_dicts()
            reason = {} if rows else {"reason": reason_for_none(min_common)}
            entries.append({"item": one, "similar": rows} | reason)
        session.reply({"log": data.name, "similarity": similarity, "lists": entries})
        return
    names = dict(zip(item_ids, data.titles(data.items.indices(item_ids)), strict=True))
    show_tables(session, lists, {one: f"Like {name}" for one, name in names.items()}, _HEADINGS)
