"""Groups of networks that are trained already, kept so that interrupted work can go on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch

from penchant.nn.per_user.group import Course, Group
from penchant.nn.per_user.messages import course_message, group_arrays
from penchant.store import ARRAYS, Store, digest
from penchant.typing import Float32, Float64, Int32, Int64

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
    """A folder with what came of groups, each under a key that all that decides it makes.

    Args:
        output: the folder of a run, or None to keep nothing.
        course: what all groups have in common.
    """

    def __init__(self, output: Path | None, course: Course) -> None:
        message = course_message(course)
        # A cell without a name cannot be told from another one.
        self._store = Store(None if output is None or message is None else output / FOLDER)
        self._course = digest([message, str(torch.__version__)])
        self._taken: list[str] = []

    def key(self, group: Group) -> str:
        """What a group is kept under."""
        if self._store.folder is None:
            return ""
        return digest([self._course, group_arrays(group)])

    def take(self, key: str) -> Kept | None:
        """What came of a group, if it is there."""
        self._taken.append(key)
        arrays = self._store.get(key, ARRAYS)
        return None if arrays is None else Kept(**arrays)

    def put(self, key: str, kept: Kept) -> None:
        """Keep what came of a group."""
        self._store.put(key, kept._asdict(), ARRAYS)

    def clear(self) -> None:
        """Forget the groups that were asked for: whoever asked has all of them now."""
        for key in self._taken:
            self._store.remove(key, ARRAYS)
