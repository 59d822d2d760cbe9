"""`penchant explore`: what is in a log, and what is odd in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.command import command
from penchant.cli.files import target
from penchant.cli.log_options import LogOptions
from penchant.cli.run_context import Session
from penchant.run import say


@command
def explore(
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write an HTML page with plots.", show_default=False),
    ] = None,
    log: LogOptions,
    session: Session,
) -> None:
    """Show what is in a log and what is odd in it."""
    page = target(output, endings=(".html", ".htm"))
    data = log.read(session.run)
    if session.json:
        from penchant.exploration.log_exploration import explore as look

        session.reply(look(data).to_dict())
    else:
        print(data.summary())
        print()
        print(data.check())
    if page is not None:
        from penchant.exploration.log_exploration import write_exploration

        write_exploration(data, page)
        say(f"Wrote {page}.")
