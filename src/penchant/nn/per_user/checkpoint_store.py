"""Groups of networks that are trained already, kept so that interrupted work can go on."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from penchant.atomic_write import whole
from penchant.nn.per_user.group import Course, Group
from penchant.nn.per_user.messages import course_message, group_arrays
from penchant.typing import AnyArray, Float32, Float64, Int32, Int64

FOLDER = "own-networks"


class Kept(NamedTuple):
    """What came of a group.

    Attributes:
        weights: float32[networks, layout.size].
        epochs: int32[networks], see `teach`.
        losses: float64[teaching.epochs], summed over the group's events of each epoch.
        events: int64[teaching.epochs], how many these were.
    """

    weights: Float32
    epochs: Int32
    losses: Float64
    events: Int64


class Shelf:
    """A folder with what came of groups, each under a name that all that decides it makes.

    Args:
        output: the folder of a run, or None to keep nothing.
        course: what all groups have in common.
    """

    def __init__(self, output: Path | None, course: Course) -> None:
        message = course_message(course)
        # A cell without a name cannot be told from another one.
        self._folder = None if output is None or message is None else output / FOLDER
        self._taken: list[Path] = []
        if self._folder is None or message is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        head, arrays = message
        known = json.dumps(head | {"torch": str(torch.__version__)}, sort_keys=True)
        self._course = _digest(known.encode(), arrays)

    def path(self, group: Group) -> Path | None:
        """Where what comes of a group is kept."""
        if self._folder is None:
            return None
        name = _digest(self._course, group_arrays(group)).hex()
        return self._folder / f"{name}.safetensors"

    def take(self, path: Path | None) -> Kept | None:
        """What came of a group, if it is there."""
        if path is None:
            return None
        self._taken.append(path)
        return Kept(**load_file(path)) if path.exists() else None

    def put(self, path: Path | None, kept: Kept) -> None:
        """Keep what came of a group."""
        if path is not None:
            with whole(path) as draft:
                save_file({n: np.ascontiguousarray(x) for n, x in kept._asdict().items()}, draft)

    def clear(self) -> None:
        """Forget the groups that were asked for: whoever asked has all of them now."""
        for path in self._taken:
            path.unlink(missing_ok=True)
        if self._folder is not None and not any(self._folder.iterdir()):
            self._folder.rmdir()


def _digest(start: bytes, arrays: dict[str, AnyArray]) -> bytes:
    made = blake2b(start, digest_size=16)
    for name, x in sorted(arrays.items()):
        made.update(f"{name} {x.dtype.str} {x.shape}".encode())
        made.update(np.ascontiguousarray(x).data)
    return made.digest()
