"""`penchant backtest`: what lists made at the start of each month would have caught."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from penchant.cli.command import command
from penchant.cli.default_models import build, default_specs
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.half_life import HalfLives, with_half_lives
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.repeats import Repeats


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
    repeats: Annotated[
        Repeats | None,
        typer.Option(
            help="Whether lists may hold what a user has had, or hold nothing else; by default "
            "they may where the log has baskets.",
            show_default=False,
        ),
    ] = None,
    half_life: HalfLives = None,
    replicates: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    output: PagePath = None,
    log: LogOptions,
    tables: TableOptions,
    content: ContentOptions,
    session: Session,
) -> None:
    """Say what lists made at the start of each of the last months would have caught."""
    page = page_path(output)
    models = build(model or (), seed)
    data = log.read(session.run, tables, content)
    models = with_half_lives(models or build(default_specs(data), seed), half_life)

    from penchant.evaluation.backtest import backtest as look_back

    metrics = metric or ["ndcg@10", "recall@10", "hr@10"]
    if metric is None and "price" in data.events.columns:
        metrics.append("revenue@10")
    result = look_back(
        models,
        data,
        metrics,
        every=every,
        periods=periods,
        repeats=repeats,
        replicates=replicates,
        seed=seed,
        run=session.run,
    )
    if session.json:
        session.reply(result.to_dict() | {"reproduce": session.reproduce_command(metric=metrics)})
    else:
        result.render(session.console)
    write_page(result, page)
