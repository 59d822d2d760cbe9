"""`penchant explore`: what is in a log, and what is odd in it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.command import command
from penchant.cli.files import target
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.cli.run_context import Session

logger = logging.getLogger(__name__)


@command
def explore(
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write an HTML page with plots.", show_default=False),
    ] = None,
    log: LogOptions,
    tables: TableOptions,
    content: ContentOptions,
    session: Session,
) -> None:
    """Show what is in a log and what is odd in it."""
    page = target(output, endings=(".html", ".htm"))
    from penchant.exploration.log_exploration import explore as explore_log

    exploration = explore_log(log.read(session.run, tables, content))
    if session.json:
        session.reply(exploration.to_dict())
    else:
        print(exploration)
    if page is not None:
        from penchant.reporting import report

        report(exploration, page)
        logger.info(f"Wrote {page}.")
