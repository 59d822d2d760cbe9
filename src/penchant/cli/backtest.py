"""`penchant backtest`: what lists made at the start of each month would have caught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from penchant.cli.command import command
from penchant.cli.compare import FAILED
from penchant.cli.default_models import build, default_specs
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.half_life import HalfLives, with_half_lives
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.cli.run_context import RayAddress, Session
from penchant.cli.split_options import JudgedRepeats
from penchant.distributed import executor


@command
def backtest(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="A model; again for more.", show_default=False),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Of lists, such as ndcg@10 or revenue@10; again for more. The first decides.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        Literal["day", "week", "month"], typer.Option(help="The calendar period.")
    ] = "month",
    periods: Annotated[int, typer.Option(min=1, help="How many of the last ones.")] = 6,
    repeats: JudgedRepeats = None,
    half_life: HalfLives = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Say what rules for lists cost and bring: each model's figures with and without.",
            show_default=False,
        ),
    ] = None,
    replicates: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    ray: RayAddress = None,
    output: PagePath = None,
    log: LogOptions,
    tables: TableOptions,
    content: ContentOptions,
    session: Session,
) -> None:
    """Say what lists made at the start of each of the last months would have caught."""
    page = page_path(output)
    models = build(model or (), seed)
    wanted = None
    if rules is not None:
        from penchant.rules import Rules

        wanted = Rules.read(rules)
    run = replace(session.run, ray=ray)

    from penchant.evaluation.backtest import backtest as look_back

    with executor(run):  # before the log is read, for nothing may answer there
        data = log.read(session.run, tables, content)
        result = look_back(
            with_half_lives(models or build(default_specs(data), seed), half_life),
            data,
            metric,
            every=every,
            periods=periods,
            repeats=repeats,
            rules=wanted,
            replicates=replicates,
            seed=seed,
            run=run,
        )
    if session.json:
        reproduce = session.reproduce_command(metric=result.settings["metrics"])
        session.reply(result.to_dict() | {"reproduce": reproduce})
    else:
        result.render(session.console)
    write_page(result, page)
    if any(each.failed for each in result.rounds):
        raise typer.Exit(FAILED)
