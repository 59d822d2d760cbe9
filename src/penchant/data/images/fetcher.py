"""Fetching the images of many items: in parallel, politely, and going on where it stopped."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl

from penchant.atomic_write import whole
from penchant.data.images.crawl_policy import Manners
from penchant.data.images.existing import kept_images, sweep_drafts
from penchant.data.images.host_queue import Turns
from penchant.data.images.outcome import Fetched, Outcome, write_table
from penchant.data.images.paths import safe_name
from penchant.data.images.responses import Answer, Asker, Elsewhere, Image, Later, No, Place
from penchant.errors import DataError, DownloadError, require
from penchant.run import Run, Task
from penchant.store import locked

_TICK = 0.5  # seconds between two looks at whether somebody wants to stop


@dataclass(frozen=True)
class _Job:
    row: int
    item: Any
    urls: tuple[str, ...]
    """Addresses still to be tried; the first is the item's own, also while it is redirected."""
    url: str
    """What is asked for now."""
    place: Place
    hops: int = 0
    tries: int = 0


def fetch_images(
    addresses: pl.DataFrame,
    folder: str | Path,
    *,
    manners: Manners | None = None,
    run: Run | None = None,
) -> Fetched:
    """Fetch one image for each item into a folder, as `<item id>.<ending>`.

    An image gets its name only when it has come in whole and has been decoded; what already lies
    in the folder whole is kept, and everything else is asked for again. What cannot be had is
    listed with the reason and stops nothing. The list is also written to `images.csv` in the
    folder, when everything is done or somebody has stopped it.

    Args:
        addresses: `item` and `urls` (List[String]), as `image_addresses` gives them.
        folder: where to, made if need be.
        manners: how hosts are asked and what is accepted from them.
        run: where progress is reported to.

    Raises:
        DataError: `addresses` has other columns.
        DownloadError: the folder cannot be written.
        MissingExtraError: httpx or Pillow is not installed.
    """
    if addresses.schema.get("urls") != pl.List(pl.String) or "item" not in addresses.columns:
        raise DataError("Addresses of images need the columns item and urls (a list of strings).")
    require("PIL.Image", "images")
    folder, manners = Path(folder), manners or Manners()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        waiting = f"Another process is fetching images into {folder}; waiting for it."
        with locked(folder / ".lock", waiting), _unwarned():
            sweep_drafts(folder)
            return _Fetching(addresses, folder, manners).all(run or Run())
    except OSError as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(
            f"{folder} cannot be written ({error.strerror or error}): name another folder."
        ) from error


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without Pillow's warning of large images, which are refused in any case."""
    from PIL.Image import DecompressionBombWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DecompressionBombWarning)
        yield


