"""Models whose vector for a new history is the minimum of a loss, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.target import Interaction, Like, Rating
from penchant.errors import ParameterError
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import ridge_solutions, sums
from penchant.models.content.vbpr import VBPR
from penchant.models.dot.model import DotProduct
from penchant.models.factorisation.pairwise import BPR, NEGATIVES
from penchant.nn.dot.fold_in import MIN_L2, ROUNDS
from penchant.typing import Float32

LONGEST = 2000
"""Places of a history for which negatives are there; the graph of a longer one fails."""


@dataclass(frozen=True)
class Examples:
    """What is drawn for the events of histories: `nn.dot.fold_in.UserEvents.with_negatives`.

    Attributes:
        items: int64[n_users, n], drawn items.
        fresh: bool[n_users, n], whether they are drawn for the user and not in the history.
        own: int64[n_users, n], a place among the user's positive events for each, in turn.
    """

    items: str
    fresh: str
    own: str


def drawn_examples(history: History, per_event: int, seed: int) -> Examples:
    """The items that a model draws for histories, always the same for a length."""
    g = history.graph
    drawn = np.random.default_rng(seed).integers(history.n_items, size=LONGEST * per_event)
    one = g.integers([1])
    length = g.op("Slice", history.shape, one, g.integers([2]))
    n = g.op("Mul", length, g.integers([per_event]))
    n_users = g.op("Slice", history.shape, g.integers([0]), one)
    shape = g.op("Concat", n_users, n, axis=0)
    items = g.op("Expand", g.op("Slice", g.integers(drawn), g.integers([0]), n), shape)
    n_events = g.sum(g.cast(history.positive, "int64"), 1)
    place = g.op("Range", g.integers(0), g.op("Squeeze", n), g.integers(1))
    inside = g.op("Less", place, g.op("Mul", n_events, g.integers(per_event)))
    has_item = history.row_of(history.as_floats(history.positive), "max")
    had = g.op("GatherElements", has_item, items, axis=1)
    fresh = g.op("And", inside, g.op("Equal", had, g.floats(0)))
    number = g.op("CumSum", g.cast(fresh, "int64"), g.integers(1), exclusive=1)
    own = g.op("Mod", number, g.op("Max", n_events, g.integers(1)))
    return Examples(items, fresh, own)


def _packed(history: History, values: str, empty: str) -> str:
    """[n_users, length + 1], values of the positive events in their order, and then others.

    Args:
        history: whose events.
        values: [n_users, length].
        empty: a constant of their type, which stands where there is no positive event.
    """
    g = history.graph
    counts = g.cast(history.positive, "int64")
    before = g.op("CumSum", counts, g.integers(1), exclusive=1)
    length = g.op("Slice", history.shape, g.integers([1]), g.integers([2]))
    place = g.op("Where", history.positive, before, length)
    n_users = g.op("Slice", history.shape, g.integers([0]), g.integers([1]))
    shape = g.op("Concat", n_users, g.op("Add", length, g.integers([1])), axis=0)
    return g.op("ScatterElements", g.op("Expand", empty, shape), place, values, axis=1)


def ranked(model: BPR | VBPR, history: History) -> str:
    """Scores of the vector that ranks a history above what is drawn."""
    g = history.graph
    per_event = model.negatives if isinstance(model, VBPR) else NEGATIVES
    drawn = drawn_examples(history, per_event, model.seed)
    first = _packed(history, history.items, g.integers(history.n_items))
    own = g.op("GatherElements", first, drawn.own, axis=1)
    first = _packed(history, history.relative_weights, g.floats(0))
    weights = g.op("GatherElements", first, drawn.own, axis=1)
    may_be_drawn = g.op("Gather", g.constant(model.drawn_), drawn.items)
    pairs = history.as_floats(g.op("And", drawn.fresh, may_be_drawn))
    padding = np.zeros((1, model.item_vectors_.shape[1]), np.float32)
    table = g.floats(np.concatenate([model.item_vectors_, padding]))
    bias = g.floats(np.append(model.item_bias_, 0))
    x, base = (
        g.op("Sub", g.op("Gather", part, own), g.op("Gather", part, drawn.items))
        for part in (table, bias)
    )
    x = g.op("Mul", x, g.op("Unsqueeze", pairs, g.integers([2])))
    truth = g.op("Add", g.op("Mul", pairs, g.floats(0)), g.floats(1))
    weights = g.op("Mul", weights, pairs)
    users = _logistic(g, x, base, truth, weights, _ridge(g, pairs, model.l2))
    return g.linear(users, model.item_vectors_, model.item_bias_)


def dot(model: DotProduct, history: History) -> str:
    """Scores of the vector and the bias that fit a history best."""
    loss, target = model.objective.loss, model.target
    if (
        not model.head.is_plain
        or loss == "mae"
        or not isinstance(target, Rating | Like | Interaction)
    ):
        raise ParameterError(
            f"{model!r} cannot be exported to ONNX: of dot, networks without dense layers that "
            "learn ratings, likes or interactions by mse or bce can."
        )
    g = history.graph
    weight, offset = model.head.output.tolist()
    bias = model.item_bias_ if model.biases else np.zeros(history.n_items, np.float32)
    columns = [model.item_vectors_ * np.float32(weight)]
    if model.biases:
        columns.append(np.ones((history.n_items, 1), np.float32))
    inputs: Float32 = np.column_stack(columns)
    table = np.concatenate([inputs, np.zeros((1, inputs.shape[1]), np.float32)])
    items, there = history.items, history.as_floats(history.positive)
    weights = history.relative_weights
    if isinstance(target, Interaction):
        drawn = drawn_examples(history, model.negatives, model.seed)
        fresh = history.as_floats(drawn.fresh)
        truth = g.op("Concat", there, g.op("Mul", fresh, g.floats(0)), axis=1)
        weights, there = (g.op("Concat", part, fresh, axis=1) for part in (weights, there))
        items = g.op("Concat", items, drawn.items, axis=1)
    elif isinstance(target, Like):
        is_like = g.op("GreaterOrEqual", history.ratings, g.floats(target.threshold))
        truth = history.as_floats(is_like)
    else:
        truth = g.op("Where", history.valid, history.ratings, g.floats(0))
    x = g.op("Gather", g.floats(table), items)
    x = g.op("Mul", x, g.op("Unsqueeze", there, g.integers([2])))
    base = g.op("Gather", g.floats(np.append(bias + np.float32(offset), 0)), items)
    ridge = _ridge(g, there, model.objective.l2)
    if loss == "bce":
        rows = _logistic(g, x, base, truth, weights, ridge)
    else:  # whose curvature is 2
        goals = g.op("Mul", weights, g.op("Sub", truth, base))
        rows = ridge_solutions(g, x, weights, goals, g.op("Div", ridge, g.floats(2)))
    return g.linear(rows, inputs, bias + np.float32(offset))


def _ridge(g: Graph, there: str, l2: float) -> str:
    """float32[n_users, 1], the penalty on all of a user's examples, of which 1 says they are."""
    n = g.op("Max", g.sum(there, 1), g.floats(1))
    return g.op("Mul", n, g.floats(2 * (l2 + MIN_L2)))


