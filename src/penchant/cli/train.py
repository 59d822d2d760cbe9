"""`penchant train`: one recommender, learned from a whole log and kept as a bundle."""

from __future__ import annotations

import logging
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.command import command
from penchant.cli.default_models import build
from penchant.cli.half_life import HalfLife, decayed
from penchant.cli.log_options import ContentOptions, TableOptions
from penchant.cli.mlflow_option import MLflowURI, with_mlflow
from penchant.cli.run_context import RayAddress, Session
from penchant.cli.second_log import SecondLogOptions
from penchant.cli.store_options import StoreLogOptions
from penchant.distributed import executor
from penchant.errors import BundleError, ParameterError
from penchant.json_values import json_value
from penchant.run import Run, versions

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.models.base import Recommender

logger = logging.getLogger(__name__)


@command
def train(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The bundle's folder.")],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model such as ease or ease:l2=300.")
    ] = "ease",
    validation: Annotated[
        float,
        typer.Option(
            help="Share of events, held out as the default of --split does, by which a network "
            "decides how long to learn, before it learns from all of them; 0 runs all epochs."
        ),
    ] = 0.1,
    half_life: HalfLife = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a bundle that is there.")
    ] = False,
    ray: RayAddress = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many workers of the cluster train a model together; all by default.",
            show_default=False,
        ),
    ] = None,
    shard_tables: Annotated[
        bool,
        typer.Option(
            "--shard-tables",
            help="Give each worker some rows of a network's tables of users and items, where "
            "they are too large for one.",
        ),
    ] = False,
    mlflow: MLflowURI = None,
    log: StoreLogOptions,
    tables: TableOptions,
    content: ContentOptions,
    second: SecondLogOptions,
    session: Session,
) -> None:
    """Learn a recommender from a LOG, a service's store or both, and keep it as a bundle."""
    if output.exists() and not overwrite:
        raise BundleError(f"There already is {str(output)!r}: add --overwrite to replace it.")
    if workers is not None and ray is None:
        raise ParameterError("--workers are those of a Ray cluster: name one with --ray.")
    run = replace(
        with_mlflow(session.run, mlflow), ray=ray, workers=workers, shard_tables=shard_tables
    )
    (unfitted,) = build([model], seed).values()
    if half_life is not None:
        _, unfitted = decayed(model, unfitted, half_life)
    if ray is not None or shard_tables:
        from penchant.models.data_parallel import require_divisible

        require_divisible(unfitted, run)
    with executor(run):  # before the log is read, for nothing may answer there
        data, remember, kept = log.read(session.run, tables, content, second, unfitted)

        from penchant.evaluation.event_notes import event_notes
        from penchant.models import spec_of

        for note in event_notes(data, {spec_of(unfitted): unfitted}):
            logger.info(note)
        fitted = learn(unfitted, data, validation, run)

    from penchant.bundle import save
    from penchant.compiled import compile_seconds

    if kept:
        fitted.log_options_ = kept
    save(fitted, output, overwrite=overwrite, before_placing=remember)
    run.finished(fitted)
    facts = {
        "bundle": str(output),
        "model": repr(fitted),
        "log": {"name": data.name, "events": len(data), "fingerprint": data.fingerprint},
        "settings": {
            **json_value(fitted.params()),
            "validation": validation,
            "versions": versions(),
        },
        "fit_seconds": fitted.fit_seconds_,
        "reproduce": f"{session.reproduce_command(**log.harmless)} -o {shlex.quote(str(output))}",
    }
    if session.json:
        session.reply(facts)
        return
    print(f"Learned {fitted!r} from {data!r} in {fitted.fit_seconds_:.1f} s; it is in {output}.")
    if (compiling := compile_seconds()) >= 1:
        print(f"Compiling loops took {compiling:.0f} s more, which is done once on a machine.")
    user = shlex.quote(str(data.users[0]))
    logger.info(f"Next: penchant recommend {shlex.quote(str(output))} --user {user} --explain")
    logger.info(f"Again: {facts['reproduce']}")


def learn(model: Recommender, log: Dataset, validation: float, run: Run) -> Recommender:
    """Fit to the whole log, where the model can stop early with the epochs that suit a part."""
    if not validation or "patience" not in model.params():
        return model.fit(log, run=run)

    from penchant.data.splitting import split

    parts = split(log, validation=0, test=validation, seed=model.seed)
    logger.info(f"How long to learn is decided by held-out events. {parts.sentence}")
    return model.fit(parts.train, parts.test, run=run).refit(log, run=run)
