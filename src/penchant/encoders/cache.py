"""Vectors that were computed once, kept by the content of what they are of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from penchant.atomic_write import whole
from penchant.data.fetching.cache import cache_folder
from penchant.typing import Float16

_BYTES = 16
_MANY = 32  # files that are made one


def content_key(content: bytes) -> bytes:
    """What a content is known by: its checksum."""
    return hashlib.blake2b(content, digest_size=_BYTES).digest()


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
        written = json.dumps(settings, sort_keys=True).encode()
        name = f"{settings.get('name', 'vectors')}-{content_key(written).hex()[:16]}"
        self.folder = cache_folder(cache) / "vectors" / name
        self.width = width
        self._parts: list[Float16] = []
        self._places: dict[bytes, tuple[int, int]] = {}
        self._open()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def get(self, key: bytes) -> Float16 | None:
        """float16[width], the vector of a content, if it is there."""
        if key not in self._places:
            return None
        part, place = self._places[key]
        found: Float16 = self._parts[part][place]
        return found

    def add(self, vectors: Mapping[bytes, Float16]) -> None:
        """Keep vectors by the keys of their contents.

        Where the folder cannot be written they are kept in memory alone.
        """
        if vectors:
            self._remember(list(vectors), np.stack(list(vectors.values())))
            with suppress(OSError):
                self._write(vectors)

    def _remember(self, keys: Sequence[bytes], vectors: Float16) -> None:
        self._places |= {key: (len(self._parts), row) for row, key in enumerate(keys)}
        self._parts.append(vectors)

    def _write(self, vectors: Mapping[bytes, Float16]) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        joined = b"".join(vectors)
        # Named by its keys: the same vectors written twice are one file.
        path = self.folder / f"{content_key(joined).hex()}.safetensors"
        numbers = np.frombuffer(joined, np.uint8).reshape(-1, _BYTES)
        with whole(path) as draft:
            save_file({"keys": numbers, "vectors": np.stack(list(vectors.values()))}, draft)
        return path

    def _open(self) -> None:
        paths = sorted(self.folder.glob("*.safetensors")) if self.folder.is_dir() else []
        for path in paths:
            with suppress(OSError, SafetensorError, KeyError):  # damaged: computed again
                arrays = load_file(path)
                keys, vectors = arrays["keys"], arrays["vectors"]
                if keys.shape == (len(vectors), _BYTES) and vectors.shape[1:] == (self.width,):
                    self._remember([key.tobytes() for key in keys], vectors.astype(np.float16))
        if len(paths) > _MANY and self._places:
            with suppress(OSError):
                every = {key: self._parts[part][at] for key, (part, at) in self._places.items()}
                joined = self._write(every)
                for path in paths:
                    if path != joined:
                        path.unlink(missing_ok=True)
