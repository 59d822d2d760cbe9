"""A folder of parts of a long run, which goes on where it was stopped."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from penchant.atomic_write import atomic_path, discard_folder, sweep_drafts, write_text_atomically
from penchant.errors import ParameterError
from penchant.file_locks import try_lock

logger = logging.getLogger(__name__)

_MANIFEST = "manifest.json"
_FORMAT = "penchant parts"


@dataclass(frozen=True)
class PartFolder:
    """Parts of one run, each of which is there whole or not at all.

    Attributes:
        path: the folder.
        facts: what decides the parts' content, in JSON's terms; parts of other facts are refused.
        n_parts: how many there are to be.
    """

    path: Path
    facts: Mapping[str, Any]
    n_parts: int

    @contextmanager
    def opened(self, *, overwrite: bool = False) -> Iterator[None]:
        """Make the folder, or go on with its parts, and keep other processes out.

        Args:
            overwrite: whether parts of another run are removed rather than refused.

        Raises:
            ParameterError: the folder is of something else or of another run, or another process
                is writing to it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        sweep_drafts(self.path.parent)  # where a process was killed while it removed such a folder
        with _only_process(self.path):
            self._prepare(overwrite)
            yield

    def missing(self) -> list[int]:
        """The numbers of the parts that are still to be made; damaged ones are."""
        return [n for n in range(self.n_parts) if not _is_whole(self.part(n))]

    def part(self, number: int) -> Path:
        """The file of a part."""
        return self.path / f"{number:06d}.parquet"

    def write(self, number: int, frame: pl.DataFrame) -> None:
        """Store a part."""
        with atomic_path(self.part(number)) as draft:
            frame.write_parquet(draft, compression="lz4")

    def parts(self) -> list[Path]:
        """The files of all parts in their order."""
        return [self.part(n) for n in range(self.n_parts)]

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        discard_folder(self.path)

    def _prepare(self, overwrite: bool) -> None:
        sweep_drafts(self.path)
        content = {"format": _FORMAT, "facts": dict(self.facts), "parts": self.n_parts}
        manifest = self.path / _MANIFEST
        before = _read(manifest)
        if before is None:
            if any(not path.name.startswith(".") for path in self.path.iterdir()):
                raise ParameterError(
                    f"{str(self.path)!r} is not a folder of parts of lists: move it away, or write "
                    "to another place."
                )
        elif before != content:
            if not overwrite:
                other = ", ".join(_differences(before, content))
                raise ParameterError(
                    f"{str(self.path)!r} has parts of a run that was stopped, with {other}: run it "
                    "as it was to go on with them, or start anew with --overwrite."
                )
            logger.info(f"Removed the parts of another run in {self.path}.")
            _empty(self.path)
        else:
            done = self.n_parts - len(self.missing())
            if done:
                logger.info(f"Going on with {self.path}: {done:,} of {self.n_parts:,} parts exist.")
            return
        write_text_atomically(json.dumps(content, indent=1, ensure_ascii=False), manifest)


def _read(manifest: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In words what another run has that is not of this one."""
    facts, old = now["facts"], before.get("facts")
    if before.get("format") != _FORMAT or not isinstance(old, dict):
        return ["a manifest that cannot be read"]
    names = [name for name in sorted({*facts, *old}) if facts.get(name) != old.get(name)]
    return [
        f"another {name}"
        if _is_digest(facts.get(name), old.get(name))
        else f"{name} {old[name]}"
        if name in old
        else f"no {name}"
        for name in names
    ] or ["another number of parts"]


def _is_digest(*values: object) -> bool:
    return any(isinstance(value, str) and len(value) >= 32 for value in values)


def _is_whole(path: Path) -> bool:
    try:
        pl.read_parquet_metadata(path)
    except FileNotFoundError:
        return False
    except (OSError, pl.exceptions.PolarsError):
        with suppress(OSError):
            path.unlink()
        return False
    return True


def _empty(folder: Path) -> None:
    """Remove what is in a folder of parts, its manifest last, so that a kill leaves it known."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name == _MANIFEST):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def _only_process(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, where there are any.

    Raises:
        ParameterError: another process holds it.
    """
    descriptor = None
    with suppress(OSError):  # systems that cannot open folders
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        if descriptor is not None and not try_lock(descriptor):
            raise ParameterError(
                f"Another process is writing to {str(folder)!r}: wait until it has ended."
            )
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
