"""`penchant compare`: several recommenders on one split of a log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.command import command
from penchant.cli.default_models import build, default_specs
from penchant.cli.files import PagePath, page_path, writable_path, write_page
from penchant.cli.half_life import HalfLives, with_half_lives
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.cli.mlflow_option import MLflowURI, with_mlflow
from penchant.cli.run_context import Details, RayAddress, Session
from penchant.cli.second_log import SecondLogOptions
from penchant.cli.split_options import RelevantEvents, SplitOptions
from penchant.distributed import executor
from penchant.errors import ParameterError

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.splits import Split
    from penchant.evaluation import Evaluation
    from penchant.models.base import Recommender
    from penchant.rules import Rules
    from penchant.run import Run

logger = logging.getLogger(__name__)

FAILED = 1  # the exit code where a model failed and others did not


@command
def compare(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A model such as ease, dot:dim=16,target=interaction or "
            "package.module:Class:l2=3; again for more.",
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
    relevant: RelevantEvents = None,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit",
            help="Once validation has settled how long models learn, fit them again to training "
            "and validation events together; test figures are of that.",
        ),
    ] = False,
    half_life: HalfLives = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Say what rules for lists cost and bring: each model's figures with and without.",
            show_default=False,
        ),
    ] = None,
    replicates: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 2000,
    also_gain: Annotated[
        bool,
        typer.Option(
            "--also-gain",
            help="Say what the second log (--also) adds: each model also learns without it.",
        ),
    ] = False,
    user_values: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the metrics of each test user and model, .csv or .parquet.",
            show_default=False,
        ),
    ] = None,
    ray: RayAddress = None,
    mlflow: MLflowURI = None,
    output: PagePath = None,
    details: Details = False,
    split: SplitOptions,
    log: LogOptions,
    tables: TableOptions,
    content: ContentOptions,
    second: SecondLogOptions,
    session: Session,
) -> None:
    """Compare recommenders, always with trivial baselines.

    A model that fails is named, and the others are compared; the exit code is then 1.
    """
    page = page_path(output)
    writable_path(user_values, endings=(".csv", ".parquet"))
    if also_gain and second.also is None:
        raise ParameterError("--also-gain needs a second log: name one with --also.")
    if also_gain and ray is not None:
        raise ParameterError(
            "--also-gain fits the models once more on this machine, and --ray does not divide "
            "that: leave one of them out."
        )
    run = replace(with_mlflow(session.run, mlflow), ray=ray)
    wanted = None
    if rules is not None:
        from penchant.rules import Rules

        wanted = Rules.read(rules)
    models = build(model or (), split.seed)
    with executor(run):  # before the log is read, for nothing may answer there
        if split.all_folds and not split.has_files:
            if second.also is not None:
                raise ParameterError("--also needs one fold: name it with --fold.")
            if user_values is not None:
                raise ParameterError("--user-values needs one fold: name it with --fold.")
            whole = log.read(session.run, tables, content)
            models = with_half_lives(models or build(default_specs(whole), split.seed), half_life)
            _cross_validate(
                models, whole, metric, like, relevant, refit, wanted, replicates, split, page,
                session, run,
            )  # fmt: skip
            return
        alone = split.read(log, tables, content, session.run)
        if not models:
            model = default_specs(alone.log)
            models = build(model, split.seed)

        from penchant.evaluation import evaluate

        models = with_half_lives(models, half_life)
        parts = second.join_split(alone, log, session.run)
        result = evaluate(
            models,
            parts,
            metric,
            like=like,
            relevant=relevant,
            refit=refit,
            rules=wanted,
            replicates=replicates,
            seed=split.seed,
            keep_user_values=user_values is not None,
            run=run,
        )
    models = {name: model for name, model in models.items() if name not in result.failed}
    gains = _gains(models, alone, parts, result, replicates, session) if also_gain else []
    reproduce = session.reproduce_command(
        model=model, metric=result.settings["metrics"], **split.resolved(parts)
    )
    if session.json:
        best = result.best_name() if parts.validation else None
        facts = {"best_on_validation": best, "reproduce": reproduce}
        session.reply(result.to_dict() | facts | ({"gains": gains} if gains else {}))
    else:
        show(session, result, details=details)
        for gain in gains:
            session.console.print(gain["sentence"])
    write_page(result, page, run=session.run)
    if user_values is not None:
        _write_user_values(result, user_values)
    if not session.json:
        logger.info(f"Again: {reproduce}")
    if result.failed:
        raise typer.Exit(FAILED)


def _cross_validate(
    models: Mapping[str, Recommender],
    log: Dataset,
    metrics: list[str] | None,
    like: float | None,
    relevant: Literal["all", "liked"] | None,
    refit: bool,
    rules: Rules | None,
    replicates: int,
    split: SplitOptions,
    page: Path | None,
    session: Session,
    run: Run,
) -> None:
    """Let each fold judge in turn."""
    from penchant.evaluation.folds import cross_validate

    result = cross_validate(
        models,
        log,
        metrics,
        folds=split.folds,
        validation=split.validation_share(0.0),
        like=like,
        relevant=relevant,
        repeats=split.repeats,
        refit=refit,
        rules=rules,
        replicates=replicates,
        seed=split.seed,
        run=run,
    )
    if session.json:
        session.reply(result.to_dict() | {"reproduce": session.reproduce_command()})
    else:
        result.render(session.console)
    write_page(result, page)
    if any(each.failed for each in result.rounds):
        raise typer.Exit(FAILED)


def _write_user_values(result: Evaluation, path: Path) -> None:
    """The values of all tasks in one file, with a column that says which."""
    import polars as pl

    from penchant.atomic_write import atomic_path

    frames = [
        result.user_values(task).select(pl.lit(task).alias("task"), pl.all())
        for task in result.tables
    ]
    values = pl.concat(frames, how="diagonal")
    with atomic_path(path) as draft:
        if path.suffix.lower() == ".csv":
            values.write_csv(draft)
        else:
            values.write_parquet(draft)
    logger.info(f"Wrote {path}.")


def _gains(
    models: Mapping[str, Recommender],
    alone: Split,
    joined: Split,
    result: Evaluation,
    replicates: int,
    session: Session,
) -> list[dict[str, Any]]:
    """What the second log adds to each model by the first metric of lists."""
    from dataclasses import asdict

    from penchant.transfer import transfer_gains

    metric = next((m for m in result.settings["metrics"] if _is_of_lists(m)), None)
    if metric is None:
        raise ParameterError("--also-gain needs a metric of lists: add --metric ndcg@10.")
    gains = transfer_gains(
        models,
        alone,
        joined,
        [metric],
        replicates=replicates,
        seed=result.settings.get("seed", 0),
        run=session.run,
    )
    return [asdict(gain) | {"sentence": str(gain)} for gain in gains]


def _is_of_lists(metric: str) -> bool:
    from penchant.metrics import RankingMetric, parse

    return isinstance(parse(metric), RankingMetric)


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
