"""Vectors that were computed once, kept by the content of what they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from penchant.data.fetching.cache import cache_folder
from penchant.store import ARRAYS, Store, digest
from penchant.typing import AnyArray, Float16

_BYTES = 16
_MANY = 32  # files that are merged into one


def content_key(content: bytes) -> bytes:
    """What a content is known by: its checksum."""
    return blake2b(content, digest_size=_BYTES).digest()


class VectorCache:
    """Vectors by the checksum of the content they were computed from, and how.

    Each `add` is one file that appears whole, so that work that was broken off goes on where it
    was, and several processes can share the folder. Numbers are kept in half precision; whoever
    computes them rounds them likewise, so that a vector is the same from either.

    Args:
        settings: everything that decides a vector beside the content, ready for JSON.
        width: the length of a vector.
        cache: the folder that holds caches; see `penchant.data.fetching.cache.cache_folder`.

    Raises:
        DownloadError: there is no folder to keep anything in.
    """

    def __init__(
        self, settings: Mapping[str, Any], width: int, cache: str | Path | None = None
    ) -> None:
        name = f"{settings.get('name', 'vectors')}-{digest(dict(settings))[:16]}"
        self.folder = cache_folder(cache) / "vectors" / name
        self.width = width
        self._store = Store(self.folder)
        self._parts: list[Float16] = []
        self._places: dict[bytes, tuple[int, int]] = {}
        self._read()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def get(self, key: bytes) -> Float16 | None:
        """float16[width], the vector of a content, if it is there."""
        if key not in self._places:
            return None
        part, row = self._places[key]
        vector: Float16 = self._parts[part][row]
        return vector

    def add(self, vectors: Mapping[bytes, Float16]) -> None:
        """Keep vectors by the keys of their contents.

        Where the folder cannot be written they are kept in memory alone.
        """
        if vectors:
            self._index(list(vectors), np.stack(list(vectors.values())))
            with suppress(OSError):
                self._write(vectors)

    def _index(self, keys: Sequence[bytes], vectors: Float16) -> None:
        self._places |= {key: (len(self._parts), row) for row, key in enumerate(keys)}
        self._parts.append(vectors)

    def _write(self, vectors: Mapping[bytes, Float16]) -> str:
        joined = b"".join(vectors)
        arrays: dict[str, AnyArray] = {
            "keys": np.frombuffer(joined, np.uint8).reshape(-1, _BYTES),
            "vectors": np.stack(list(vectors.values())),
        }
        name = digest(joined)  # the same vectors written twice are one file
        self._store.put(name, arrays, ARRAYS)
        return name

    def _read(self) -> None:
        names = self._store.keys(ARRAYS)
        for name in names:
            arrays = self._store.get(name, ARRAYS)
            if arrays is not None and arrays["vectors"].shape[1:] == (self.width,):
                self._index([key.tobytes() for key in arrays["keys"]], arrays["vectors"])
        if len(names) > _MANY and self._places:
            with suppress(OSError):
                merged = self._write(
                    {key: self._parts[part][row] for key, (part, row) in self._places.items()}
                )
                for name in names:
                    if name != merged:
                        self._store.remove(name, ARRAYS)
