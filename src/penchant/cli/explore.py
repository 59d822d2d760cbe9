"""`penchant explore`: what is in a log, and what is odd in it."""

from __future__ import annotations

import logging

from penchant.cli.command import command
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.cli.run_context import Session

logger = logging.getLogger(__name__)


@command
def explore(
    *,
    output: PagePath = None,
    log: LogOptions,
    tables: TableOptions,
    content: ContentOptions,
    session: Session,
) -> None:
    """Show what is in a log and what is odd in it."""
    page = page_path(output)
    from penchant.exploration.log_exploration import explore as explore_log

    exploration = explore_log(log.read(session.run, tables, content, warn=False, users=False))
    if session.json:
        session.reply(exploration.to_dict())
    else:
        print(exploration)
    write_page(exploration, page)
