"""`penchant compare`: several recommenders on one split of a log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.cli.command import command
from penchant.cli.default_models import build, default_specs
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.cli.run_context import Details, Session
from penchant.cli.split_options import SplitOptions

if TYPE_CHECKING:
    from penchant.evaluation import Evaluation

logger = logging.getLogger(__name__)


@command
def compare(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A model such as ease or dot:dim=16,target=interaction; again for more.",
            show_default=False,
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Such as ndcg@10 or rmse; again for more. The first decides.", show_default=False
        ),
    ] = None,
    like: Annotated[
        float | None,
        typer.Option(help="The rating from which an event is a like.", show_default=False),
    ] = None,
    relevant: Annotated[
        Literal["all", "liked"] | None,
        typer.Option(
            help="Which held-out events a list should have: by default all, or likes with "
            "--positive.",
            show_default=False,
        ),
    ] = None,
    replicates: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 2000,
    output: PagePath = None,
    details: Details = False,
    split: SplitOptions,
    log: LogOptions,
    tables: TableOptions,
    content: ContentOptions,
    session: Session,
) -> None:
    """Compare recommenders, always with trivial baselines."""
    page = page_path(output)
    models = build(model or (), split.seed)
    data = log.read(session.run, tables, content)
    if not models:
        model = default_specs(data)
        models = build(model, split.seed)

    from penchant.evaluation import evaluate

    parts = split.cut(data)
    result = evaluate(
        models,
        parts,
        metric,
        like=like,
        relevant=relevant,
        replicates=replicates,
        seed=split.seed,
        run=session.run,
    )
    reproduce = session.reproduce_command(
        model=model, split=parts.kind, metric=result.settings["metrics"]
    )
    if session.json:
        best = result.best_name() if parts.validation else None
        session.reply(result.to_dict() | {"best_on_validation": best, "reproduce": reproduce})
    else:
        show(session, result, details=details)
    write_page(result, page, run=session.run)
    if not session.json:
        logger.info(f"Again: {reproduce}")


def show(session: Session, result: Evaluation, *, details: bool = False) -> None:
    """Print the tables, what the audit objects to, and which model is best on validation."""
    result.render(session.console, details=details)
    if result.findings.at("wrong", "doubtful") and not details:
        logger.info("Each finding of the audit, and what to do: --details, or the HTML page.")
    if result.split.validation is not None:
        primary = result.table().primary
        session.console.print(
            f"Best on validation by {primary}: [bold]{result.best_name()}[/]. Test figures "
            "chose nothing."
        )
