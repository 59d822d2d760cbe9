"""`penchant serve`: a bundle as a service, with a page and over REST."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.command import command
from penchant.cli.run_context import Session
from penchant.cli.store_options import default_store
from penchant.errors import ParameterError
from penchant.run import versions
from penchant.wording import reason_of

logger = logging.getLogger(__name__)

_NONE = "none"


@command
def serve(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    host: Annotated[
        str, typer.Option(envvar="PENCHANT_HOST", help="The address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, envvar="PENCHANT_PORT", help="The port; 0 takes a free one."
        ),
    ] = 8000,
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=256, envvar="PENCHANT_WORKERS", help="Processes that answer side by side."
        ),
    ] = 1,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="PENCHANT_STORE",
            metavar="URL",
            help="The database of feedback, such as sqlite:///feedback.db or "
            "postgresql://user@host/shop; by default the SQLite file DIR.feedback.db; 'none' keeps "
            "none.",
            show_default=False,
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="PENCHANT_RULES",
            help="Rules that all lists keep; read again when the file, or one that it names, "
            "changes.",
            show_default=False,
        ),
    ] = None,
    comparison: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What penchant compare LOG --json has said, to show with the model.",
            show_default=False,
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="PENCHANT_KEYS",
            help="API keys, see penchant keys; without them nobody needs one.",
            show_default=False,
        ),
    ] = None,
    without_keys: Annotated[
        bool,
        typer.Option(
            "--without-keys", help="Listen beyond this machine though nobody needs a key."
        ),
    ] = False,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            envvar="PENCHANT_RATE_LIMIT",
            help="Requests of a key or an address to each worker, such as 600/minute.",
            show_default=False,
        ),
    ] = None,
    experiment: Annotated[
        str, typer.Option(help="The name of the experiment that a canary is.")
    ] = "canary",
    record: Annotated[
        bool,
        typer.Option("--record", help="Keep what is shown to whom, for penchant experiment."),
    ] = False,
    exploration: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="The chance of each place of a list to be swapped with another among the best "
            "100, so that other models can be judged by what is shown; needs --record.",
        ),
    ] = 0.0,
    max_k: Annotated[int, typer.Option(min=1, max=10_000, help="The longest list.")] = 100,
    log_format: Annotated[
        str, typer.Option(envvar="PENCHANT_LOG_FORMAT", help="Of requests: text, json or none.")
    ] = "text",
    title: Annotated[
        str, typer.Option(envvar="PENCHANT_TITLE", help="What the pages are called.")
    ] = "penchant",
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            envvar="PENCHANT_PICTURES",
            help="Pictures of items, as penchant images fetches them: <item id>.<ending>.",
            show_default=False,
        ),
    ] = None,
    root_path: Annotated[
        str, typer.Option(help="The path under which a proxy shows the service.")
    ] = "",
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Let pages of another site, such as https://shop.example, ask the REST routes "
            "from a browser; again for more.",
            show_default=False,
        ),
    ] = None,
    trusted_proxies: Annotated[
        str, typer.Option(help="Addresses of proxies whose X-Forwarded-For is believed.")
    ] = "127.0.0.1",
    session: Session,
) -> None:
    """Serve recommendations with reasons from a bundle, on a page and over REST."""
    from pydantic import ValidationError

    from penchant.serving import server
    from penchant.serving.deployment.state import State
    from penchant.serving.settings import Settings
    from penchant.serving.store.database import without_password

    if store is None:
        store = default_store(folder)
    try:
        settings = Settings(
            bundle=folder,
            host=host,
            port=port,
            workers=workers,
            threads=session.threads or 1,
            store=None if store == _NONE else store,
            rules=rules,
            keys=keys,
            rate_limit=rate_limit,
            trusted_proxies=trusted_proxies,
            cors_origins=tuple(cors_origin or ()),
            allowed_hosts=() if keys or without_keys else server.LOCAL_NAMES,
            comparison=comparison,
            experiment=experiment,
            record=record,
            exploration=exploration,
            max_k=max_k,
            log_format=log_format,  # type: ignore[arg-type]
            title=title,
            pictures=pictures,
            root_path=root_path,
        )
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-").replace("origins", "origin")
        raise ParameterError(f"--{option}: {reason_of(first['msg'])}.") from None
    server.check(settings, without_keys=without_keys)
    state = State.begin(folder, settings.state_path)  # refused before a server starts
    if record and settings.store is None:
        raise ParameterError("--record needs a store: leave out --store none.")
    if exploration and not record:
        raise ParameterError("--exploration is of use where what is shown is kept: add --record.")

    def listening(address: str) -> None:
        kept = "no store of feedback"
        if settings.store is not None:
            kept = f"feedback is kept in {without_password(settings.store)}"
        keys = "" if settings.keys is None else ", with API keys"
        replaced = state.current != folder.absolute()
        served = str(state.current if replaced else folder)
        logger.info(f"Serving {served!r} at {address} ({kept}{keys}); Ctrl-C stops it.")
        if replaced:
            logger.warning(
                f"{str(settings.state_path)!r} puts this bundle in the place of {str(folder)!r} "
                f"({state.note or 'no note'}): remove that file to begin with the latter."
            )
        if session.json:
            shown = settings.model_dump(mode="json")
            if settings.store is not None:
                shown["store"] = without_password(settings.store)
            bundle = str(state.current)  # which the settings need not name
            session.reply(
                {"address": address, "bundle": bundle, "settings": shown, "versions": versions()}
            )
            sys.stdout.flush()

    server.run(settings, listening)
