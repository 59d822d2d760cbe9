"""What every command has: how it answers, what it tells on the way, and how to run it again."""

from __future__ import annotations

import json
import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.config_file import read_config
from penchant.cli.terminal_text import harmless
from penchant.run import Run

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 200  # columns of tables that go to a file or a pipe
_PRESENTATION_ONLY = {
    "json",
    "quiet",
    "threads",
    "ray",
    "workers",
    "shard_tables",
    "max_hours",
    "output",
    "overwrite",
    "details",
    "full",
    "study",
    "mlflow",
    "user_values",
    "config",  # whose values are in the command
}  # options that change no figure

Details = Annotated[
    bool,
    typer.Option("--details", help="Every finding of the audit in full, and what to do."),
]
"""An option for results that have findings."""

RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Do this on a Ray cluster: host:port of its head, auto for the one that this machine "
        "is part of, or local for one of this machine alone.",
        show_default=False,
    ),
]
"""An option for work that a cluster can do."""


class _StandardError(logging.Handler):
    """Writes messages to whatever standard error is at the moment, above progress bars."""

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        print(harmless(text) if sys.stderr.isatty() else text, file=sys.stderr)


@dataclass(frozen=True)
class Session:
    """One call of a command.

    Attributes:
        context: the command and its values, as parsed.
        json: whether standard output is for a program.
        quiet: whether nothing is told on standard error but errors.
        threads: for numerical work.
        config: the file that options came from; see `read_config`.
        max_hours: how long a model may take to be fitted.
    """

    context: typer.Context
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No notes and no progress on standard error.")
    ] = False
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads for numerical work.", show_default=False)
    ] = None

    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A TOML file of options; those on the command line come before it.",
            show_default=False,
            is_eager=True,
            callback=read_config,
        ),
    ] = None
    max_hours: Annotated[
        float, typer.Option(min=0, help="Refuse to fit a model that would take longer, roughly.")
    ] = 4.0

    @cached_property
    def run(self) -> Run:
        """Threads, and progress where somebody sits at a terminal."""
        if self.json or self.quiet or not sys.stderr.isatty():
            return Run(threads=self.threads, max_hours=self.max_hours)
        from penchant.cli.progress import Terminal

        return Run(threads=self.threads, progress=Terminal(), max_hours=self.max_hours)

    @contextmanager
    def logging_to_stderr(self) -> Iterator[None]:
        """Show the package's log messages on standard error; with `quiet` none of them."""
        logger, handler = logging.getLogger("penchant"), _StandardError()
        before = logger.level, logger.propagate
        logger.addHandler(handler)
        logger.setLevel(logging.CRITICAL if self.quiet else logging.INFO)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.level, logger.propagate = before

    @cached_property
    def console(self) -> Console:
        """Standard output for tables, wide where it is no terminal."""
        from rich.console import Console

        return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)

    def reply(self, data: Any) -> None:
        """Answer a program."""
        print(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))

    def reproduce_command(self, **resolved: Any) -> str:
        """The command line that does the same again, with the values that were left open."""
        command = self.context.command
        words = ["penchant", str(self.context.info_name)]
        options: list[str] = []
        for parameter in command.params:
            name = parameter.name or ""
            value = resolved.get(name, self.context.params.get(name))
            if name in _PRESENTATION_ONLY or value is None or value is False:
                continue
            if parameter.param_type_name == "argument":
                words.append(str(value))
                continue
            flag = max(parameter.opts, key=len)
            if value is True:
                options.append(flag)
                continue
            for one in value if isinstance(value, list | tuple) else [value]:
                options += [flag, f"{one:g}" if isinstance(one, float) else str(one)]
        return shlex.join(words + options)
