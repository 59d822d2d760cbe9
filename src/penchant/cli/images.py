"""`penchant images`: the images of a log's items, fetched into a folder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.command import command
from penchant.cli.log_options import LogOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.errors import ParameterError

if TYPE_CHECKING:
    import polars as pl

logger = logging.getLogger(__name__)


@command
def images(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The folder to fetch into; by default images/<the log's name>."
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(help="The column of the item table with the addresses; by default guessed."),
    ] = None,
    addresses: Annotated[
        Path | None,
        typer.Option(help="A file of two columns, item and address, instead of the item table."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the items with the most events, so many.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Requests at the same time.")] = 16,
    per_host: Annotated[int, typer.Option(min=1, help="Requests to one host at a time.")] = 4,
    attempts: Annotated[int, typer.Option(min=1, help="Tries of one image.")] = 4,
    pause: Annotated[
        float, typer.Option(min=0, help="Seconds before the second try; doubled each time.")
    ] = 1.0,
    max_megabytes: Annotated[float, typer.Option(help="Break off larger images.")] = 10.0,
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="Also ask machines in private networks and this one."),
    ] = False,
    log: LogOptions,
    tables: TableOptions,
    session: Session,
) -> None:
    """Fetch one image for each item of a log; go on where an earlier call stopped.

    LOG may also be a file of two columns, item and address.
    """
    from penchant.data.fetching.http_session import RetryPolicy
    from penchant.data.images import CrawlPolicy, fetch_images

    if log.reading.fetch.offline:
        raise ParameterError("Images come from the network: leave --offline out.")
    if max_megabytes <= 0:
        raise ParameterError(f"--max-megabytes is above 0, not {max_megabytes:g}.")
    policy = CrawlPolicy(
        parallel=parallel,
        per_host=per_host,
        retry=RetryPolicy(attempts=attempts, pause=pause),
        max_bytes=max(1, int(max_megabytes * 1e6)),
        allow_private=allow_private,
    )
    table, name = _table(log, tables, session, column, addresses, limit)
    folder = output or Path("images") / name.replace("/", "--")
    if folder.exists() and not folder.is_dir():
        raise ParameterError(f"{str(folder)!r} is a file: name a folder to fetch into.")
    report = fetch_images(table, folder, policy=policy, run=session.run)
    if session.json:
        session.reply(
            {
                "folder": str(folder),
                "table": str(report.table),
                "items": len(report.results),
                "images": report.n_images,
                "counts": report.counts,
                "reasons": report.reasons,
                "bytes": report.bytes,
                "seconds": round(report.seconds, 3),
            }
        )
        return
    print(report)
    logger.info(f"Images and the table {report.table.name} are in {folder}.")


def _table(
    log: LogOptions,
    tables: TableOptions,
    session: Session,
    column: str | None,
    addresses: Path | None,
    limit: int | None,
) -> tuple[pl.DataFrame, str]:
    """Items with their addresses, and what to call them."""
    import numpy as np

    from penchant.data.images import address_file, image_addresses, is_address_file

    if column is not None and addresses is not None:
        raise ParameterError("--column and --addresses exclude each other: leave one out.")
    source = Path(log.source)
    if addresses is None and column is None and is_address_file(source):
        table = address_file(source)
        return (table if limit is None else table.head(limit)), source.stem
    data = log.read(session.run, tables)
    table = image_addresses(data, column) if addresses is None else address_file(addresses, data)
    if limit is not None:
        most = np.argsort(-data.item_counts, kind="stable")[:limit]
        table = table[np.sort(most)]
    return table, data.name
