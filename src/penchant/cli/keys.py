"""`penchant keys`: API keys of a service."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.command import command
from penchant.cli.run_context import Session
from penchant.errors import ParameterError

logger = logging.getLogger(__name__)


@command
def keys(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where keys are kept, as hashes.")],
    add: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make a key.", show_default=False)
    ] = None,
    scope: Annotated[
        str,
        typer.Option(
            help="What it allows: read; write, which also sends feedback, exports and deletes; or "
            "admin, which also changes models."
        ),
    ] = "read",
    remove: Annotated[
        str | None, typer.Option(metavar="NAME", help="Remove a key.", show_default=False)
    ] = None,
    session: Session,
) -> None:
    """Make, list and remove the API keys of a service."""
    from penchant.serving.keys import SCOPES, Keys

    if add is not None and remove is not None:
        raise ParameterError("Use --add or --remove, one at a time.")
    if scope not in SCOPES:
        raise ParameterError(f"--scope is one of {', '.join(SCOPES)}, and not {scope!r}.")
    known = Keys.read(file) if add is None or file.exists() else Keys()
    secret = None
    if add is not None:
        known, secret = known.added(add, scope)
        known.write(file)
    if remove is not None:
        known = known.removed(remove)
        known.write(file)
    if session.json:
        listed = [{"name": key.name, "scope": key.scope} for key in known.keys]
        session.reply({"keys": listed} | ({} if secret is None else {"key": secret}))
        return
    if secret is not None:
        print(secret)
        logger.info(f"This is the only time that the key of {add!r} is shown: keep it now.")
        return
    for key in known.keys:
        print(f"{key.name}\t{key.scope}")
    if remove is not None:
        logger.info("Restart the service, which goes on with the keys it has read.")
