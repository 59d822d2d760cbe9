"""Tells how far a study is: by bars on a terminal, by lines elsewhere, and on the study's page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from penchant.atomic_write import write_text_atomically
from penchant.cli.progress import StudyBar, Terminal
from penchant.results.formatting import duration, percent
from penchant.results.study.progress import StudyProgress, time_left
from penchant.run import Progress, ProgressTask

logger = logging.getLogger(__name__)

_TICK = 1.0  # seconds between looks at what is under way
_LINE_EVERY = 30.0  # seconds between lines on the same step
_PAGE_EVERY = 5.0
_READING = "reading the log"
_ANNOUNCED_AFTER = 0.5  # seconds; steps that are shorter, such as those kept, get no line


@dataclass(eq=False)
class _Task:
    """A piece of work that a step has opened."""

    inner: ProgressTask
    total: float | None
    done: float = 0.0
    children: list[_Task] = field(default_factory=list)

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.done += amount
        self.children.clear()
        self.inner.advance(amount, note)

    @property
    def share(self) -> float | None:
        """How much of it is done, with what is done of its present part; None if it is not said."""
        if not self.total:
            return None
        children = tuple(self.children)  # which another thread may clear meanwhile
        part = children[0].share if len(children) == 1 else None
        return min(1.0, (self.done + (part or 0.0)) / self.total)


class StudyWatch:
    """Progress of a study, which goes on to the progress inside.

    Args:
        study: the study's name.
        inner: what shows single pieces of work, such as bars.
        page: writes the page of what is under way and whether it stopped; None for no page.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        study: str,
        inner: Progress,
        page: Callable[[StudyProgress | None, bool], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study, self._inner, self._page, self._clock = study, inner, page, clock
        self._lock, self._page_lock = threading.RLock(), threading.Lock()
        self._progress: StudyProgress | None = None
        self._told_at = self._page_at = self._step_at = self._begun = clock()
        self._told_step: str | None = None
        self._open: list[_Task] = []
        self._bar: StudyBar | None = None

    def watch(self, progress: StudyProgress) -> None:
        """Take note that a step began or ended."""
        with self._lock:
            self._progress, self._step_at = progress, self._clock()
            self._open.clear()
        self._write_page()

    @contextmanager
    def task(self, description: str, total: float | None = None) -> Iterator[ProgressTask]:
        """Show a piece of work and count how much of it is done."""
        with self._inner.task(description, total) as inner:
            task = _Task(inner, total)
            with self._lock:
                if self._open:
                    self._open[-1].children.append(task)
                self._open.append(task)
            try:
                yield task
            finally:
                with self._lock, suppress(ValueError):
                    self._open.remove(task)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Tell of the study while it runs, and say on its page if it stops before its end."""
        self._write_page()
        ended = threading.Event()
        with ExitStack() as stack:
            if isinstance(self._inner, Terminal):
                self._bar = stack.enter_context(self._inner.study(self._study))
            thread = threading.Thread(target=self._tell_until, args=(ended,), daemon=True)
            thread.start()
            try:
                yield
            except BaseException:
                self._end(ended, thread)
                self._write_page(stopped=True)
                raise
            self._end(ended, thread)

    def write_result(self, write: Callable[[], None]) -> None:
        """Let the result take the place of the page of what is under way, for good."""
        with self._page_lock:
            write()
            self._page = None

    def now(self) -> StudyProgress | None:
        """How far the study is at this moment; None before its first step."""
        with self._lock:
            if self._progress is None:
                return None
            now = self._clock()
            return replace(
                self._progress,
                gone=now - self._begun,
                in_step=now - self._step_at if self._progress.current else 0.0,
                share=self._share(),
            )

    def tick(self) -> None:
        """Tell of the study if there is something to tell or if it is time."""
        progress = self.now()
        if self._bar is None:
            self._tell_line(progress)
        elif progress is not None:
            self._bar.show(progress)
        if self._clock() - self._page_at >= _PAGE_EVERY:
            self._write_page()

    def _end(self, ended: threading.Event, thread: threading.Thread) -> None:
        ended.set()
        thread.join()

    def _tell_until(self, ended: threading.Event) -> None:
        while not ended.wait(_TICK):
            self.tick()

    def _tell_line(self, progress: StudyProgress | None) -> None:
        now = self._clock()
        step = progress.current if progress else _READING
        in_step = progress.in_step if progress else now - self._begun
        if not step or in_step < _ANNOUNCED_AFTER:
            return
        if step != self._told_step or now - self._told_at >= _LINE_EVERY:
            self._told_step, self._told_at = step, now
            told = line(progress) if progress else f"{step}, {duration(in_step)} gone"
            logger.info(f"{self._study}: {told}.")

    def _share(self) -> float | None:
        """The share of the step that is done, where its work is one piece with a total."""
        pieces = self._open[0].children if self._open else []
        return pieces[0].share if len(pieces) == 1 else None

    def _write_page(self, *, stopped: bool = False) -> None:
        with self._page_lock:
            if self._page is not None:
                self._page_at = self._clock()
                self._page(self.now(), stopped)


def line(progress: StudyProgress) -> str:
    """How far a study is, in one line."""
    step = f"step {progress.number} of {len(progress.steps)}, {progress.current}"
    share = f", {percent(progress.share)} done" if progress.share else ""
    left = time_left(progress.left)
    return f"{step}{share}; {duration(progress.gone)} gone{f', {left}' if left else ''}"


def page_writer(path: Path, title: str, log: str) -> Callable[[StudyProgress | None, bool], None]:
    """What writes a study's page while it is under way.

    The page of an earlier result comes back if the study stops before its end.

    Args:
        path: of the page.
        title: of the study.
        log: what it runs on.
    """
    from penchant.reporting.pages.study_progress import is_study_progress, write_study_progress

    earlier = None
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="utf-8")
        earlier = None if is_study_progress(text) else text

    def write(progress: StudyProgress | None, stopped: bool) -> None:
        with suppress(OSError):  # the result is worth more than a look at its making
            if stopped and earlier is not None:
                write_text_atomically(earlier, path)
            else:
                write_study_progress(progress, path, title=title, log=log, stopped=stopped)

    return write
