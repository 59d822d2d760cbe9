"""Work for tests of clusters, with accidents; files tell what happened."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from penchant.errors import DataError

logger = logging.getLogger("penchant.tests")

PATIENCE = 200.0
"""Seconds after which a test gives up."""


def square(shared, task):
    logger.info(f"task {task}")
    return shared * task * task


def refuse(shared, task):
    raise DataError(f"Task {task} cannot be done.")


def die(shared, task):
    os.kill(os.getpid(), signal.SIGKILL)


def after_a_death(work, flag: Path, node: str | None = None):
    """The same work, during which a worker dies once, or the node of that id."""
    return partial(_after_a_death, work, flag, node)


def _after_a_death(work, flag, node, shared, task):
    import ray

    if not flag.exists() and node in (None, ray.get_runtime_context().get_node_id()):
        flag.touch()
        if node is not None:  # which is gone with the process that starts workers
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    wait_for(flag)
    return work(shared, task)


def dies_later(work, folder: Path, calls: int, node: str | None = None):
    """The same work, of which a worker dies once after so many calls, or the node of that id.

    A node that is to die has done some of the work before: calls elsewhere wait for it.

    Args:
        work: what is done, called with a `Get` and its arguments; at least three at once where a
            node dies, so that two of the cluster cannot do all, and one round after another.
        folder: notes of calls, and `died`.
        calls: before the death; a node's are two rounds at least, of as many calls each.
        node: that of the death; None is any, whose worker alone dies.
    """
    return partial(_dies_later, work, folder, calls, node)


def _dies_later(work, folder, calls, node, get, *arguments):
    import ray

    died, worked = folder / "died", folder / "worked"
    here = node in (None, ray.get_runtime_context().get_node_id())
    done = len(list(folder.glob("*.call")))
    if not died.exists():
        if here and done >= calls:
            died.touch()
            if node is not None:
                os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        if not here and done >= calls // 2:
            wait_for(died if done >= calls else worked)
    (folder / f"{uuid4().hex}.call").touch()
    if here:
        worked.touch()
    return work(get, *arguments)


def refuse_value(get):
    raise DataError("This value cannot be made.")


def square_of(get, reference):
    return get(reference) ** 2


def dies_in_epoch(work, epoch: int, flag: Path):
    """The same training, of which the second process dies once, after so many epochs."""
    return partial(_dies_in_epoch, work, epoch, flag)


def _dies_in_epoch(work, epoch, flag, shared, run):
    from torch import distributed

    def die_once(row):
        if row["epoch"] == epoch and distributed.get_rank() == 1 and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return work(shared, replace(run, callbacks=(*run.callbacks, die_once)))


def object_or_die(shared, run):
    """Object to what is shared, or die where it is nothing."""
    if shared is None:
        os.kill(os.getpid(), signal.SIGKILL)
    logger.info("about to object")
    raise DataError(f"{shared} cannot be learned.")


def when_allowed(work, flag: Path):
    """The same work, whose first part is done, and the others when there is a file."""
    return partial(_when_allowed, work, flag)


def _when_allowed(work, flag, shared, part):
    if part.number:
        wait_for(flag)
    return work(shared, part)


def wait_for(path: Path, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Wait until there is a file, which whoever writes it has to live for."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert goes_on(), f"no {path}, and nobody to write it"
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.05)
