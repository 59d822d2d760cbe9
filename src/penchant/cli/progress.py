"""Progress of long work on a terminal, with the time that is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from penchant.run import ProgressTask


class _Bar:
    def __init__(self, bars: Progress, key: TaskID) -> None:
        self.bars, self.key = bars, key

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.bars.update(self.key, advance=amount, note=note)


class Terminal:
    """Progress bars on standard error that disappear when their work is done."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[note]}", style="dim"),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._open = 0

    @contextmanager
    def task(self, description: str, total: float | None = None) -> Iterator[ProgressTask]:
        """Show a bar while the work goes on, under the bars of the work around it."""
        if not self._open:
            self._bars.start()
        self._open += 1
        key = self._bars.add_task(description, total=total, note="")
        try:
            yield _Bar(self._bars, key)
        finally:
            self._bars.remove_task(key)
            self._open -= 1
            if not self._open:
                self._bars.stop()
