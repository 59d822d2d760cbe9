"""Messages between a training process and its parent: lines of JSON and plain arrays.

A message is a line of JSON, which gives the shapes of the arrays whose bytes follow it. Nothing
that is received can execute anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, Any

import numpy as np

from penchant.nn.per_user.activations import ACTIVATIONS
from penchant.nn.per_user.batches import UserData
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import Group, TrainingConfig, TrainingSetup
from penchant.nn.per_user.networks import NetworkShape
from penchant.typing import AnyArray

NamedArrays = dict[str, AnyArray]


def send(stream: IO[bytes], head: dict[str, Any], arrays: NamedArrays | None = None) -> None:
    """Write a message."""
    arrays = arrays or {}
    shapes = {name: [x.dtype.str, *x.shape] for name, x in arrays.items()}
    stream.write(json.dumps(head | {"arrays": shapes}).encode() + b"\n")
    for x in arrays.values():
        stream.write(np.ascontiguousarray(x).data)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], NamedArrays]:
    """Read a message.

    Raises:
        EOFError: there is none, or only a part of one.
        ValueError: what is there is no message.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head = json.loads(line)
    arrays = {}
    for name, (kind, *shape) in head.pop("arrays").items():
        x = np.empty(shape, np.dtype(kind))
        view = x.reshape(-1).view(np.uint8).data
        while len(view):
            n_read = stream.readinto(view)  # type: ignore[attr-defined]
            if not n_read:
                raise EOFError
            view = view[n_read:]
        arrays[name] = x
    return head, arrays


def setup_message(setup: TrainingSetup) -> tuple[dict[str, Any], NamedArrays] | None:
    """A setup as a message; None where its cell is not one that a name stands for."""
    shape, cell = setup.shape, setup.shape.cell
    cell_names = {cell_type: name for name, cell_type in CELLS.items()}
    activation_names = {id(activation): name for name, activation in ACTIVATIONS.items()}
    used = [activation_names.get(id(x)) for x in (cell.activation, cell.recurrent_activation)]
    if type(cell) not in cell_names or None in used:
        return None
    head = {
        "cell": cell_names[type(cell)],
        "activations": used,
        "hidden": shape.hidden,
        "dim": shape.dim,
        "config": asdict(setup.config),
    }
    return head, {"patterns": setup.patterns}


def read_setup(head: dict[str, Any], arrays: NamedArrays) -> TrainingSetup:
    """The setup that a message stands for."""
    cell = CELLS[head["cell"]](*(ACTIVATIONS[name] for name in head["activations"]))
    shape = NetworkShape(cell, head["hidden"], head["dim"])
    return TrainingSetup(shape, TrainingConfig(**head["config"]), arrays["patterns"])


def group_arrays(group: Group) -> NamedArrays:
    """A group as arrays."""
    arrays = _join_users("training", group.users)
    if group.start is not None:
        arrays["start"] = group.start
    if group.validation is not None:
        arrays |= _join_users("validation", group.validation)
    return arrays


def read_group(arrays: NamedArrays) -> Group:
    """The group that arrays stand for."""
    users = [user for user in _split_users("training", arrays) if user is not None]
    validation = _split_users("validation", arrays) if "validation_keys" in arrays else None
    return Group(users, arrays.get("start"), validation)


def _join_users(name: str, users: Sequence[UserData | None]) -> NamedArrays:
    present = [user for user in users if user is not None]
    sizes = [-1 if user is None else len(user.patterns) for user in users]
    return {
        f"{name}_sizes": np.array(sizes, np.int64),
        f"{name}_keys": np.array([user.key for user in present], np.uint64),
        f"{name}_patterns": _concatenate([user.patterns for user in present], np.int64),
        f"{name}_likes": _concatenate([user.likes for user in present], np.bool_),
    }


def _split_users(name: str, arrays: NamedArrays) -> list[UserData | None]:
    sizes, keys = arrays[f"{name}_sizes"], iter(arrays[f"{name}_keys"].tolist())
    patterns, likes = arrays[f"{name}_patterns"], arrays[f"{name}_likes"]
    users: list[UserData | None] = []
    start = 0
    for size in sizes.tolist():
        if size < 0:
            users.append(None)
            continue
        stop = start + size
        users.append(UserData(patterns[start:stop], likes[start:stop], next(keys)))
        start = stop
    return users


def _concatenate(parts: list[AnyArray], dtype: type) -> AnyArray:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype, copy=False)
