"""Fetch the images of many items in parallel and politely, resuming an earlier run."""

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

from penchant.atomic_write import atomic_path
from penchant.data.images.client import (
    Failure,
    ImageClient,
    ImageResponse,
    Redirect,
    Response,
    TemporaryFailure,
    WebOrigin,
)
from penchant.data.images.crawl_policy import CrawlPolicy
from penchant.data.images.host_queue import HostQueue
from penchant.data.images.paths import safe_name
from penchant.data.images.report import ExistingImages, FetchReport, ImageResult, write_table
from penchant.errors import DataError, DownloadError, require
from penchant.run import ProgressTask, Run
from penchant.store import locked
from penchant.wording import counted

_TICK = 0.5  # seconds between two looks at whether somebody wants to stop


@dataclass(frozen=True)
class _Job:
    row: int
    item: Any
    urls: tuple[str, ...]
    """Addresses still to be tried; the first is the item's own, also while it is redirected."""
    url: str
    """The address that is requested now."""
    origin: WebOrigin
    redirects: int = 0
    tries: int = 0


def fetch_images(
    addresses: pl.DataFrame,
    folder: str | Path,
    *,
    policy: CrawlPolicy | None = None,
    run: Run | None = None,
) -> FetchReport:
    """Fetch one image for each item into a folder, as `<item id>.<ending>`.

    An image gets its name only when it has come in whole and has been decoded; what already lies
    in the folder whole is kept, and everything else is asked for again. Failures are
    listed with their reason and stop nothing. The list is also written to `images.csv` in the
    folder, when everything is done or somebody has stopped it.

    Args:
        addresses: `item` and `urls` (List[String]), as `image_addresses` gives them.
        folder: where to, made if need be.
        policy: limits of the crawl.
        run: where progress is reported to.

    Raises:
        DataError: `addresses` has other columns.
        DownloadError: the folder cannot be written.
        MissingExtraError: httpx or Pillow is not installed.
    """
    if addresses.schema.get("urls") != pl.List(pl.String) or "item" not in addresses.columns:
        raise DataError("Addresses of images need the columns item and urls (a list of strings).")
    require("PIL.Image", "images")
    folder, policy = Path(folder), policy or CrawlPolicy()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        waiting = f"Another process is fetching images into {folder}; waiting for it."
        with locked(folder / ".lock", waiting), _without_bomb_warnings():
            return _Crawl(addresses, folder, policy).run(run or Run())
    except OSError as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(
            f"{folder} cannot be written ({error.strerror or error}): name another folder."
        ) from error


@contextmanager
def _without_bomb_warnings() -> Iterator[None]:
    """Without Pillow's warning of large images, which are refused in any case."""
    from PIL.Image import DecompressionBombWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DecompressionBombWarning)
        yield


