"""`penchant likes`: which unseen items users will like, and which not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.atomic_write import atomic_path, draft_folder
from penchant.cli.bundle_options import ClassOptions
from penchant.cli.command import command
from penchant.cli.files import writable_path
from penchant.cli.item_options import ItemOptions
from penchant.cli.lists import as_json, show_tables, users_without_lists
from penchant.cli.run_context import Session
from penchant.cli.user_options import UserOptions
from penchant.wording import counted

if TYPE_CHECKING:
    import polars as pl

logger = logging.getLogger(__name__)

_SHOWN = 10  # likes, and dislikes, of each user where no file is written
_ROWS = 2**18  # of a piece of a file
_HEADINGS = {
    "rank": "",
    "item": "item",
    "title": "title",
    "genres": "genres",
    "year": "year",
    "says": "says",
    "confidence": "sure",
}


@command
def likes(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    user_options: UserOptions,
    k: Annotated[
        int | None,
        typer.Option(
            "-k",
            min=1,
            help="The surest likes, and dislikes, of each user; by default 10, and all in a file.",
            show_default=False,
        ),
    ] = None,
    items: ItemOptions,
    dislikes: Annotated[
        bool, typer.Option(help="Also give what a user will not like.", show_default=False)
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write .csv or .parquet; for all users unless some are named.",
            show_default=False,
        ),
    ] = None,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """Say which unseen items users will like, which not, and how sure that is."""
    file = writable_path(output, endings=(".csv", ".parquet"))
    user_options.check(everybody=file is not None)

    import polars as pl

    from penchant.like_lists import NO_LIKES, likes_in_parts
    from penchant.models.protocols import RatesRows

    model = class_options.restore(folder)
    users, names = user_options.of(model)
    if k is None and file is None:
        k = _SHOWN
    choice = items.of(model)
    parts = likes_in_parts(model, users, k, dislikes=dislikes, run=session.run, **vars(choice))
    assert isinstance(model, RatesRows)  # others are refused
    facts = {"model": repr(model), "log": model.log_name_, "target": str(model.target)}
    if file is not None:
        written = _write(parts, file)
        logger.info(f"Wrote {counted(written, 'row')} to {file}.")
        if session.json:
            session.reply(facts | {"file": str(file), "rows": written})
        return
    table = pl.concat(list(parts))
    if session.json:
        empty = users_without_lists(model, users, table, choice, otherwise=NO_LIKES)
        session.reply(facts | {"lists": as_json(table, empty)})
        return
    says = pl.when("like").then(pl.lit("like")).otherwise(pl.lit("dislike")).alias("says")
    show_tables(session, table.with_columns(says), names, _HEADINGS)


def _write(parts: Iterator[pl.DataFrame], path: Path) -> int:
    """Write frames one after the other, so that they never stand in memory together.

    Returns:
        How many rows there are.
    """
    import polars as pl

    rows = 0
    with atomic_path(path) as draft, draft_folder(path) as folder:
        pieces: list[Path] = []
        for piece in _pieces(parts):
            rows += len(piece)
            piece = piece.drop("history", strict=False)
            if path.suffix == ".parquet":
                pieces.append(folder / f"{len(pieces):06d}.parquet")
                piece.write_parquet(pieces[-1])
                continue
            if "genres" in piece.columns and isinstance(piece.schema["genres"], pl.List):
                piece = piece.with_columns(pl.col("genres").list.join("|"))
            with draft.open("ab") as file:
                piece.write_csv(file, include_header=file.tell() == 0)
        if pieces:
            pl.scan_parquet(pieces).sink_parquet(draft)
    return rows


def _pieces(parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in fewer frames, where parts are small."""
    import polars as pl

    waiting: list[pl.DataFrame] = []
    rows = 0
    for part in parts:
        waiting.append(part)
        rows += len(part)
        if rows >= _ROWS:
            yield pl.concat(waiting)
            waiting, rows = [], 0
    if waiting:
        yield pl.concat(waiting)
