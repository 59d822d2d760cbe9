"""`penchant plan`: memory, time and machines for a log of some size."""

from __future__ import annotations

from typing import Annotated

import typer

from penchant.cli.command import command
from penchant.cli.run_context import Session


@command
def plan(
    *,
    users: Annotated[float, typer.Option(help="Users who have events; 1e8 is understood.")],
    items: Annotated[float, typer.Option(help="Items that have events.")],
    events: Annotated[float, typer.Option(help="Events in all.")],
    memory: Annotated[float, typer.Option(help="Memory of a machine, in GB.")] = 64.0,
    hours: Annotated[float, typer.Option(help="That a step may take.")] = 24.0,
    step: Annotated[
        list[str] | None,
        typer.Option(
            "--step", help="This step or model alone; again for more.", show_default=False
        ),
    ] = None,
    all_models: Annotated[
        bool, typer.Option("--all", help="Every model that was measured, not the usual ones alone.")
    ] = False,
    session: Session,
) -> None:
    """Say what a log of some size takes in memory, time and machines, step by step."""
    from penchant.capacity import plan

    found = plan(
        users=users,
        items=items,
        events=events,
        memory_gb=memory,
        max_hours=hours,
        steps=step,
        all_models=all_models,
    )
    if session.json:
        session.reply(found.to_dict())
    else:
        print(found)