class _Fetching:
    def __init__(self, addresses: pl.DataFrame, folder: Path, manners: Manners) -> None:
        self.items = addresses["item"]
        self.urls = addresses["urls"].to_list()
        self.folder, self.manners = folder, manners
        self.stop = threading.Event()
        self.outcomes: dict[int, Outcome] = {}
        self.turns: Turns[_Job] = Turns(manners.per_host)
        self.silent: dict[Place, int] = {}  # failures in a row of a host, not of an image
        self.given_up: dict[Place, str] = {}
        self.asker = Asker(manners, self.stop.is_set)
        self.kept = kept_images(folder, manners.largest_pixels)

    def all(self, run: Run) -> Fetched:
        started = time.monotonic()
        try:
            with run.progress.task("Fetching images", len(self.items)) as self.task:
                self._queue()
                with _Workers(self) as workers:
                    self._work(workers)
        finally:
            found = Fetched(self.folder, self._rows(), time.monotonic() - started)
            write_table(found)
        return found

    def _rows(self) -> list[Outcome]:
        """An outcome for each item, also for those that were not come to."""
        unasked = (Outcome(item, "failed", "stopped before") for item in self.items.to_list())
        return [self.outcomes.get(row, none) for row, none in enumerate(unasked)]

    def _queue(self) -> None:
        twice: dict[str, int] = {}
        for row, (item, urls) in enumerate(zip(self.items.to_list(), self.urls, strict=True)):
            name = safe_name(item)
            wanted = tuple(url for url in urls or () if url)[: self.manners.addresses]
            if item is None or twice.setdefault(name, row) != row:
                self._end(row, Outcome(item, "refused", "no id, or one that came before"))
            elif (found := self.kept.get(name, wanted)) is not None:
                self._end(row, replace(found, item=item))
            elif not wanted:
                self._end(row, Outcome(item, "no address", "the table has none"))
            else:
                self._try(row, item, wanted, None)

    def _try(self, row: int, item: Any, urls: tuple[str, ...], last: Outcome | None) -> None:
        """Queue the first of some addresses that may be asked, or end with what was last said."""
        while urls:
            place = self.asker.place(urls[0])
            if isinstance(place, Place) and place not in self.given_up:
                self.turns.add(place, _Job(row, item, urls, urls[0], place))
                return
            said = place if isinstance(place, No) else No("failed", self.given_up[place])
            last = Outcome(item, said.status, said.reason, url=urls[0])
            urls = urls[1:]
        assert last is not None
        self._end(row, last)

    def _work(self, workers: _Workers) -> None:
        while self.turns.n_waiting or workers.running:
            now = time.monotonic()
            while len(workers.running) < self.manners.parallel:
                job = self.turns.take(now)
                if job is None:
                    break
                workers.start(job)
            at = self.turns.next_time()
            idle = _TICK if at is None else min(_TICK, max(0.0, at - now))
            for job, answer in workers.finished(idle):
                self.turns.done(job.place)
                self._heard(job, answer)

    def _heard(self, job: _Job, answer: Answer | Outcome) -> None:
        if not (isinstance(answer, Later) and answer.host):
            self.silent[job.place] = 0
        if isinstance(answer, Outcome):
            self._end(job.row, answer)
        elif isinstance(answer, Later):
            self._later(job, answer)
        elif isinstance(answer, Elsewhere):
            self._elsewhere(job, answer.url)
        elif isinstance(answer, No):
            self._next_address(job, answer)

    def _later(self, job: _Job, answer: Later) -> None:
        retry, now = self.manners.retry, time.monotonic()
        pause = retry.pause * 2**job.tries if answer.wait is None else answer.wait
        if answer.host:
            self.silent[job.place] = self.silent.get(job.place, 0) + 1
            if pause > self.manners.longest_pause:
                return self._give_up(job, f"{answer.reason}, and asks to wait {pause:,.0f} seconds")
            self.turns.close(job.place, now + pause)
            # As many at once may fail together: one failure of a host, not several.
            if self.silent[job.place] >= retry.attempts * self.manners.per_host:
                return self._give_up(job, answer.reason)
        if job.tries + 1 >= retry.attempts:
            tries = f", {job.tries + 1} times" if job.tries else ""
            return self._next_address(job, No("failed", answer.reason + tries))
        wait = min(pause, self.manners.longest_pause)
        return self.turns.add(job.place, replace(job, tries=job.tries + 1), now + wait)

    def _give_up(self, job: _Job, reason: str) -> None:
        self.given_up[job.place] = reason
        for other in [job, *self.turns.drop(job.place)]:
            self._next_address(other, No("failed", reason))

    def _elsewhere(self, job: _Job, url: str) -> None:
        if job.hops >= self.manners.redirects:
            return self._next_address(job, No("failed", f"more than {job.hops} redirects"))
        place, job = self.asker.place(url), replace(job, hops=job.hops + 1)
        if isinstance(place, No):
            return self._next_address(job, place)
        if place in self.given_up:
            return self._next_address(job, No("failed", self.given_up[place]))
        return self.turns.add(place, replace(job, url=url, place=place))

    def _next_address(self, job: _Job, said: No) -> None:
        reason = said.reason if job.hops == 0 else f"{said.reason}, after a redirect"
        last = Outcome(job.item, said.status, reason, url=job.urls[0])
        self._try(job.row, job.item, job.urls[1:], last)

    def _end(self, row: int, outcome: Outcome) -> None:
        self.outcomes[row] = outcome
        self.task.advance(1, "" if outcome.file else f"last not had: {outcome.reason}")

    task: Task

    def ask(self, job: _Job) -> Answer | Outcome:
        """One request, in a worker: what is an image is written before it is reported."""
        answer = self.asker.ask(job.url, job.place)
        if not isinstance(answer, Image):
            return answer
        facts = answer.facts
        path = self.folder / f"{safe_name(job.item)}{facts.ending}"
        with whole(path) as draft:
            draft.write_bytes(answer.data)
        old = self.kept.files.get(safe_name(job.item))
        if old is not None and old != path:  # a broken one, or from another address
            old.unlink(missing_ok=True)
        return Outcome(
            job.item, "fetched", "", job.urls[0], path.name, len(answer.data),
            facts.width, facts.height,
        )  # fmt: skip


class _Workers:
    """Threads that ask; when something is raised, those at work break off soon."""

    def __init__(self, fetching: _Fetching) -> None:
        self.fetching = fetching
        self.running: dict[Future[Answer | Outcome], _Job] = {}
        self.pool = ThreadPoolExecutor(fetching.manners.parallel, "images")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None:
            self.fetching.stop.set()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.fetching.asker.close()

    def start(self, job: _Job) -> None:
        self.running[self.pool.submit(self.fetching.ask, job)] = job

    def finished(self, seconds: float) -> Iterator[tuple[_Job, Answer | Outcome]]:
        if not self.running:
            time.sleep(seconds)
            return
        for future in wait(self.running, seconds, FIRST_COMPLETED).done:
            yield self.running.pop(future), future.result()