def _logistic(g: Graph, x: str, base: str, truth: str, weights: str, ridge: str) -> str:
    """float32[n_users, dim], the w of least log-loss of base + x . w, as `nn.dot.fold_in.newton`.

    Args:
        g: the graph.
        x: float32[n_users, n, dim], zeros where there is no example.
        base: float32[n_users, n].
        truth: float32[n_users, n], zeros and ones.
        weights: float32[n_users, n], 0 where there is no example.
        ridge: float32[n_users, 1], the penalty on the square of w.
    """
    last = g.integers([2])
    start = g.op("Mul", sums(g, x, weights, g.integers([1])), g.floats(0))
    body = Graph(g)
    rows = body.new("rows")

    def outputs(of: str) -> str:
        product = body.op("MatMul", x, body.op("Unsqueeze", of, last))
        return body.op("Squeeze", product, last)

    now = outputs(rows)
    chance = body.op("Sigmoid", body.op("Add", base, now))
    slope = body.op("Mul", weights, body.op("Sub", chance, truth))
    curvature = body.op("Mul", chance, body.op("Sub", body.floats(1), chance))
    curvature = body.op("Mul", weights, body.op("Max", curvature, body.floats(1e-6)))
    goals = body.op("Sub", body.op("Mul", curvature, now), slope)
    move = body.op("Sub", ridge_solutions(body, x, curvature, goals, ridge), rows)
    # Where a sigmoid is flat, a whole step would lead far beyond the minimum.
    farthest = body.op("ReduceMax", body.op("Abs", outputs(move)), body.integers([1]), keepdims=1)
    share = body.op("Div", body.floats(2), body.op("Max", farthest, body.floats(2)))
    after = body.op("Add", rows, body.op("Mul", move, share))
    goes_on = body.op("Greater", body.floats(1), body.floats(0))
    return g.loop(body, ROUNDS["bce"], {rows: start}, [after], goes_on)[0]
