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
from penchant.nn.per_user.group import Course, Done, Group, Taught, teach_group
from penchant.nn.per_user.messages import (
    course_message,
    course_of,
    group_arrays,
    group_of,
    receive,
    send,
)

COMMAND = "from penchant.nn.per_user.worker import main; main()"


class Worker:
    """A process that trains one group after the other.

    Args:
        course: what all networks have in common.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, course: Course) -> None:
        message = course_message(course)
        if message is None or not sys.executable:
            raise OSError("no process can be told of this")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
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

    def teach(self, group: Group, done: Done) -> Taught:
        """As `teach_group` does it.

        Raises:
            PenchantError: a loss is not finite, or the process ended.
        """
        try:
            send(self._to, {}, group_arrays(group))
            while True:
                head, arrays = receive(self._from)
                if "error" in head:
                    raise PenchantError(head["error"])
                if "done" in head:
                    done(*head["done"])
                else:
                    return arrays["weights"], arrays["epochs"]
        except (EOFError, OSError, ValueError) as error:
            raise PenchantError(
                "A process that trained networks ended too early, perhaps for want of memory: "
                "train with fewer threads."
            ) from error

    def close(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        for stream in (self._to, self._from):
            with suppress(OSError):  # what was not sent yet
                stream.close()
        self._process.wait()


def started(course: Course, n: int) -> list[Worker]:
    """Several processes that are ready; none where one of them cannot be started."""
    workers: list[Worker] = []
    try:
        workers.extend(Worker(course) for _ in range(n))
        for worker in workers:
            worker.wait()
    except BaseException as error:
        close(workers)
        if not isinstance(error, OSError):
            raise
        return []
    return workers


def close(workers: Sequence[Worker]) -> None:
    """End several processes."""
    for worker in workers:
        worker.close()


def _environment() -> dict[str, str]:
    """What the process must know: this package, and to keep to one thread."""
    above = str(Path(__file__).resolve().parents[3])
    paths = [above, *filter(None, [os.environ.get("PYTHONPATH")])]
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | one | {"PYTHONPATH": os.pathsep.join(paths)}


def main() -> None:
    """Train what comes over standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    # Whatever prints goes to standard error: standard output carries messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    torch.set_num_threads(1)
    with suppress(EOFError, BrokenPipeError):
        course = course_of(*receive(sys.stdin.buffer))
        send(out, {"ready": True})
        while True:
            _, arrays = receive(sys.stdin.buffer)
            try:
                weights, epochs = teach_group(
                    course, group_of(arrays), lambda *what: send(out, {"done": what})
                )
            except PenchantError as error:
                send(out, {"error": str(error)})
            else:
                send(out, {}, {"weights": weights, "epochs": epochs})
