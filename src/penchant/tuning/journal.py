"""Trials in memory, or in a file that survives a kill and that several processes share."""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from filelock import FileLock, Timeout

from penchant.errors import ParameterError, PenchantError
from penchant.results.tuning.trial import Range, Trial
from penchant.tuning.records import line_of, record_of, trial_of, trial_record
from penchant.tuning.setup import differences

logger = logging.getLogger(__name__)

_FORMAT = "penchant-study"
_VERSION = 1
_LONGEST = 1 << 20  # bytes of a line


class Journal(Protocol):
    """Where finished trials are kept, and who runs which."""

    def new(self) -> list[Trial]:
        """The trials that were finished since the last call, in the order of finishing."""

    def claim(
        self, numbers: Iterable[int], *, wait: bool = True
    ) -> AbstractContextManager[int | None]:
        """A context with the first number that nobody else makes the trial of meanwhile.

        Where others are at all of them, wait for the first, or else have None; None as well where
        there are no numbers.
        """

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
    def claim(self, numbers: Iterable[int], *, wait: bool = True) -> Iterator[int | None]:
        """The first number."""
        yield next(iter(numbers), None)

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
        self._end, self._lines = 0, 0  # bytes and lines of the file that were read
        self._new: list[Trial] = []
        self._finished: set[int] = set()
        self._waited = self._swept = False
        begun = {"format": _FORMAT, "version": _VERSION, "setup": dict(setup)}
        with self._locked():
            if path.exists() and not path.is_file():
                raise ParameterError(f"The study {str(path)!r} is no file: name another one.")
            if not path.exists() or self._header_is_cut_short():
                with path.open("wb") as file:
                    _write(file, line_of(begun))
            header = self._header()
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
        with self._locked(), self.path.open("rb") as file:
            self._read(file)
            if not self._swept:
                self._sweep()
        finished, self._new = self._new, []
        return finished

    def _sweep(self) -> None:
        """Remove the locks that killed processes have left of finished trials."""
        for path in self.path.parent.glob(glob.escape(f".{self.path.name}.trial-") + "*.lock"):
            number = path.name.removesuffix(".lock").rpartition("-")[2]
            if number.isdecimal() and int(number) in self._finished:
                path.unlink(missing_ok=True)
        self._swept = True

    @contextmanager
    def claim(self, numbers: Iterable[int], *, wait: bool = True) -> Iterator[int | None]:
        """The first number that no other process is at.

        Where others are at all of them and this is to wait, wait for the first: they end it or are
        killed. The trial may have been finished meanwhile, so that `new` is to be asked once more.
        """
        with self._one_sentence():
            number, lock = self._free(numbers, wait)
        if lock is None:
            yield None
            return
        try:
            yield number
        finally:
            lock.release()
            if number in self._finished:  # whoever opens the lock now will find that, too
                with suppress(OSError):
                    self._beside(f"trial-{number}").unlink(missing_ok=True)

    def _free(self, numbers: Iterable[int], wait: bool) -> tuple[int, FileLock] | tuple[None, None]:
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
        if first is None or not wait:
            return None, None
        if not self._waited:
            logger.info(f"Other processes are at the last trials of {self.path}; waiting for them.")
            self._waited = True
        lock = FileLock(self._beside(f"trial-{first}"))
        lock.acquire()
        return first, lock

    def add(self, trial: Trial) -> None:
        """Write a trial, which is on disk afterwards."""
        with self._locked(), self.path.open("r+b") as file:
            self._read(file)
            file.seek(self._end)
            file.truncate()
            _write(file, line_of(trial_record(trial)))
            self._finished.add(trial.number)

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
        except PenchantError:
            raise
        except (OSError, ValueError) as error:  # such as a name with a null byte
            reason = getattr(error, "strerror", None) or error
            raise ParameterError(
                f"The study {str(self.path)!r} cannot be used: {reason}."
            ) from None

    def _beside(self, what: str = "") -> Path:
        """A lock file in the folder of the study."""
        return self.path.parent / ".".join(["", self.path.name, *([what] if what else []), "lock"])

    def _header_is_cut_short(self) -> bool:
        """Whether a kill has left only the beginning of the first line."""
        with self.path.open("rb") as file:
            line = file.readline(_LONGEST)
        start = line_of({"format": _FORMAT})[: len(line)].partition(b",")[0]
        return not line.endswith(b"\n") and line.startswith(start)

    def _header(self) -> dict[str, Any]:
        """The first record, empty where the file is something else."""
        with self.path.open("rb") as file:
            line = file.readline(_LONGEST)
        self._end, self._lines = len(line), 1
        with suppress(ValueError):
            return record_of(line)
        return {}

    def _read(self, file: BinaryIO) -> None:
        """Take the whole lines that were not read yet."""
        file.seek(self._end)
        while line := file.readline(_LONGEST):
            if not line.endswith(b"\n") and len(line) < _LONGEST:
                return  # cut short by a kill, and written over by the next trial
            try:
                trial = trial_of(record_of(line), self._space)
            except ValueError:
                raise ParameterError(
                    f"Line {self._lines + 1} of the study {str(self.path)!r} is damaged: remove "
                    "it, and its trial is made again."
                ) from None
            self._end += len(line)
            self._lines += 1
            self._new.append(trial)
            self._finished.add(trial.number)


def _write(file: BinaryIO, line: bytes) -> None:
    """Write a line to the disk itself."""
    file.write(line)
    file.flush()
    os.fsync(file.fileno())
