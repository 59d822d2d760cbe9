"""A service that is killed again and again while people send feedback."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from penchant.serving.store import Store
from support.serving import Running


@dataclass
class Writers:
    """Threads that send events, each with a key of its own, and note what is acknowledged."""

    address: str
    acknowledged: set[str] = field(default_factory=set)
    sent: int = 0
    errors: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    def start(self, n: int = 3) -> None:
        self._threads = [
            threading.Thread(target=self._write, args=(number,)) for number in range(n)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        with httpx.Client(base_url=self.address, timeout=10) as client:
            while not self._end.is_set():
                key = uuid.uuid4().hex
                event = {"user": f"user {number}", "item": "1", "kind": "like", "key": key}
                self.sent += 1
                try:
                    answer = client.post("/v1/feedback", json={"events": [event]})
                except httpx.TransportError:
                    return  # it was killed
                if answer.status_code == 201:
                    self.acknowledged.add(key)
                else:
                    self.errors.append(answer.text)


@dataclass
class Tally:
    """What came of all kills.

    Attributes:
        kills: how often the service was killed.
        sent: events that were sent.
        acknowledged: those that the service said were kept.
        lost: acknowledged ones that the store does not have.
        errors: answers other than that an event is kept.
    """

    kills: int
    sent: int
    acknowledged: int
    lost: int
    errors: list[str]


def kill_under_writing(bundle: Path, store: str, kills: int, seed: int = 0) -> Tally:
    """Kill a service with SIGKILL at random moments, start it anew, and look for what is lost."""
    chance = Random(seed)
    acknowledged: set[str] = set()
    sent, errors = 0, []
    for _ in range(kills):
        service = Running(bundle, "--store", store, "--log-format", "none")
        writers = Writers(service.address)
        writers.start()
        time.sleep(chance.uniform(0.1, 0.6))
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
        writers.stop()
        assert service.process.stderr is not None
        service.process.stderr.close()
        acknowledged |= writers.acknowledged
        sent += writers.sent
        errors += writers.errors
    with Store.open(store) as kept:
        keys = {event.key for event in kept.since(0).events}
    return Tally(kills, sent, len(acknowledged), len(acknowledged - keys), errors)
