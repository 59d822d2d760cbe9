"""What belongs to a run and not to a model: device, threads, progress, callbacks, output."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar

from penchant.errors import ParameterError

T = TypeVar("T")
Callback = Callable[[Mapping[str, float]], None]
"""Receives one row of a training history after each epoch."""
ResultCallback = Callable[[object], None]
"""Receives a comparison or a tuning once it is there."""


class ProgressTask(Protocol):
    """One piece of long work that tells how far it is."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Report that `amount` more of the total is done, with an optional short note."""


class Progress(Protocol):
    """Where long work reports to: a terminal, a web page or nowhere."""

    def task(
        self, description: str, total: float | None = None
    ) -> AbstractContextManager[ProgressTask]:
        """Open a task; `total` is None where the amount of work is not known."""


class _SilentTask:
    def advance(self, amount: float = 1, note: str = "") -> None:
        pass


class Silent:
    """Progress that nobody sees: the default in Python."""

    @contextmanager
    def task(self, description: str, total: float | None = None) -> Iterator[ProgressTask]:
        """Open a task that reports to nobody."""
        yield _SilentTask()


@dataclass(frozen=True, kw_only=True)
class Run:
    """How to run something, as opposed to what to run.

    Attributes:
        device: the PyTorch device that networks of sequences train on, such as `cpu`, `cuda` or
            `cuda:1`; every model refuses one that is not there before it learns.
        threads: threads for numerical work; None keeps what the libraries chose.
        progress: where long work reports to.
        callbacks: called with each epoch's row of a network's training history; one function
            may stand for a tuple, here as in the next.
        on_result: called with each comparison and each tuning once it is there, such as
            `pn.MLflowTracker`.
        output: a folder for checkpoints and other files; None writes nothing.
        max_hours: a model that would take longer to fit, by a rough estimate, refuses before it
            starts; None lets it.
        ray: the Ray cluster that does the work, as `host:port` of its head, `auto` or `local`;
            None does it in this process. See `docs/cluster.md` for what can be divided.
        workers: how many of the cluster's workers train a model together; None takes all that
            there is room for.
        replica: whether this is one of the processes of a `torch.distributed` group that train the
            same network, each on its share of every batch; `fit` makes them where `ray` is given.
        shard_tables: whether each of these processes has some rows of the network's tables of
            users and items, where they are too large for one. In the end the first process alone
            has the model; the others' stays unfitted.

    Raises:
        ParameterError: progress, callbacks or device are of another type.

    Example:
        >>> losses = []
        >>> run = pn.Run(threads=1, callbacks=(lambda epoch: losses.append(epoch["loss"]),))
        >>> model = make("bpr:epochs=2,dim=4").fit(planted_pairs(n_users=50), run=run)
        >>> len(losses)
        2
    """

    device: str = "cpu"
    threads: int | None = None
    progress: Progress = field(default_factory=Silent)
    callbacks: tuple[Callback, ...] = ()
    on_result: tuple[ResultCallback, ...] = ()
    output: Path | None = None
    max_hours: float | None = 4.0
    ray: str | None = None
    workers: int | None = None
    replica: bool = False
    shard_tables: bool = False

    def __post_init__(self) -> None:
        """Refuse what nothing could report to or call, before any work is done."""
        if not callable(getattr(self.progress, "task", None)):
            raise ParameterError(
                "progress must be an object with a method task(description, total), and "
                f"{self.progress!r} has none: leave progress out to see nothing."
            )
        for name in ("callbacks", "on_result"):
            given = getattr(self, name)
            functions = (given,) if callable(given) else given
            if not isinstance(functions, list | tuple) or not all(map(callable, functions)):
                raise ParameterError(
                    f"{name} is a function, or a tuple of functions, and not {given!r}."
                )
            object.__setattr__(self, name, tuple(functions))
        if not isinstance(self.device, str):
            raise ParameterError(f"device is a name such as 'cpu' or 'cuda', not {self.device!r}.")

    def silent(self) -> Run:
        """The same for a piece of the work, which reports to nobody and is not divided again."""
        return replace(
            self,
            progress=Silent(),
            callbacks=(),
            on_result=(),
            ray=None,
            workers=None,
            replica=False,
            shard_tables=False,
        )

    def of_parts(self) -> Run:
        """The run of models within a model, each of which every process trains as a whole."""
        return replace(self, replica=False, shard_tables=False)

    def of_tasks(self) -> Run:
        """The run of tasks that an executor does: this one, or on a cluster a silent one.

        There nobody hears of progress and epochs, and files of the output folder are not seen.
        """
        return self if self.ray is None else replace(self.silent(), output=None)

    def finished(self, result: T) -> T:
        """Give a result to all that wait for it, and give it back."""
        for callback in self.on_result:
            callback(result)
        return result

    def track(self, items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        """Iterate over `items`, reporting each as one unit of work."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        with self.progress.task(description, total) as task:
            for item in items:
                yield item
                task.advance()


def versions() -> dict[str, str]:
    """The versions of this package, of what it computes with, and of Python.

    That of numba, too, where it is installed: some models learn otherwise without it.
    """
    names = ["penchant", "numpy", "scipy", "polars", "torch", "safetensors"]
    if find_spec("numba"):
        names.append("numba")
    return {name: version(name) for name in names} | {"python": platform.python_version()}
