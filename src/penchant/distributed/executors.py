"""Who does pieces of work: this process, unless a run names a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from penchant.run import Run

Task = TypeVar("Task")
Result = TypeVar("Result")


class Executor(Protocol):
    """Who does pieces of work that do not depend on each other."""

    @property
    def slots(self) -> int:
        """How many tasks can be done at once."""

    def results(
        self,
        work: Callable[[Any, Task], Result],
        shared: Any,
        tasks: Iterable[Task],
        *,
        waiting: int = 1,
    ) -> Iterator[tuple[Task, Result]]:
        """What each task gives, in the order in which they are done.

        Args:
            work: a function of a module, called with what is shared and a task.
            shared: what every task needs, which it must not change.
            tasks: taken one by one, as there is room for them.
            waiting: tasks that are taken ahead for each that can be done at once, so that no
                worker waits for its next one; 0 where a task takes long, and is to begin as
                soon as it is taken.
        """


class InProcess:
    """Work that this process does itself, one task after the other."""

    slots = 1

    def results(
        self,
        work: Callable[[Any, Task], Result],
        shared: Any,
        tasks: Iterable[Task],
        *,
        waiting: int = 1,
    ) -> Iterator[tuple[Task, Result]]:
        """What each task gives, in their order."""
        for task in tasks:
            yield task, work(shared, task)


def executor(run: Run) -> AbstractContextManager[Executor]:
    """Who does the work of a run, for as long as the context lasts.

    Raises:
        MissingExtraError: the run names a Ray cluster, and Ray is not installed.
        ParameterError: there is no such cluster.
    """
    return _in_process() if run.ray is None else _on_ray(run.ray, run)


@contextmanager
def _in_process() -> Iterator[Executor]:
    yield InProcess()


@contextmanager
def _on_ray(address: str, run: Run) -> Iterator[Executor]:
    from penchant.distributed.cluster import connected
    from penchant.distributed.ray_tasks import RayTasks

    with connected(address) as cluster:
        yield RayTasks(cluster, threads=run.threads or 1, gpus=int(run.device.startswith("cuda")))
