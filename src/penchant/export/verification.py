"""Whether an exported graph answers as the model does that it was made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from penchant.data.histories import Histories
from penchant.errors import PenchantError, require
from penchant.export.exportable import reads_ratings
from penchant.export.history import UNWEIGHTED
from penchant.models.base import Recommender
from penchant.run import Run
from penchant.typing import AnyArray, Float32, Int32
from penchant.wording import counted

TOLERANCE = 1e-5
"""How far scores may differ, in parts of the distance between a user's highest and lowest one."""
K = 10
_MOST_USERS, _CELLS = 200, 2**22
_AT_ONCE = 16  # whose events' vectors take memory together
_LONGEST = 1000  # of a history that is tried


@dataclass(frozen=True)
class Verification:
    """How a graph compares with its model.

    Attributes:
        users: histories that both answered, one of them empty.
        largest_difference: of two scores, in parts of the distance between a user's highest and
            lowest one.
        same_lists: the share of lists of ten that are the same, item by item.
    """

    users: int
    largest_difference: float
    same_lists: float

    def __str__(self) -> str:
        others = "" if self.same_lists == 1 else "; others differ where scores are as good as equal"
        return (
            f"For {counted(self.users, 'history', 'histories')} onnxruntime gives the model's "
            f"scores within {self.largest_difference:.1e} of their range, and "
            f"{self.same_lists:.1%} of the lists of {K} item by item{others}."
        )


def verify(model: Recommender, path: Path, run: Run) -> Verification:
    """Compare a graph with its model on histories of the log.

    Raises:
        PenchantError: they differ by more than rounding.
    """
    session = open_session(path, run)
    users = sample(model)
    blocks = [users.block(n, n + _AT_ONCE) for n in range(0, len(users), _AT_ONCE)]
    with_ratings = reads_ratings(model)

    def answers(output: str, **more: AnyArray) -> AnyArray:
        inputs = (inputs_of(block, with_ratings=with_ratings) for block in blocks)
        return np.concatenate([session.run([output], each | more)[0] for each in inputs])

    ours = model.fallback.scores(model.scores, users)
    theirs = answers("scores", exclude_seen=np.array([False]))
    spread = np.maximum(ours.max(1) - ours.min(1), 1e-30)[:, None]
    difference = float((np.abs(theirs - ours) / spread).max())
    lists, _ = model.top_items(users, K, run=run)
    found = answers("top_items", k=np.array([K]))
    found = np.pad(found, ((0, 0), (0, lists.shape[1] - found.shape[1])), constant_values=-1)
    same = (lists == found).all(axis=1)
    if not difference <= TOLERANCE or not _equally_good(lists, found, ours, spread):
        raise PenchantError(
            f"The exported graph of {model!r} gives other answers than the model (scores differ by "
            f"{difference:.1e} of their range, and {1 - same.mean():.1%} of the lists), so that "
            "nothing was written: please report it."
        )
    return Verification(len(users), difference, float(same.mean()))


def _equally_good(ours: Int32, theirs: AnyArray, scores: Float32, spread: Float32) -> bool:
    """Whether lists have items of equal scores, up to rounding, in each place."""
    if ((ours < 0) != (theirs < 0)).any():
        return False
    a, b = (np.take_along_axis(scores, np.maximum(lists, 0), 1) for lists in (ours, theirs))
    return bool((np.abs(a - b) <= 2 * TOLERANCE * spread).all())


def open_session(path: Path, run: Run) -> Any:
    """A session of onnxruntime that runs a graph on the run's threads."""
    runtime = require("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = run.threads or 1
    # Threads that wait in a loop take the cores from what else runs on them.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def sample(model: Recommender) -> Histories:
    """Histories of users spread over the log, as ones of new users, and an empty one.

    They are without times and baskets, which the inputs of a graph do not have.
    """
    known = model.histories_
    n = max(1, min(len(known), _MOST_USERS, _CELLS // max(1, known.n_items)))
    some = known.take(np.unique(np.linspace(0, len(known) - 1, n).astype(np.int64)))
    latest = some.offsets[1:][some.rows] - np.arange(some.n_events)
    some = some.subset(latest <= _LONGEST)
    return replace(
        some,
        users=np.full(len(some) + 1, -1, np.int32),
        offsets=np.append(some.offsets, some.offsets[-1]),
        times=None,
        baskets=None,
        quantities=None,
        in_sessions=False,
    )


def inputs_of(users: Histories, *, with_ratings: bool = False) -> dict[str, AnyArray]:
    """Histories as inputs of a graph, padded at the end.

    Args:
        users: the histories.
        with_ratings: whether the graph has an input of them; then all events count.
    """
    shape = len(users), max(1, int(users.lengths.max(initial=0)))
    place = np.arange(users.n_events) - users.offsets[users.rows]
    items = np.full(shape, -1, np.int64)
    items[users.rows, place] = users.items
    inputs: dict[str, AnyArray] = {"items": items}
    counts = np.ones(users.n_events, np.bool_) if with_ratings else users.is_positive
    if users.weights is not None or not counts.all():
        weights = np.full(shape, UNWEIGHTED, np.float32)
        given = UNWEIGHTED if users.weights is None else users.weights
        weights[users.rows, place] = np.where(counts, given, 0)
        inputs["weights"] = weights
    if with_ratings and users.ratings is not None:
        ratings = np.zeros(shape, np.float32)
        ratings[users.rows, place] = users.ratings
        inputs["ratings"] = ratings
    return inputs
