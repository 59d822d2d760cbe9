"""`penchant recommend`: lists from a bundle, for users of its log or for someone new."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.bundle_options import ClassOptions, choose_search
from penchant.cli.command import command
from penchant.cli.files import lists_path, page_path, write_page
from penchant.cli.group_options import GroupOptions, show_group
from penchant.cli.item_options import ItemOptions
from penchant.cli.lists import as_json, lists_for, show, users_without_lists, write
from penchant.cli.run_context import RayAddress, Session
from penchant.cli.user_options import UserOptions
from penchant.errors import ParameterError
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
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PLACE",
            help="Write .parquet, .csv, .jsonl, .xlsx, or a table of a database, such as "
            "sqlite:///lists.db or postgresql://user@host/shop?table=lists; for all users unless "
            "some are named.",
            show_default=False,
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE",
            help="Write an HTML page of what the lists in the file or table hold.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Start anew where a run of another bundle or with other options was stopped; "
            "replace a table that has other columns.",
        ),
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Look at every item, also where the bundle has an index.",
            show_default=False,
        ),
    ] = False,
    ray: RayAddress = None,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """Recommend items to users of a log, to a group of them, or to someone new."""
    page = page_path(summary)
    if page is not None and (output is None or group.group is not None):
        raise ParameterError("--summary is of lists of users that are written: say where with -o.")
    if ray is not None and (output is None or group.group is not None):
        raise ParameterError("--ray is for lists of users that are written: say where with -o.")
    group.check(user_options, explain=explain)
    user_options.check(everybody=output is not None or group.group is not None)

    file = None
    if output is not None and group.group is not None:
        file = lists_path(Path(output))
    elif output is not None:
        from penchant.batch.destinations import destination_of

        destination_of(output)  # refused before the model is read
    model = class_options.restore(folder)
    choose_search(model, exact=exact)
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
    if output is None:
        lists = lists_for(model, users, k, choice, why=explain, run=session.run)
        if not session.json:
            show(session, lists, names)
            return
        entries = as_json(lists, users_without_lists(model, users, lists, choice))
        session.reply({"model": repr(model), "log": model.log_name_, "lists": entries})
        return

    from penchant.batch import write_lists
    from penchant.bundle import describe
    from penchant.store import digest

    written = write_lists(
        model,
        output,
        k,
        users=users,
        explain=explain,
        overwrite=overwrite,
        fingerprint=digest(describe(folder) | ({"exact": True} if exact else {})),
        run=replace(session.run, ray=ray),
        **vars(choice),
    )
    logger.info(f"Wrote {counted(written.n_rows, 'row')} to {written.destination}.")
    if session.json:
        session.reply(written.to_dict())
    else:
        print(written)
    write_page(written, page)
