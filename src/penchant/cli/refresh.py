"""`penchant refresh`: a bundle that follows what people do in a service."""

from __future__ import annotations

import json
import logging
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.cli.command import command
from penchant.cli.kept_options import AsGiven, read_again
from penchant.cli.log_options import ContentOptions, LogOptions, ReadOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.cli.store_options import OptionalSource, default_store, open_store
from penchant.errors import ParameterError, PenchantError
from penchant.repeats import Repeats

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.models.base import Recommender
    from penchant.serving.refresh import Refreshed

logger = logging.getLogger(__name__)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PERIOD = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


@command
def refresh(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle that serves.")],
    source: OptionalSource = None,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="PENCHANT_STORE",
            metavar="URL",
            help="The database in which 'penchant serve' keeps what people say and do; by default "
            "the SQLite file DIR.feedback.db, as there.",
            show_default=False,
        ),
    ] = None,
    how: Annotated[
        Literal["train", "update"],
        typer.Option(help="Learn from all events anew, or take the new ones in."),
    ] = "train",
    share: Annotated[
        float, typer.Option(help="Share of the new events, the latest, by which both are judged.")
    ] = 0.2,
    min_users: Annotated[
        int, typer.Option(min=1, help="Fewer users among them judge nothing.")
    ] = 20,
    tolerance: Annotated[
        float, typer.Option(min=0, help="The share by which the new one may be worse by chance.")
    ] = 0.05,
    k: Annotated[int, typer.Option("-k", min=1, help="Length of the lists that are judged.")] = 10,
    repeats: Annotated[
        Repeats, typer.Option(help="Whether lists may hold what their user had.")
    ] = "excluded",
    force: Annotated[
        bool, typer.Option("--force", help="Put the new one in place in any case.")
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Do it again and again, such as every 6h or 30m."),
    ] = None,
    as_given: AsGiven = False,
    reading: ReadOptions,
    tables: TableOptions,
    content: ContentOptions,
    session: Session,
) -> None:
    """Let a bundle learn from what people did in a service, and keep it only if it is no worse."""
    pause = None if every is None else seconds_of(every)

    from penchant.serving.refresh import RefreshSettings
    from penchant.serving.refresh import refresh as refresh_bundle

    settings = RefreshSettings(how, share, min_users, tolerance, k, repeats, force)

    def read_log(model: Recommender) -> Dataset:
        assert source is not None
        log = LogOptions(source, reading)
        return read_again(log, model, tables, content, session.run, as_given=as_given)

    while True:
        started = time.monotonic()
        try:
            with open_store(store or default_store(folder)) as opened:
                refreshed = refresh_bundle(
                    folder,
                    opened,
                    None if source is None else read_log,
                    settings,
                    run=session.run,
                )
            _answer(refreshed, session, in_line=pause is not None)
        except PenchantError as error:
            if pause is None or isinstance(error, ParameterError):
                raise
            logger.error(f"{error} Trying again in {every}.")
        if pause is None:
            return
        time.sleep(max(0.0, pause - (time.monotonic() - started)))


def seconds_of(text: str) -> float:
    """A time such as 6h, 30m or 1d in seconds.

    Raises:
        ParameterError: it is none, or no second long.
    """
    match = _PERIOD.fullmatch(text.strip())
    seconds = 0.0 if match is None else float(match[1]) * _UNITS[match[2]]
    if seconds < 1:
        raise ParameterError(f"{text!r} is no time to wait: write for example 6h, 30m or 1d.")
    return seconds


def _answer(refreshed: Refreshed, session: Session, *, in_line: bool) -> None:
    if session.json:
        data = refreshed.to_dict()
        if in_line:
            print(json.dumps(data, ensure_ascii=False, allow_nan=False), flush=True)
        else:
            session.reply(data)
        return
    verb = "is replaced" if refreshed.status == "replaced" else "stays as it is"
    print(f"{refreshed.folder} {verb}: {refreshed.reason}.", flush=True)
    if refreshed.previous is not None:
        logger.info(f"The bundle before is in {refreshed.previous}.")
    elif refreshed.status == "replaced":
        logger.info("The bundle before is gone, for it knew people who were deleted since.")
    if refreshed.status != "replaced" and refreshed.deleted_users:
        logger.warning(
            f"The bundle still knows {refreshed.deleted_users} people who were deleted: --force "
            "puts one in place that does not."
        )
