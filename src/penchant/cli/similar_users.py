"""`penchant similar-users`: who in a log is most like a user, or like someone new."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.bundle_options import ClassOptions
from penchant.cli.command import command
from penchant.cli.files import ListsPath, lists_path
from penchant.cli.lists import as_json, show_tables, without_rows, write
from penchant.cli.run_context import Session
from penchant.cli.user_options import UserOptions
from penchant.wording import counted

logger = logging.getLogger(__name__)

_HEADINGS = {"rank": "", "similar": "user", "similarity": "similarity"}


@command
def similar_users(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    user_options: UserOptions,
    k: Annotated[int, typer.Option("-k", min=1, help="How many for each.")] = 10,
    output: ListsPath = None,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """List the users of a log who are most like a user of it, or like someone new."""
    file = lists_path(output)
    user_options.check(everybody=file is not None)

    from penchant.similarity import users as similarity

    model = class_options.restore(folder)
    users, names = user_options.of(model)
    basis = similarity.basis(model)
    table = similarity.similar_users(model, users, k, run=session.run)
    logger.info(f"Users are compared by {basis}.")
    if file is not None:
        write(table.drop("history", strict=False), file)
        logger.info(f"Wrote {counted(len(table), 'row')} to {file}.")
    if session.json:
        empty = similarity.lists_like_nobody(model, *without_rows(model, users, table))
        lists = as_json(table, empty, noun="similar")
        session.reply(
            {"model": repr(model), "log": model.log_name_, "compared_by": basis, "lists": lists}
        )
    elif file is None:
        by_id = {user: f"Like user {user}" for user in users} if isinstance(users, list) else names
        show_tables(session, table, by_id, _HEADINGS)
