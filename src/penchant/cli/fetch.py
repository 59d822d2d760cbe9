"""`penchant fetch`: published data sets, found or downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.command import command
from penchant.cli.run_context import Session


@command
def fetch(
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which one; without it, list them.")
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(help="A folder or address that has published data sets.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Where copies are kept.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
    session: Session,
) -> None:
    """Find or download a published data set, or list them."""
    from penchant.data.sources import CATALOGUE
    from penchant.data.sources import fetch as find

    if name is None:
        datasets = [
            {"name": key, "events": source.n_events, "about": source.about}
            for key, source in CATALOGUE.items()
        ]
        if session.json:
            session.reply(datasets)
        else:
            width = max(map(len, CATALOGUE))
            for row in datasets:
                count = f"{row['events']:,}" if row["events"] else ""
                print(f"{row['name']:<{width}}  {count:>11}  {row['about']}")
        return
    location = find(name, mirror=mirror, cache=cache, offline=offline, run=session.run)
    path, origin, form = str(location.path), location.origin, location.form
    facts = {"name": name, "path": path, "origin": origin, "form": form}
    if session.json:
        session.reply(facts)
    else:
        print(f"{name} is in {path} ({form} files, from {origin}).")
