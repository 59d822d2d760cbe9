"""How a training process is told what to teach and tells what came of it: lines and plain arrays.

A message is a line of JSON, which gives the shapes of the arrays whose bytes follow it. Nothing
that is received can execute anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, Any

import numpy as np

from penchant.nn.activations import ACTIVATIONS
from penchant.nn.per_user.batches import Lesson
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import Course, Group, Teaching
from penchant.nn.per_user.networks import Layout
from penchant.typing import AnyArray

Arrays = dict[str, AnyArray]


def send(stream: IO[bytes], head: dict[str, Any], arrays: Arrays | None = None) -> None:
    """Write a message."""
    arrays = arrays or {}
    shapes = {name: [x.dtype.str, *x.shape] for name, x in arrays.items()}
    stream.write(json.dumps(head | {"arrays": shapes}).encode() + b"\n")
    for x in arrays.values():
        stream.write(np.ascontiguousarray(x).data)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], Arrays]:
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
            got = stream.readinto(view)  # type: ignore[attr-defined]
            if not got:
                raise EOFError
            view = view[got:]
        arrays[name] = x
    return head, arrays


def course_message(course: Course) -> tuple[dict[str, Any], Arrays] | None:
    """A course as a message; None where its cell is not one that a name stands for."""
    layout = course.layout
    cells = {made: name for name, made in CELLS.items()}
    activations = {id(made): name for name, made in ACTIVATIONS.items()}
    cell = layout.cell
    used = [activations.get(id(x)) for x in (cell.activation, cell.recurrent_activation)]
    if type(cell) not in cells or None in used:
        return None
    head = {
        "cell": cells[type(cell)],
        "activations": used,
        "units": layout.units,
        "embedding": layout.embedding,
        "teaching": asdict(course.teaching),
    }
    return head, {"patterns": course.patterns}


def course_of(head: dict[str, Any], arrays: Arrays) -> Course:
    """The course that a message stands for."""
    cell = CELLS[head["cell"]](*(ACTIVATIONS[name] for name in head["activations"]))
    layout = Layout(cell, head["units"], head["embedding"])
    return Course(layout, Teaching(**head["teaching"]), arrays["patterns"])


def group_arrays(group: Group) -> Arrays:
    """A group as arrays."""
    arrays = _joined("lesson", group.lessons)
    if group.start is not None:
        arrays["start"] = group.start
    if group.checked is not None:
        arrays |= _joined("checked", group.checked)
    return arrays


def group_of(arrays: Arrays) -> Group:
    """The group that arrays stand for."""
    lessons = [lesson for lesson in _apart("lesson", arrays) if lesson is not None]
    checked = list(_apart("checked", arrays)) if "checked_keys" in arrays else None
    return Group(lessons, arrays.get("start"), checked)


def _joined(name: str, lessons: Sequence[Lesson | None]) -> Arrays:
    there = [lesson for lesson in lessons if lesson is not None]
    sizes = [-1 if lesson is None else len(lesson.patterns) for lesson in lessons]
    return {
        f"{name}_sizes": np.array(sizes, np.int64),
        f"{name}_keys": np.array([lesson.key for lesson in there], np.uint64),
        f"{name}_patterns": _end_to_end([lesson.patterns for lesson in there], np.int64),
        f"{name}_likes": _end_to_end([lesson.likes for lesson in there], np.bool_),
    }


def _apart(name: str, arrays: Arrays) -> list[Lesson | None]:
    sizes, keys = arrays[f"{name}_sizes"], iter(arrays[f"{name}_keys"].tolist())
    patterns, likes = arrays[f"{name}_patterns"], arrays[f"{name}_likes"]
    found: list[Lesson | None] = []
    at = 0
    for size in sizes.tolist():
        if size < 0:
            found.append(None)
            continue
        found.append(Lesson(patterns[at : at + size], likes[at : at + size], next(keys)))
        at += size
    return found


def _end_to_end(parts: list[AnyArray], kind: type) -> AnyArray:
    return np.concatenate([np.empty(0, kind), *parts]).astype(kind, copy=False)