class _Crawl:
    task: ProgressTask

    def __init__(self, addresses: pl.DataFrame, folder: Path, policy: CrawlPolicy) -> None:
        self.items = addresses["item"]
        self.urls = addresses["urls"].to_list()
        self.folder, self.policy = folder, policy
        self.stop = threading.Event()
        self.results: dict[int, ImageResult] = {}
        self.queue: HostQueue[_Job] = HostQueue(policy.per_host)
        self.host_failures: dict[WebOrigin, int] = {}  # in a row
        self.dropped_hosts: dict[WebOrigin, str] = {}
        self.client = ImageClient(policy, self.stop.is_set)
        self.existing = ExistingImages.of(folder, policy.max_pixels)

    def run(self, run: Run) -> FetchReport:
        started = time.monotonic()
        try:
            with run.progress.task("Fetching images", len(self.items)) as self.task:
                self._enqueue()
                with _Workers(self) as workers:
                    self._work(workers)
        finally:
            report = FetchReport(self.folder, self._all_results(), time.monotonic() - started)
            write_table(report)
        return report

    def _all_results(self) -> list[ImageResult]:
        """The result of each item, also of those that were not reached."""
        missing = (ImageResult(item, "failed", "stopped before") for item in self.items.to_list())
        return [self.results.get(row, none) for row, none in enumerate(missing)]

    def _enqueue(self) -> None:
        rows: dict[str, int] = {}
        for row, (item, urls) in enumerate(zip(self.items.to_list(), self.urls, strict=True)):
            name = safe_name(item)
            candidates = tuple(url for url in urls or () if url)[: self.policy.max_urls]
            if item is None or rows.setdefault(name, row) != row:
                self._finish(row, ImageResult(item, "refused", "no id, or one that came before"))
            elif (existing := self.existing.get(name, candidates)) is not None:
                self._finish(row, replace(existing, item=item))
            elif not candidates:
                self._finish(row, ImageResult(item, "no address", "the table has none"))
            else:
                self._try(row, item, candidates, None)

    def _try(self, row: int, item: Any, urls: tuple[str, ...], last: ImageResult | None) -> None:
        """Queue the first address that may be asked; without one, end with the last failure."""
        while urls:
            origin = self.client.origin(urls[0])
            if isinstance(origin, WebOrigin) and origin not in self.dropped_hosts:
                self.queue.add(origin, _Job(row, item, urls, urls[0], origin))
                return
            if isinstance(origin, Failure):
                failure = origin
            else:
                failure = Failure("failed", self.dropped_hosts[origin])
            last = ImageResult(item, failure.status, failure.reason, url=urls[0])
            urls = urls[1:]
        assert last is not None
        self._finish(row, last)

    def _work(self, workers: _Workers) -> None:
        while self.queue.n_waiting or workers.running:
            now = time.monotonic()
            while len(workers.running) < self.policy.parallel:
                job = self.queue.take(now)
                if job is None:
                    break
                workers.start(job)
            at = self.queue.next_time()
            idle = _TICK if at is None else min(_TICK, max(0.0, at - now))
            for job, response in workers.finished(idle):
                self.queue.done(job.origin)
                self._handle(job, response)

    def _handle(self, job: _Job, response: Response | ImageResult) -> None:
        if not (isinstance(response, TemporaryFailure) and response.host):
            self.host_failures[job.origin] = 0
        if isinstance(response, ImageResult):
            self._finish(job.row, response)
        elif isinstance(response, TemporaryFailure):
            self._retry(job, response)
        elif isinstance(response, Redirect):
            self._redirect(job, response.url)
        elif isinstance(response, Failure):
            self._try_next(job, response)

    def _retry(self, job: _Job, response: TemporaryFailure) -> None:
        retry, now = self.policy.retry, time.monotonic()
        pause = retry.pause * 2**job.tries if response.wait is None else response.wait
        if response.host:
            self.host_failures[job.origin] = self.host_failures.get(job.origin, 0) + 1
            if pause > self.policy.max_pause:
                return self._drop_host(
                    job, f"{response.reason}, and asks to wait {pause:,.0f} seconds"
                )
            self.queue.pause(job.origin, now + pause)
            # As many at once may fail together: one failure of a host, not several.
            if self.host_failures[job.origin] >= retry.attempts * self.policy.per_host:
                return self._drop_host(job, response.reason)
        if job.tries + 1 >= retry.attempts:
            tries = f", {counted(job.tries + 1, 'time')}" if job.tries else ""
            return self._try_next(job, Failure("failed", response.reason + tries))
        wait = min(pause, self.policy.max_pause)
        return self.queue.add(job.origin, replace(job, tries=job.tries + 1), now + wait)

    def _drop_host(self, job: _Job, reason: str) -> None:
        self.dropped_hosts[job.origin] = reason
        for other in [job, *self.queue.drop(job.origin)]:
            self._try_next(other, Failure("failed", reason))

    def _redirect(self, job: _Job, url: str) -> None:
        if job.redirects >= self.policy.max_redirects:
            return self._try_next(job, Failure("failed", f"more than {job.redirects} redirects"))
        origin, job = self.client.origin(url), replace(job, redirects=job.redirects + 1)
        if isinstance(origin, Failure):
            return self._try_next(job, origin)
        if origin in self.dropped_hosts:
            return self._try_next(job, Failure("failed", self.dropped_hosts[origin]))
        return self.queue.add(origin, replace(job, url=url, origin=origin))

    def _try_next(self, job: _Job, failure: Failure) -> None:
        reason = failure.reason if job.redirects == 0 else f"{failure.reason}, after a redirect"
        last = ImageResult(job.item, failure.status, reason, url=job.urls[0])
        self._try(job.row, job.item, job.urls[1:], last)

    def _finish(self, row: int, result: ImageResult) -> None:
        self.results[row] = result
        self.task.advance(1, "" if result.file else f"last failure: {result.reason}")

    def get(self, job: _Job) -> Response | ImageResult:
        """Send one request in a worker thread, and write the image if there is one."""
        response = self.client.get(job.url, job.origin)
        if not isinstance(response, ImageResponse):
            return response
        facts = response.facts
        path = self.folder / f"{safe_name(job.item)}{facts.ending}"
        with atomic_path(path) as draft:
            draft.write_bytes(response.data)
        old = self.existing.files.get(safe_name(job.item))
        if old is not None and old != path:  # a broken one, or from another address
            old.unlink(missing_ok=True)
        return ImageResult(
            job.item, "fetched", "", job.urls[0], path.name, len(response.data),
            facts.width, facts.height,
        )  # fmt: skip


class _Workers:
    """Threads that send requests; after an exception running ones stop soon."""

    def __init__(self, crawl: _Crawl) -> None:
        self.crawl = crawl
        self.running: dict[Future[Response | ImageResult], _Job] = {}
        self.pool = ThreadPoolExecutor(crawl.policy.parallel, "images")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None:
            self.crawl.stop.set()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.crawl.client.close()

    def start(self, job: _Job) -> None:
        self.running[self.pool.submit(self.crawl.get, job)] = job

    def finished(self, seconds: float) -> Iterator[tuple[_Job, Response | ImageResult]]:
        if not self.running:
            time.sleep(seconds)
            return
        for future in wait(self.running, seconds, FIRST_COMPLETED).done:
            yield self.running.pop(future), future.result()
