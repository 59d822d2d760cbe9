"""Processes that train groups of networks, because threads of one process hold each other up.

They are started as plain commands: `multiprocessing` would run a script without a `__main__`
guard again, or copy a process that has threads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import torch

from penchant.errors import PenchantError
from penchant.nn.per_user.group import (
    Group,
    OnProgress,
    TrainedGroup,
    TrainingSetup,
    train_group,
)
from penchant.nn.per_user.messages import (
    group_arrays,
    read_group,
    read_setup,
    receive,
    send,
    setup_message,
)

COMMAND = "from penchant.nn.per_user.worker import main; main()"


class Worker:
    """A process that trains one group after the other.

    Args:
        setup: what all networks have in common.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, setup: TrainingSetup) -> None:
        message = setup_message(setup)
        if message is None or not sys.executable:
            raise OSError("no message stands for this setup, or there is no Python to start")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_worker_environment(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout
        try:
            send(self._to, *message)
        except OSError:
            self.close()
            raise

    def wait(self) -> None:
        """Return once the process is ready.

        Raises:
            OSError: it never will be.
        """
        try:
            receive(self._from)
        except (EOFError, ValueError) as error:
            raise OSError("the process did not start") from error

    def train(self, group: Group, on_progress: OnProgress) -> TrainedGroup:
        """Train a group as `train_group` does.

        Raises:
            PenchantError: a loss is not finite, or the process ended.
        """
        try:
            send(self._to, {}, group_arrays(group))
            while True:
                head, arrays = receive(self._from)
                if "error" in head:
                    raise PenchantError(head["error"])
                if "epochs_done" in head:
                    on_progress(head["epochs_done"])
                else:
                    return TrainedGroup(**arrays)
        except (EOFError, OSError, ValueError) as error:
            raise PenchantError(
                "A process that trained networks ended too early, perhaps for want of memory: "
                "train with fewer threads."
            ) from error

    def close(self) -> None:
        """End the process at once."""
        self._process.kill()
        for stream in (self._to, self._from):
            with suppress(OSError):  # what was not sent yet
                stream.close()
        self._process.wait()


def start_workers(setup: TrainingSetup, n: int) -> list[Worker]:
    """Start several processes; the list is empty where one of them cannot be started."""
    workers: list[Worker] = []
    try:
        workers.extend(Worker(setup) for _ in range(n))
        for worker in workers:
            worker.wait()
    except BaseException as error:
        close_workers(workers)
        if not isinstance(error, OSError):
            raise
        return []
    return workers


def close_workers(workers: Sequence[Worker]) -> None:
    """End several processes."""
    for worker in workers:
        worker.close()


def _worker_environment() -> dict[str, str]:
    """Environment variables with the path of this package and one thread."""
    package_root = str(Path(__file__).resolve().parents[3])
    paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | one_thread | {"PYTHONPATH": os.pathsep.join(paths)}


def main() -> None:
    """Train the groups that come over standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    # Printed text goes to standard error: standard output carries messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    torch.set_num_threads(1)
    with suppress(EOFError, BrokenPipeError):
        setup = read_setup(*receive(sys.stdin.buffer))
        send(out, {"ready": True})
        while True:
            _, arrays = receive(sys.stdin.buffer)
            try:
                trained = train_group(
                    setup, read_group(arrays), lambda epochs: send(out, {"epochs_done": epochs})
                )
            except PenchantError as error:
                send(out, {"error": str(error)})
            else:
                send(out, {}, trained._asdict())
