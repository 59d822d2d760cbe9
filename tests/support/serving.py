"""A service in a process of its own, as `penchant serve` starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

_PATIENCE = 60  # seconds until a service must answer


class Running:
    """A started service.

    Attributes:
        process: its process, which is the parent of workers.
        address: where it listens.
        first: the first line that it has written.
    """

    def __init__(
        self, bundle: Path, *options: str, before: Sequence[str] = (), stdout: int | None = None
    ) -> None:
        words = [
            *before,
            sys.executable,
            "-P",
            "-m",
            "penchant",
            "serve",
            str(bundle),
            "--port",
            "0",
        ]
        if "--store" not in options:
            words += ["--store", "none"]
        self.process = subprocess.Popen(
            [*words, *options], stdout=stdout, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        self.first = self.process.stderr.readline()
        found = re.search(r"http://\S+:\d+", self.first)
        assert found is not None, self.first + self.process.stderr.read()
        self.address = found[0]
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                if httpx.get(f"{self.address}/ready", timeout=10).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, "the service has ended"
            assert time.monotonic() < until, "the service does not answer"
            time.sleep(0.1)

    def stop(self) -> int:
        """Ask it to end as a supervisor does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.process.stderr.read()
        code = self.process.wait(_PATIENCE)
        self.process.stderr.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@contextmanager
def running(bundle: Path, *options: str) -> Iterator[str]:
    """The address of a service that is stopped in the end."""
    service = Running(bundle, *options, "--log-format", "none")
    try:
        yield service.address
    finally:
        service.stop()
