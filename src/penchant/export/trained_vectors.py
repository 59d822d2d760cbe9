"""Models whose vector for a new history is the minimum of a loss, by Newton's method."""

from __future__ import annotations

import numpy as np

from penchant.data.target import Interaction
from penchant.errors import ParameterError
from penchant.export.examples import Examples, drawn_examples, examples_of
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import ridge_solutions, sums
from penchant.models.content.vbpr import VBPR
from penchant.models.dot.model import DotProduct
from penchant.models.factorisation.hybrid import HybridFactors
from penchant.models.factorisation.machine import FactorisationMachine
from penchant.models.factorisation.pairwise import BPR, NEGATIVES
from penchant.nn.dot.fold_in import MIN_L2, ROUNDS
from penchant.typing import Float32


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
    loss = model.objective.loss
    if not model.head.is_plain or loss == "mae":
        raise ParameterError(
            f"{model!r} cannot be exported to ONNX: of dot, networks without dense layers that "
            "learn by mse or bce can."
        )
    weight, offset = model.head.output.tolist()
    bias = model.item_bias_ if model.biases else np.zeros(history.n_items, np.float32)
    columns = [model.item_vectors_ * np.float32(weight)]
    if model.biases:
        columns.append(np.ones((history.n_items, 1), np.float32))
    examples = examples_of(history, model.target, model.negatives, model.seed, weighted=True)
    ridge = _ridge(history.graph, examples.there, model.objective.l2)
    base = bias + np.float32(offset)
    return _fitted(history, examples, np.column_stack(columns), base, ridge, loss)


def feature_factors(model: FactorisationMachine | HybridFactors, history: History) -> str:
    """Scores of the vector and the bias that fit a history best, with items as sums of features."""
    g = history.graph
    if isinstance(model, HybridFactors):
        examples = examples_of(history, Interaction(), model.negatives, model.seed)
    else:
        examples = examples_of(history, model.target, 0, model.seed, weighted=False)
    # One ridge is for all of a row: vectors come scaled so that it is as strong on them.
    scale = np.float32((model.l2_bias / model.l2) ** 0.5)
    inputs = np.column_stack([model.item_vectors_ * scale, np.ones_like(model.item_bias_)])
    # The penalty is on a row as a whole.
    ridge = g.op("Mul", g.sum(examples.there, 1), g.floats(2 * MIN_L2))
    ridge = g.op("Add", ridge, g.floats(2 * model.l2_bias))
    base = model.item_bias_ + np.float32(model.offset_)
    return _fitted(history, examples, inputs, base, ridge, model.loss_name)


def _fitted(
    history: History, examples: Examples, inputs: Float32, base: Float32, ridge: str, loss: str
) -> str:
    """float32[n_users, n_items], base + inputs . w, with the w of least loss over the examples.

    Args:
        history: of the users.
        examples: of the users.
        inputs: float32[n_items, k].
        base: float32[n_items].
        ridge: float32[n_users, 1], the penalty on the square of w.
        loss: `mse` or `bce`.
    """
    g = history.graph
    table = np.concatenate([inputs, np.zeros((1, inputs.shape[1]), np.float32)])
    x = g.op("Gather", g.floats(table), examples.items)
    x = g.op("Mul", x, g.op("Unsqueeze", examples.there, g.integers([2])))
    start = g.op("Gather", g.floats(np.append(base, 0)), examples.items)
    if loss == "bce":
        rows = _logistic(g, x, start, examples.truth, examples.weights, ridge)
    else:  # whose curvature is 2
        goals = g.op("Mul", examples.weights, g.op("Sub", examples.truth, start))
        ridge = g.op("Div", ridge, g.floats(2))
        rows = ridge_solutions(g, x, examples.weights, goals, ridge)
    return g.linear(rows, inputs, base)


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
