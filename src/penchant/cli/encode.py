"""`penchant encode`: a log as columns that are read where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.command import command
from penchant.cli.log_options import LogOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.errors import ParameterError, require
from penchant.wording import counted


@command
def encode(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="A new folder for the columns.",
            show_default=False,
        ),
    ] = None,
    log: LogOptions,
    tables: TableOptions,
    session: Session,
) -> None:
    """Write a log as columns that open at once and need not fit into memory."""
    if output is None:
        raise ParameterError("Name a new folder for the columns: -o FOLDER.")
    from penchant.atomic_write import draft_folder, require_new_folder
    from penchant.data.encoded_log import write_encoded

    require_new_folder(output)
    require("pyarrow", "arrow")  # without which nothing could be read from the folder
    output.parent.mkdir(parents=True, exist_ok=True)
    with draft_folder(output) as scratch:
        events = log.read(session.run, tables, users=False, scratch=scratch)
        folder = write_encoded(events, output)
    size = sum(path.stat().st_size for path in folder.iterdir())
    if session.json:
        session.reply({"folder": str(folder), "events": len(events), "bytes": size})
        return
    print(
        f"{folder} has the {counted(len(events), 'event')} of {events.name} ({size / 1e6:,.1f} MB)."
    )
