"""Values on disk that are computed once, each stored under a key that all that decides it makes."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import polars as pl
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import load, save

from penchant.atomic_write import atomic_path
from penchant.typing import AnyArray

logger = logging.getLogger(__name__)

V = TypeVar("V")
_BYTES = 16


def digest(value: object) -> str:
    """Return a fingerprint in hexadecimal.

    Args:
        value: what JSON can hold, at any depth also bytes, arrays and Polars' tables. The order of
            a mapping's keys does not matter.

    Raises:
        TypeError: the value holds something else.
    """
    return _hash(json.dumps(value, default=_fingerprint, sort_keys=True).encode())


def _hash(content: Any) -> str:
    return blake2b(content, digest_size=_BYTES).hexdigest()


def _fingerprint(value: object) -> dict[str, Any]:
    """Stand for what JSON does not know by its kind and a hash of its content."""
    if isinstance(value, bytes):
        return {"bytes": _hash(value)}
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        content = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        return {"array": [value.dtype.str, *value.shape], "content": _hash(content.data)}
    if isinstance(value, pl.DataFrame):
        rows = value.hash_rows(seed=0).to_numpy() if value.width else np.empty(0, np.uint64)
        # Polars' hashes are stable within one of its versions only.
        return {
            "table": [pl.__version__, value.height, str(value.schema)],
            "content": _hash(np.ascontiguousarray(rows).data),
        }
    raise TypeError(f"No fingerprint is known for a {type(value).__name__}.")


@dataclass(frozen=True)
class Format(Generic[V]):
    """How values of one kind become bytes and back, and the suffix of their files' names."""

    suffix: str
    dumps: Callable[[V], bytes]
    loads: Callable[[bytes], V]


def _parquet(value: tuple[pl.DataFrame, Any]) -> bytes:
    table, notes = value
    buffer = io.BytesIO()
    table.write_parquet(buffer, metadata={"notes": json.dumps(notes)})
    return buffer.getvalue()


def _from_parquet(content: bytes) -> tuple[pl.DataFrame, Any]:
    notes = pl.read_parquet_metadata(content)["notes"]
    return pl.read_parquet(content), json.loads(notes)


def _safetensors(arrays: dict[str, AnyArray]) -> bytes:
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


JSON: Format[Any] = Format(
    ".json", lambda value: json.dumps(value, ensure_ascii=False).encode(), json.loads
)
ARRAYS: Format[dict[str, AnyArray]] = Format(".safetensors", _safetensors, load)
TABLE: Format[tuple[pl.DataFrame, Any]] = Format(".parquet", _parquet, _from_parquet)
"""A table and notes on it that JSON can hold."""


class Store:
    """A folder of values, each in a file that appears whole and ends with a checksum.

    Several processes and threads may use the same folder. An entry that was damaged or cut short
    is removed when it is read, and counts as missing.

    Args:
        folder: made when the first value is stored; None stores nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def path(self, key: str, form: Format[Any]) -> Path | None:
        """Return where the value of a key is stored or would be."""
        return None if self.folder is None else self.folder / f"{key}{form.suffix}"

    def keys(self, form: Format[Any]) -> list[str]:
        """Return the sorted keys of all values of one format."""
        if self.folder is None or not self.folder.is_dir():
            return []
        paths = self.folder.glob(f"[!.]*{form.suffix}")
        return sorted(path.name.removesuffix(form.suffix) for path in paths)

    def get(self, key: str, form: Format[V]) -> V | None:
        """Return a stored value; None where there is none, or only a damaged one."""
        path = self.path(key, form)
        try:
            content = b"" if path is None else path.read_bytes()
        except OSError:
            return None
        if path is None:
            return None
        value, line = content[: -len(_checksum(b""))], content[-len(_checksum(b"")) :]
        with suppress(ValueError, SafetensorError, pl.exceptions.PolarsError):
            if line == _checksum(value):
                return form.loads(value)
        with suppress(OSError):
            path.unlink()
        return None

    def put(self, key: str, value: V, form: Format[V]) -> None:
        """Store a value in the place of an earlier one.

        Raises:
            OSError: the folder cannot be written.
        """
        path = self.path(key, form)
        if path is None:
            return
        content = form.dumps(value)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as draft, draft.open("wb") as file:
            file.write(content)
            file.write(_checksum(content))

    def remove(self, key: str, form: Format[Any]) -> None:
        """Remove the value of a key, and the folder with the last one."""
        path = self.path(key, form)
        if path is not None:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # other values are in it
                path.parent.rmdir()

    def get_or_compute(
        self,
        key: str,
        form: Format[V],
        compute: Callable[[], V],
        *,
        label: str,
        fresh: bool = False,
    ) -> V:
        """Return a stored value, or compute and store it while other processes wait for it.

        A folder that cannot be written costs no result: the value is returned all the same.

        Args:
            key: names the value.
            form: of the value.
            compute: gives the value, which is not None.
            label: what messages call the value.
            fresh: compute it in any case.
        """
        stored = None if fresh else self.get(key, form)
        if stored is not None or self.folder is None:
            return compute() if stored is None else stored
        with ExitStack() as stack:
            with suppress(OSError):  # nobody shares what cannot be written
                lock = self.folder / f".{key}.lock"
                stack.enter_context(
                    locked(lock, f"Another process is computing {label}; waiting for it.")
                )
            stored = None if fresh else self.get(key, form)
            if stored is not None:
                return stored
            value = compute()
            try:
                self.put(key, value, form)
            except OSError as error:
                reason = error.strerror or error
                logger.warning(f"{label} could not be stored in {self.folder}: {reason}.")
            return value


def _checksum(content: bytes) -> bytes:
    """Return the line that ends a file."""
    return f"\n{_hash(content)}\n".encode()


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold a lock file that one process or thread at a time can hold.

    A file system without locks is used without.

    Args:
        path: the lock file; its folder is made.
        waiting: said once if somebody else holds the lock.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    with ExitStack() as stack:
        stack.callback(lock.release)
        with suppress(NotImplementedError):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                logger.warning(waiting)
                lock.acquire()
        yield
