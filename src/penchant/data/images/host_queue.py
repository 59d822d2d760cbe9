"""A queue of jobs for many hosts, with few jobs of each host at once and some delayed."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

J = TypeVar("J")


@dataclass
class _Host(Generic[J]):
    waiting: list[tuple[float, int, J]] = field(default_factory=list)
    running: int = 0
    paused_until: float = 0.0
    scheduled: bool = False


class HostQueue(Generic[J]):
    """A queue of jobs for hosts, in which one slow or rate-limiting host delays no other.

    Times are those of one clock, in seconds; the caller has the clock.

    Args:
        per_host: jobs of one host that may run at the same time.
    """

    def __init__(self, per_host: int) -> None:
        self.per_host = per_host
        self.n_waiting = 0
        self._hosts: dict[Hashable, _Host[J]] = {}
        self._order = count()
        self._ready: list[tuple[float, int, Hashable]] = []  # hosts by the time of their next job

    def add(self, host: Hashable, job: J, at: float = 0.0) -> None:
        """Queue a job that may start from the time `at` on."""
        entry = self._hosts.setdefault(host, _Host())
        heapq.heappush(entry.waiting, (at, next(self._order), job))
        self.n_waiting += 1
        entry.scheduled = False  # the new job may come before the scheduled one
        self._schedule(host)

    def take(self, now: float) -> J | None:
        """The next job that may start now; call `done` with its host when it ends."""
        while self._ready and self._ready[0][0] <= now:
            _, _, key = heapq.heappop(self._ready)
            host = self._hosts[key]
            host.scheduled = False
            if not host.waiting or host.running >= self.per_host:
                continue
            if max(host.waiting[0][0], host.paused_until) > now:
                self._schedule(key)
                continue
            _, _, job = heapq.heappop(host.waiting)
            host.running += 1
            self.n_waiting -= 1
            self._schedule(key)
            return job
        return None

    def next_time(self) -> float | None:
        """When the next job may start; None where only jobs that run hold others up."""
        return self._ready[0][0] if self._ready else None

    def done(self, host: Hashable) -> None:
        """A job of this host has ended."""
        self._hosts[host].running -= 1
        self._schedule(host)

    def pause(self, host: Hashable, until: float) -> None:
        """Start no job of this host before a time."""
        entry = self._hosts[host]
        entry.paused_until = max(entry.paused_until, until)

    def drop(self, host: Hashable) -> Iterator[J]:
        """Take all waiting jobs of a host out of the queue."""
        entry = self._hosts[host]
        while entry.waiting:
            self.n_waiting -= 1
            yield heapq.heappop(entry.waiting)[2]

    def _schedule(self, key: Hashable) -> None:
        host = self._hosts[key]
        if host.waiting and host.running < self.per_host and not host.scheduled:
            host.scheduled = True
            at = max(host.waiting[0][0], host.paused_until)
            heapq.heappush(self._ready, (at, next(self._order), key))
