"""`penchant recommend`: lists from a bundle, for users of its log or for someone new."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.command import command
from penchant.cli.files import target
from penchant.cli.lists import as_json, lists_for, newcomer, show, write
from penchant.cli.session import Session
from penchant.cli.titles import items_of_titles
from penchant.errors import ParameterError
from penchant.run import say

if TYPE_CHECKING:
    from penchant.data.vocabulary import Id, Vocabulary


@command
def recommend(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    user: Annotated[
        list[str] | None,
        typer.Option("--user", "-u", help="A user of the log; again for more.", show_default=False),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Items in a list.")] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, for each item.")] = False,
    items: Annotated[
        str | None, typer.Option(help="For someone new who likes these ids: id1,id2.")
    ] = None,
    like_title: Annotated[
        list[str] | None,
        typer.Option(
            help="For someone new who likes this title, or its beginning or a part; again for "
            "more.",
            show_default=False,
        ),
    ] = None,
    candidates: Annotated[
        str | None, typer.Option(help="Choose from these ids only: id1,id2.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write .csv, .parquet or .jsonl; for all users unless some are named.",
            show_default=False,
        ),
    ] = None,
    session: Session,
) -> None:
    """Recommend items to users of a log, or to someone new."""
    file = target(output, endings=(".csv", ".parquet", ".jsonl"))
    new = items is not None or bool(like_title)
    if new and user:
        raise ParameterError("--user is for users of the log, --items and --like-title for a new "
                             "one: use one or the other.")  # fmt: skip
    if not new and not user and file is None:
        raise ParameterError(
            "Say for whom: --user ID, --items or --like-title for someone new, or -o FILE for "
            "all users."
        )

    from penchant.bundle import restore

    model = restore(folder)
    names: dict[Any, str] = {}
    users: Any = None
    if new:
        liked = [*_ids(model.items_, items), *items_of_titles(model, like_title or ())]
        users = newcomer(model, liked)
        names[0] = f"For someone who likes {', '.join(titles_of_ids(model, liked))}"
    elif user:
        users = list(dict.fromkeys(model.users_.cast(text) for text in user))
    chosen = _ids(model.items_, candidates) or None
    lists = lists_for(model, users, k, candidates=chosen, why=explain, run=session.run)
    if file is not None:
        write(lists.drop("history", strict=False), file)
        say(f"Wrote {len(lists):,} rows to {file}.")
    if session.json:
        session.reply({"model": repr(model), "log": model.log_name_, "lists": as_json(lists)})
    elif file is None:
        show(session, lists, names)


def titles_of_ids(model: Any, ids: list[Id]) -> list[str]:
    """The titles of items, or their ids where no title is known."""
    from penchant.data.dataset import titles_of

    return titles_of(model.items_, model.item_table_, model.items_.indices(ids))


def _ids(vocabulary: Vocabulary, text: str | None) -> list[Id]:
    """Ids between commas; an id may itself have one where it stands alone."""
    if not text:
        return []
    if vocabulary.kind == "string" and text in vocabulary:
        return [text]
    return [vocabulary.cast(part.strip()) for part in text.split(",") if part.strip()]
