"""One flush of the disk for all who add events at the same time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from penchant.errors import ParameterError
from penchant.serving.store.database import Database
from penchant.serving.store.records import StoredEvent
from penchant.serving.store.writing import add_rows


@dataclass(eq=False)
class _Job:
    """What one caller adds, and what has become of it."""

    rows: Sequence[dict[str, Any]]
    timed: Sequence[bool]
    events: list[StoredEvent] = field(default_factory=list)
    error: Exception | None = None
    is_done: bool = False


class GroupCommit:
    """Adds events for several threads in one transaction.

    While one thread waits for its commit others gather; the next one commits for them all. What
    is refused of one of them keeps nothing of it alone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gate = threading.Lock()  # of the list
        self._turn = threading.Lock()  # of who commits
        self._waiting: list[_Job] = []

    def add(self, rows: Sequence[dict[str, Any]], timed: Sequence[bool]) -> list[StoredEvent]:
        """Keep rows, on disk when this returns; see `add_rows`.

        Raises:
            ParameterError: something of these rows is refused.
            StoreError: the database fails; nothing is kept then.
        """
        job = _Job(rows, timed)
        with self._gate:
            self._waiting.append(job)
        with self._turn:
            if not job.is_done:
                self._commit()
        if job.error is not None:
            raise job.error
        return job.events

    def _commit(self) -> None:
        jobs: list[_Job] = []
        try:
            with self._database.writing() as connection:
                jobs = self._gathered()
                for job in jobs:
                    try:
                        job.events = add_rows(connection, job.rows, job.timed)
                    except ParameterError as error:
                        job.error = error
        except Exception as error:
            for job in [*jobs, *self._gathered()]:
                job.error = job.error or type(error)(*error.args)
                job.is_done = True
            return
        for job in jobs:
            job.is_done = True

    def _gathered(self) -> list[_Job]:
        with self._gate:
            jobs, self._waiting = self._waiting, []
        return jobs
