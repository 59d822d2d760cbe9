"""`penchant recommend`: lists from a bundle, for users of its log or for someone new."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.bundle_options import ClassOptions
from penchant.cli.command import command
from penchant.cli.files import ListsPath, lists_path
from penchant.cli.group_options import GroupOptions, show_group
from penchant.cli.item_options import ItemOptions
from penchant.cli.lists import as_json, lists_for, show, users_without_lists, write
from penchant.cli.run_context import Session
from penchant.cli.user_options import UserOptions
from penchant.wording import counted

logger = logging.getLogger(__name__)


@command
def recommend(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    user_options: UserOptions,
    group: GroupOptions,
    k: Annotated[int, typer.Option("-k", min=1, help="Items in a list.")] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, for each item.")] = False,
    items: ItemOptions,
    output: ListsPath = None,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """Recommend items to users of a log, to a group of them, or to someone new."""
    file = lists_path(output)
    group.check(user_options, explain=explain)
    user_options.check(everybody=file is not None or group.group is not None)

    model = class_options.restore(folder)
    choice = items.of(model)
    if group.group is not None:
        table, members = group.list_for(model, k, choice)
        if file is not None:
            write(table, file)
            logger.info(f"Wrote {counted(len(table), 'row')} to {file}.")
        if session.json:
            session.reply({"model": repr(model), "log": model.log_name_, "list": table.to_dicts()})
        elif file is None:
            show_group(session, table, members)
        return
    users, names = user_options.of(model)
    lists = lists_for(model, users, k, choice, why=explain, run=session.run)
    if file is not None:
        write(lists.drop("history", strict=False), file)
        logger.info(f"Wrote {counted(len(lists), 'row')} to {file}.")
    if session.json:
        empty = users_without_lists(model, users, lists, choice)
        entries = as_json(lists, empty)
        session.reply({"model": repr(model), "log": model.log_name_, "lists": entries})
    elif file is None:
        show(session, lists, names)
