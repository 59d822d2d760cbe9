"""Pieces of work as tasks of a Ray cluster."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from importlib.metadata import version
from typing import Any, TypeVar

from penchant.distributed.cluster import Connection
from penchant.errors import PenchantError
from penchant.threads import use_threads
from penchant.wording import counted

logger = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")

_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
RETRIES = 3
"""Of a task whose worker or node has died."""
LOOK_EVERY = 1.0
"""Seconds of waiting after which it is looked whether the cluster is still there."""


class RayTasks:
    """Work that processes of a Ray cluster do.

    What tasks share is sent to each machine once, and its arrays are in memory once there, however
    many processes read them. A task whose process or machine dies is done again elsewhere.

    Args:
        cluster: a connection to it.
        threads: processors that a task takes.
        gpus: graphics processors that a task takes.
    """

    def __init__(self, cluster: Connection, threads: int, gpus: int = 0) -> None:
        self._ray, self._head = cluster.ray, cluster.head
        self._threads = threads
        self._gpus = gpus
        self._sent: tuple[Any, Any, Any] | None = None  # work, what it shares, and its reference

    @property
    def slots(self) -> int:
        """How many tasks the machines that are there now do at once."""
        there = self._ray.cluster_resources()
        slots = int(there.get("CPU", 0)) // self._threads
        if self._gpus:
            slots = min(slots, int(there.get("GPU", 0)) // self._gpus)
        return max(1, slots)

    def results(
        self,
        work: Callable[[Any, Task], Result],
        shared: Any,
        tasks: Iterable[Task],
        *,
        waiting: int = 1,
    ) -> Iterator[tuple[Task, Result]]:
        """What each task gives, in the order in which they are done; notices are told here.

        Where this ends early, tasks that are running go on until they end, or the connection does:
        to cancel one that is about to end aborts this process (a race in Ray).

        Raises:
            PenchantError: workers lack this version of the package, or died each time that they
                did a task, or the head of the cluster is gone; and whatever the work itself
                raises.
        """
        ray = self._ray
        remote = ray.remote(_do).options(
            num_cpus=self._threads, num_gpus=self._gpus, max_retries=RETRIES
        )
        common = self._common(work, shared)
        coming, running = iter(tasks), {}
        self.warn_if_too_small()
        while True:
            for task in coming:
                reference = remote.remote(own_version(), self._threads, common, task)
                running[reference] = task
                if len(running) >= (1 + waiting) * self.slots:
                    break
            if not running:
                return
            while not (done := ray.wait(list(running), timeout=LOOK_EVERY)[0]):
                self._head.require()
            result, notices = self._answer(done[0])
            for notice in notices:
                logging.getLogger(notice.name).handle(notice)
            yield running.pop(done[0]), result

    def _common(self, work: Callable[[Any, Task], Result], shared: Any) -> Any:
        """A reference to what tasks have in common, which is sent once for many calls."""
        if self._sent is None or self._sent[0] is not work or self._sent[1] is not shared:
            self._sent = work, shared, self._ray.put((work, shared))
        return self._sent[2]

    def warn_if_too_small(self) -> None:
        """Tell why nothing happens where no machine can take a task."""
        nodes = [node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"]]
        if max(nodes, default=0) < self._threads:
            logger.warning(
                f"No machine of the cluster has the {counted(self._threads, 'processor')} that a "
                "task asks for: this waits until one joins, or can be stopped and run with fewer "
                "--threads."
            )

    def _answer(self, reference: Any) -> tuple[Any, list[logging.LogRecord]]:
        with told_of_failures(self._ray):
            result, notices = self._ray.get(reference)
        # Arrays lie in memory that is the cluster's, which uses it for other things afterwards.
        return deepcopy(result), notices


@contextmanager
def told_of_failures(ray: Any) -> Iterator[None]:
    """Raise what a task objects to as its own, and in a sentence why workers could not do it.

    Raises:
        PenchantError: workers lack this version of the package, or died each time that they did
            the task; and whatever the task itself raises.
    """
    errors = ray.exceptions
    try:
        yield
    except errors.RayTaskError as error:
        cause = error.cause
        while isinstance(cause, errors.RayTaskError):  # a task that waited for another one
            cause = cause.cause
        if isinstance(cause, PenchantError | OSError | MemoryError):
            raise cause from None
        if isinstance(cause, RuntimeError) and "failed to import" in str(cause):
            raise PenchantError(
                f"Workers of the Ray cluster cannot import penchant: install version "
                f"{own_version()} with the same extras on every machine."
            ) from error
        if missing := _NO_MODULE.search(str(cause)):
            raise PenchantError(
                f"Workers of the Ray cluster cannot import {missing[1]!r}: install it on every "
                "machine, and name a model of your own by its package (package.module:Class)."
            ) from error
        raise
    except errors.RayError as error:
        raise PenchantError(
            f"A worker of the Ray cluster died {RETRIES + 1} times at the same piece of work "
            f"({first_line(error)}): give each more memory, with fewer workers on a machine; "
            "what is done is kept where it goes on after a stop."
        ) from error


def _do(
    version_here: str, threads: int, common: tuple[Callable[[Any, Task], Result], Any], task: Task
) -> tuple[Result, list[logging.LogRecord]]:
    """Do a task on a worker: what it gives, and what was told meanwhile."""
    require_version(version_here)
    use_threads(threads)
    work, shared = common
    with heard() as notices:
        result = work(shared, task)
    return result, notices


@contextmanager
def heard() -> Iterator[list[logging.LogRecord]]:
    """What the package logs, in a form that can be sent."""
    notices: list[logging.LogRecord] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            record.msg, record.args = record.getMessage(), None
            record.exc_info = None
            notices.append(record)

    package, listener = logging.getLogger("penchant"), Listener()
    before = package.level, package.propagate
    package.addHandler(listener)
    package.setLevel(logging.INFO)
    package.propagate = False
    try:
        yield notices
    finally:
        package.removeHandler(listener)
        package.level, package.propagate = before


def own_version() -> str:
    """The version of the package in this process."""
    return version("penchant")


def require_version(there: str) -> None:
    """Refuse to work for a process that has another version of the package.

    Raises:
        PenchantError: it has.
    """
    if own_version() != there:
        raise PenchantError(
            f"Workers of the Ray cluster have penchant {own_version()}, and this is {there}: "
            "install the same version everywhere."
        )


def first_line(error: Exception) -> str:
    """What an error says first."""
    return str(error).strip().split("\n")[0].rstrip(".:")
