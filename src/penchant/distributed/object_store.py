"""Values that stay where they are made, in this process or in the object store of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from typing import Any, Protocol

from penchant.distributed.cluster import Connection, connected
from penchant.distributed.ray_tasks import (
    LOOK_EVERY,
    RETRIES,
    RayTasks,
    own_version,
    require_version,
    told_of_failures,
)
from penchant.run import Run
from penchant.threads import use_threads

Reference = Any
"""Stands for a value; may be inside of what is sent."""
Get = Callable[[Reference], Any]
"""Brings the value of a reference here, for reading."""
Work = Callable[..., Any]
"""A function of a module, called with a `Get` and its arguments."""


class ObjectStore(Protocol):
    """Keeps values, and makes further ones of them."""

    @property
    def slots(self) -> int:
        """How many values can be made at once."""

    def put(self, value: Any) -> Reference:
        """Keep a value."""

    def submit(self, work: Work, *arguments: Any) -> Reference:
        """Keep what a function makes of its arguments, which it must not change."""

    def get(self, reference: Reference) -> Any:
        """A value, waited for."""


class LocalObjects:
    """Values in this process."""

    slots = 1

    def put(self, value: Any) -> Reference:
        """The value."""
        return value

    def submit(self, work: Work, *arguments: Any) -> Reference:
        """What the function makes, now."""
        return work(_itself, *arguments)

    def get(self, reference: Reference) -> Any:
        """The value."""
        return reference


def _itself(value: Any) -> Any:
    return value


class RayObjects:
    """Values in the object store of a cluster, whose workers make further ones.

    What is lost with a machine is made again.

    Args:
        cluster: a connection to it.
        threads: processors that making a value takes.
    """

    def __init__(self, cluster: Connection, threads: int) -> None:
        self._ray, self._head, self._threads = cluster.ray, cluster.head, threads
        self._tasks = RayTasks(cluster, threads)
        self._tasks.warn_if_too_small()

    @property
    def slots(self) -> int:
        """How many values the machines that are there now make at once."""
        return self._tasks.slots

    def put(self, value: Any) -> Reference:
        """Send a value into the store."""
        return self._ray.put(value)

    def submit(self, work: Work, *arguments: Any) -> Reference:
        """Let a worker make a value."""
        remote = self._ray.remote(_made).options(num_cpus=self._threads, max_retries=RETRIES)
        return remote.remote(own_version(), self._threads, work, arguments)

    def get(self, reference: Reference) -> Any:
        """A copy of a value, which is this process's own.

        Raises:
            PenchantError: workers lack this version of the package, or died each time, or the
                head of the cluster is gone; and whatever the work itself raises.
        """
        while not self._ray.wait([reference], timeout=LOOK_EVERY)[0]:
            self._head.require()
        with told_of_failures(self._ray):
            return deepcopy(self._ray.get(reference))


def _made(version_here: str, threads: int, work: Work, arguments: tuple[Any, ...]) -> Any:
    """Make a value on a worker."""
    import ray

    require_version(version_here)
    use_threads(threads)
    return work(ray.get, *arguments)


def object_store(run: Run) -> AbstractContextManager[ObjectStore]:
    """Where values of a run are kept, for as long as the context lasts.

    Raises:
        MissingExtraError: the run names a Ray cluster, and Ray is not installed.
        ParameterError: there is no such cluster.
    """
    return _here() if run.ray is None else _on_ray(run.ray, run.threads or 1)


@contextmanager
def _here() -> Iterator[ObjectStore]:
    yield LocalObjects()


@contextmanager
def _on_ray(address: str, threads: int) -> Iterator[ObjectStore]:
    with connected(address) as cluster:
        yield RayObjects(cluster, threads)
