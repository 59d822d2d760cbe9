"""`penchant split`: a log divided into files, for other programs."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from penchant.cli.command import command
from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.cli.split_options import SplitOptions
from penchant.errors import ParameterError

logger = logging.getLogger(__name__)


@command
def split(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="A new folder for the files.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        Literal["csv", "parquet"] | None,
        typer.Option(
            "--format",
            help="Write csv files, or folders of parquet files; by default parquet for logs of "
            "more than 10 million events.",
            show_default=False,
        ),
    ] = None,
    split: SplitOptions,
    log: LogOptions,
    session: Session,
) -> None:
    """Write the parts of a split as files: train, validation, test."""
    if output is None:
        raise ParameterError("Name a new folder for the files: -o FOLDER.")
    parts = split.read(log, TableOptions(), ContentOptions(), session.run)

    from penchant.data.split_files import write_split

    files = write_split(parts, output, form=form)
    reproduce = session.reproduce_command(**split.resolved(parts))
    reproduce += f" -o {shlex.quote(str(output))}" + (f" --format {form}" if form else "")
    if session.json:
        facts = {"files": [str(path) for path in files], "split": parts.describe()}
        session.reply(facts | {"reproduce": reproduce})
        return
    print(parts.sentence)
    for path in files:
        print(path)
    logger.info(f"Again: {reproduce}")
