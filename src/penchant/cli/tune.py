"""`penchant tune`: hyper-parameters of a recommender, tried on validation events."""

from __future__ import annotations

import logging
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.command import command
from penchant.cli.default_models import build
from penchant.cli.files import PagePath, page_path, writable_path, write_page
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions, words
from penchant.cli.mlflow_option import MLflowURI, with_mlflow
from penchant.cli.run_context import RayAddress, Session
from penchant.cli.split_options import RelevantEvents, SplitOptions
from penchant.distributed import executor
from penchant.wording import counted

if TYPE_CHECKING:
    from penchant.models.base import Recommender
    from penchant.results.tables import Entry, Table
    from penchant.run import Run
    from penchant.tuning import Tuning

logger = logging.getLogger(__name__)

_BEST = 5  # trials that are shown
_METRIC = "ndcg@10"
_INTERRUPTED = 130  # the exit code of a program that was stopped by Ctrl-C


@command
def tune(
    *,
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model such as ease or dot:target=interaction.")
    ] = "ease",
    metric: Annotated[
        str, typer.Option(help="What to go by on validation, such as ndcg@10 or rmse.")
    ] = _METRIC,
    space: Annotated[
        list[str] | None,
        typer.Option(
            "--space",
            "-s",
            metavar="NAME=VALUES",
            help="What to try: l2=100,300,1000 or l2=1..10000:log; again for more. By default "
            "the ranges that 'penchant models' shows.",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, help="How many sets are drawn; a grid is tried whole.")
    ] = 30,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Begin no further set once all together have taken so long.", show_default=False
        ),
    ] = None,
    method: Annotated[
        Literal["auto", "grid", "random", "tpe"],
        typer.Option(help="How to choose; auto is grid where there are only lists, else tpe."),
    ] = "auto",
    like: Annotated[
        float | None,
        typer.Option(help="The rating from which an event is a like.", show_default=False),
    ] = None,
    relevant: RelevantEvents = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="Then judge the best, the model as given and trivial ones on test."
        ),
    ] = False,
    study: Annotated[
        Path | None,
        typer.Option(
            help="A file that keeps each trial; go on with it where it is there, alone or with "
            "other processes.",
            show_default=False,
        ),
    ] = None,
    ray: RayAddress = None,
    mlflow: MLflowURI = None,
    output: PagePath = None,
    split: SplitOptions,
    log: LogOptions,
    tables: TableOptions,
    content: ContentOptions,
    session: Session,
) -> None:
    """Try hyper-parameters on validation events, and give the best as a model's text."""
    page = page_path(output)
    writable_path(study)
    run = replace(with_mlflow(session.run, mlflow), ray=ray)
    (default_model,) = build([model], split.seed).values()

    from penchant.tuning.ranges import space_of
    from penchant.tuning.trials import tune as try_all

    search_space = space_of(default_model, space or ())
    with executor(run):  # before the log is read, for nothing may answer there
        parts = split.read(log, tables, content, session.run)
        tuning = try_all(
            default_model,
            parts,
            metric,
            space=search_space,
            trials=trials,
            minutes=minutes,
            method=method,
            like=like,
            relevant=relevant,
            seed=split.seed,
            study=study,
            run=run,
        )
        test_result = None
        if compare and not tuning.interrupted:
            test_result = compared(tuning, default_model, run)
    reproduce = session.reproduce_command(**split.resolved(parts))
    if session.json:
        answer: dict[str, Any] = tuning.to_dict() | {"reproduce": reproduce}
        if test_result is not None:
            answer["compared"] = test_result
        session.reply(answer)
    else:
        show(session, tuning)
        for sentence in (*test_result["sentences"], *test_result["notes"]) if test_result else ():
            print(sentence)
    write_page(tuning, page)
    if not session.json:
        # The same test events, of which tuning has seen none.
        given = [*words(log, tables, content, split), "-m", tuning.best_name]
        given += ["--metric", metric] if metric != _METRIC else []
        given += ["--like", f"{like:g}"] if like is not None else []
        given += ["--relevant", relevant] if relevant is not None else []
        logger.info(f"Next: penchant compare {shlex.join(given)}")
        logger.info(f"Again: {reproduce}")
    if tuning.interrupted:
        raise typer.Exit(_INTERRUPTED)


def show(session: Session, tuning: Tuning) -> None:
    """Print the best trials, and what was found, with the best as a text for `-m`."""
    from rich.table import Table as Grid

    from penchant.results.tuning.trial import value_text

    best = tuning.ranked[:_BEST]
    grid = Grid(title=f"The best of {counted(len(tuning.trials), 'trial')}", title_justify="left")
    for name in ("trial", *tuning.space, tuning.metric, "seconds"):
        grid.add_column(name, justify="right", no_wrap=True)
    for trial in best:
        values = [value_text(trial.values[name]) for name in tuning.space]
        grid.add_row(str(trial.number), *values, f"{trial.score:.4f}", f"{trial.seconds:.2f}")
    session.console.print(grid)
    for sentence in tuning.sentences:
        print(sentence)
    print(f"-m {shlex.quote(tuning.best_name)}")


def compared(tuning: Tuning, default_model: Recommender, run: Run) -> dict[str, Any]:
    """The best, the model as it was given and trivial ones, on test events.

    Returns:
        `sentences` for a person, the evaluation's `notes` on the split, and its `tables`.
    """
    from penchant.evaluation import evaluate
    from penchant.models import spec_of

    tuned, default = tuning.best_name, spec_of(default_model)
    models = {default: default_model, tuned: tuning.best()}
    result = evaluate(
        models,
        tuning.split,
        [tuning.metric],
        like=tuning.like,
        relevant=tuning.relevant,
        seed=tuning.seed,
        run=run,
    )
    table = result.table()
    sentences = [_on_test(table, table[tuned])]
    if default != tuned:
        sentences.append(_against(table, table[tuned], table[default]))
    sentences.append(_trivial(table, table[tuned]))
    plain = result.to_dict()
    return {"sentences": sentences, "notes": plain["notes"], "tables": plain["tables"]}


def _on_test(table: Table, tuned: Entry) -> str:
    figure = tuned.metrics[table.primary]
    return (
        f"On test events, {table.primary} of {tuned.name} is {figure.value:.4f} "
        f"({figure.low:.4f} to {figure.high:.4f})."
    )


def _against(table: Table, tuned: Entry, default: Entry) -> str:
    new, old = (entry.metrics[table.primary].value for entry in (tuned, default))
    better = new > old if table.higher_is_better else new < old
    if new == old:
        return f"That is what {default.name} reaches as it was given."
    how = "better" if better else "worse"
    return f"That is {how} by {abs(new - old):.4f} than {default.name} as it was given, {old:.4f}."


def _trivial(table: Table, tuned: Entry) -> str:
    bar = table.best_trivial
    figure = bar.metrics[table.primary]
    if tuned.verdict is None:
        return (
            f"It is a trivial answer itself; the best of these is {bar.name}, {figure.value:.4f}."
        )
    verdict = {
        "beats": "beats every trivial answer",
        "no better": "is no better than the best trivial answer",
        "worse": "is worse than the best trivial answer",
    }[tuned.verdict]
    return f"It {verdict}; the best of these is {bar.name}, {figure.value:.4f}."
