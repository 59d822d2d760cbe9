"""Progress of long work on a terminal, with the time that is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from penchant.results.study.progress import StudyProgress, time_left
from penchant.run import ProgressTask


class _Bar:
    def __init__(self, bars: Progress, key: TaskID) -> None:
        self.bars, self.key = bars, key

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.bars.update(self.key, advance=amount, note=note)


class _TimeLeft(TimeRemainingColumn):
    """The time that is left, by the bar's own pace or as its work says itself."""

    def render(self, task: Task) -> Text:
        left = task.fields.get("left")
        return super().render(task) if left is None else Text(left, style="progress.remaining")


class StudyBar:
    """The bar of a whole study, which stands above those of its steps."""

    def __init__(self, bars: Progress, key: TaskID) -> None:
        self._bars, self._key = bars, key

    def show(self, progress: StudyProgress) -> None:
        """Show how far the study is."""
        left, number = progress.left, progress.number or progress.n_done
        total = None if left is None else progress.gone + left
        self._bars.update(
            self._key,
            description=f"{progress.study}: step {number} of {len(progress.steps)}",
            total=total,
            completed=progress.gone,
            left=time_left(left),
        )


class Terminal:
    """Progress bars on standard error that disappear when their work is done."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            _TimeLeft(elapsed_when_finished=True),
            TextColumn("{task.fields[note]}", style="dim"),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._open = 0

    @contextmanager
    def task(self, description: str, total: float | None = None) -> Iterator[ProgressTask]:
        """Show a bar while the work goes on, under the bars of the work around it."""
        with self._added(description, total) as key:
            yield _Bar(self._bars, key)

    @contextmanager
    def study(self, name: str) -> Iterator[StudyBar]:
        """Show the bar of a study, which says itself how far it is."""
        with self._added(name, None) as key:
            self._bars.update(key, left="")
            yield StudyBar(self._bars, key)

    @contextmanager
    def _added(self, description: str, total: float | None) -> Iterator[TaskID]:
        if not self._open:
            self._bars.start()
        self._open += 1
        key = self._bars.add_task(description, total=total, note="")
        try:
            yield key
        finally:
            self._bars.remove_task(key)
            self._open -= 1
            if not self._open:
                self._bars.stop()
