"""What every command has: how it answers, what it tells on the way, and how to run it again."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.run import Run

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 200  # columns of tables that go to a file or a pipe
_TALK = {"json", "quiet", "threads", "output", "overwrite"}  # options that change no figure


@dataclass(frozen=True)
class Session:
    """One call of a command.

    Attributes:
        context: the command and its values, as parsed.
        json: whether standard output is for a program.
        quiet: whether nothing is told on standard error but errors.
        threads: for numerical work.
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

    @cached_property
    def run(self) -> Run:
        """Threads, and progress where somebody sits at a terminal."""
        if self.json or self.quiet or not sys.stderr.isatty():
            return Run(threads=self.threads)
        from penchant.cli.progress import Terminal

        return Run(threads=self.threads, progress=Terminal())

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Keep the library silent on standard error where asked to."""
        before = os.environ.get("PENCHANT_QUIET")
        if self.quiet:
            os.environ["PENCHANT_QUIET"] = "1"
        try:
            yield
        finally:
            if self.quiet:
                del os.environ["PENCHANT_QUIET"]
                if before is not None:
                    os.environ["PENCHANT_QUIET"] = before

    @cached_property
    def console(self) -> Console:
        """Standard output for tables, wide where it is no terminal."""
        from rich.console import Console

        return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)

    def reply(self, data: Any) -> None:
        """Answer a program."""
        print(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))

    def again(self, **resolved: Any) -> str:
        """The command line that does the same again, with the values that were left open."""
        command = self.context.command
        words = ["penchant", str(self.context.info_name)]
        options: list[str] = []
        for parameter in command.params:
            name = parameter.name or ""
            value = resolved.get(name, self.context.params.get(name))
            if name in _TALK or value is None or value is False:
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
