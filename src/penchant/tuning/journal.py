"""Trials in memory, or in a file that survives a kill and that several processes share."""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from penchant.atomic_write import write_text_atomically
from penchant.errors import ParameterError
from penchant.results.tuning.trial import Range, Trial, value_text
from penchant.store import digest
from penchant.tuning.setup import differences

logger = logging.getLogger(__name__)

_FORMAT = "penchant-study"
_VERSION = 1


class Journal(Protocol):
    """Where finished trials are kept, and who runs which."""

    def new(self) -> list[Trial]:
        """The trials that were finished since the last call, in the order of finishing."""

    def claim(self, numbers: Iterable[int]) -> AbstractContextManager[int]:
        """A context with the number of a trial that nobody else runs meanwhile."""

    def add(self, trial: Trial) -> None:
        """Keep a finished trial."""


class MemoryJournal:
    """Trials of this process alone."""

    def __init__(self) -> None:
        self._new: list[Trial] = []

    def new(self) -> list[Trial]:
        """The trials that were finished since the last call."""
        finished, self._new = self._new, []
        return finished

    @contextmanager
    def claim(self, numbers: Iterable[int]) -> Iterator[int]:
        """The first number."""
        yield next(iter(numbers))

    def add(self, trial: Trial) -> None:
        """Keep a finished trial."""
        self._new.append(trial)


class FileJournal:
    """A file of JSON lines: what decides the study, and then a finished trial a line.

    A line ends with a checksum and is on disk before the next trial begins. Whoever runs a trial
    holds a lock of the operating system for it, which ends with the process: what a killed process
    was at is free again. A last line that a kill has cut short is left out and written over.

    Args:
        path: the file; made where there is none.
        setup: what decides the trials, see `study_setup`.
        space: what can be tried, by name.

    Raises:
        ParameterError: the file is no study, is damaged, cannot be written, or is a study of
            something else.
    """

    def __init__(self, path: Path, setup: Mapping[str, Any], space: Mapping[str, Range]) -> None:
        self.path, self._space = path, space
        self._waited = False  # which is said once
        self._read, self._lines = 0, 0  # bytes and lines of the file that were read
        with self._locked():
            if not path.exists() or (path.is_file() and not path.stat().st_size):
                begun = {"format": _FORMAT, "version": _VERSION, "setup": dict(setup)}
                write_text_atomically(_line(begun), path)
            if not path.is_file():
                raise ParameterError(f"The study {str(path)!r} is no file: name another one.")
            header = next(self._unread(), {})
        if header.get("format") != _FORMAT or not isinstance(header.get("setup"), dict):
            raise ParameterError(
                f"{str(path)!r} is no study of trials: name a file that is one, or a new one."
            )
        if header.get("version") != _VERSION:
            raise ParameterError(
                f"The study {str(path)!r} was written by another version of penchant: name a new "
                "file."
            )
        if sentence := differences(header["setup"], setup):
            raise ParameterError(
                f"The study {str(path)!r} was begun with {sentence}: name another file for it."
            )

    def __str__(self) -> str:
        return str(self.path)

    def new(self) -> list[Trial]:
        """The trials that were finished since the last call, by whichever process."""
        with self._locked():
            return [self._trial(record) for record in self._unread()]

    @contextmanager
    def claim(self, numbers: Iterable[int]) -> Iterator[int]:
        """The first number that no other process is at.

        Where others are at all of them, wait for the first: they end it or are killed. The trial
        may have been finished meanwhile, so that `new` is to be asked once more.
        """
        with self._one_sentence():
            number, lock = self._free(numbers)
        try:
            yield number
        finally:
            lock.release()

    def _free(self, numbers: Iterable[int]) -> tuple[int, FileLock]:
        """A trial and its lock, which this process has now."""
        first = None
        for number in numbers:
            first = first or number
            lock = FileLock(self._beside(f"trial-{number}"))
            with suppress(NotImplementedError):  # a file system without locks is used without
                try:
                    lock.acquire(blocking=False)
                except Timeout:
                    continue
            return number, lock
        assert first is not None
        if not self._waited:
            logger.info(f"Other processes are at the last trials of {self.path}; waiting for them.")
            self._waited = True
        lock = FileLock(self._beside(f"trial-{first}"))
        lock.acquire()
        return first, lock

    def add(self, trial: Trial) -> None:
        """Write a trial, which is on disk afterwards."""
        record = trial.to_dict() | {"values": {n: _plain(v) for n, v in trial.values.items()}}
        with self._locked(), self.path.open("r+b") as file:
            content = file.read()
            end = content.rfind(b"\n") + 1
            file.seek(end)
            file.truncate()
            file.write(_line(record).encode())
            file.flush()
            os.fsync(file.fileno())
        # Whoever opened the lock before now finds the trial finished, see `claim`.
        self._beside(f"trial-{trial.number}").unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep others from reading and writing the file, and say in one sentence what hinders."""
        with self._one_sentence(), ExitStack() as stack:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._beside())
            stack.callback(lock.release)
            with suppress(NotImplementedError):
                lock.acquire()
            yield

    @contextmanager
    def _one_sentence(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ParameterError(
                f"The study {str(self.path)!r} cannot be used: {error.strerror or error}."
            ) from None

    def _beside(self, what: str = "") -> Path:
        """A lock file in the folder of the study."""
        return self.path.parent / ".".join(["", self.path.name, *([what] if what else []), "lock"])

    def _unread(self) -> Iterator[dict[str, Any]]:
        """The records of the whole lines that were not read yet."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    logger.info(f"The last line of {self.path} was cut short and is left out.")
                    return
                self._lines += 1
                self._read += len(line)
                yield self._record(line)

    def _record(self, line: bytes) -> dict[str, Any]:
        with suppress(ValueError, RecursionError):
            record = json.loads(line)
            if isinstance(record, dict):
                checksum = record.pop("checksum", None)
                if checksum == digest(record):
                    return record
        if self._lines == 1:
            return {}
        raise self._damaged()

    def _trial(self, record: dict[str, Any]) -> Trial:
        """A trial with the very values that are tried, not their texts."""
        try:
            values = {
                name: _value(range_, record["values"][name]) for name, range_ in self._space.items()
            }
            number, score, seconds = record["number"], record["score"], record["seconds"]
            settled, problem = record["settled"], record["problem"]
        except (KeyError, TypeError, ValueError):
            raise self._damaged() from None
        sound = (
            type(number) is int
            and number > 0
            and isinstance(seconds, float | int)
            and isinstance(settled, dict)
            and (isinstance(score, float | int) and math.isfinite(score))
            != isinstance(problem, str)
        )
        if not sound:
            raise self._damaged()
        return Trial(number, values, score, seconds, settled, problem)

    def _damaged(self) -> ParameterError:
        return ParameterError(
            f"Line {self._lines} of the study {str(self.path)!r} is damaged: remove it, and its "
            "trial is made again."
        )


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record | {"checksum": digest(record)}, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """A number as it is, anything else as its text."""
    return value if type(value) in (bool, int, float) else value_text(value)


def _value(range_: Range, plain: Any) -> Any:
    if range_.values:
        texts = {value_text(value): value for value in range_.values}
        return texts[value_text(plain)]
    if not range_.holds(plain):
        raise ValueError("A value lies outside of what can be tried.")
    return plain
