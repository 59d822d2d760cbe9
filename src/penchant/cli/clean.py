"""`penchant clean`: reviews and metadata, cleaned and merged into one table."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from penchant.atomic_write import atomic_path
from penchant.cli.command import command
from penchant.cli.files import writable_path
from penchant.cli.log_options import LogOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.errors import ParameterError

logger = logging.getLogger(__name__)


@command
def clean(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the table (.parquet or .csv).", show_default=False
        ),
    ] = None,
    earliest: Annotated[
        float | None,
        typer.Option(
            help="Take items' statistics from this share of the events alone, the earliest, as in "
            "0.7; by default from all, the published way, with which each row knows its rating.",
            show_default=False,
        ),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="Leave out rows with a missing value.")
    ] = False,
    keep_unknown: Annotated[
        bool, typer.Option("--keep-unknown", help="Keep reviews of items without metadata.")
    ] = False,
    stop_words: Annotated[
        bool, typer.Option("--stop-words", help="Take English stop words out of the texts.")
    ] = False,
    log: LogOptions,
    tables: TableOptions,
    session: Session,
) -> None:
    """Clean a log of reviews and merge it with its items' metadata; say what was changed."""
    page = writable_path(output, endings=(".parquet", ".csv"))
    if earliest is not None and not 0 < earliest < 1:
        raise ParameterError(f"--earliest is a share between 0 and 1, as in 0.7, not {earliest:g}.")
    data = log.read(session.run, tables)

    import numpy as np

    from penchant.data.reviews import merge_reviews

    rows: np.ndarray | str = "all"
    if earliest is not None:
        if not data.has_times:
            raise ParameterError("--earliest needs the time of every event: leave it out.")
        order = np.argsort(data.events["time"].to_physical().to_numpy(), kind="stable")
        rows = order[: max(1, round(earliest * len(order)))]
    cleaned = merge_reviews(
        data,
        statistics=rows,  # type: ignore[arg-type]
        join="left" if keep_unknown or data.item_table is None else "inner",
        complete=complete,
        stop_words=stop_words,
    )
    if page is not None:
        with atomic_path(page) as draft:
            if page.suffix == ".csv":
                cleaned.frame.write_csv(draft)
            else:
                cleaned.frame.write_parquet(draft)
        logger.info(f"Wrote {page}.")
    if session.json:
        session.reply(
            {
                "rows": len(cleaned.frame),
                "columns": list(cleaned.frame.columns),
                **cleaned.report.to_dict(),
                "notes": list(getattr(data.origin, "notes", ())),
            }
        )
        return
    print(f"{data.name}: {len(cleaned.frame):,} of {len(data):,} reviews, cleaned and merged")
    print(cleaned.report)
