"""Ridge regressions inside a graph, for which ONNX has no operator."""

from __future__ import annotations

from penchant.export.graph import Graph

_MOST_STEPS = 200  # of conjugate gradients
_SMALL = 1e-14  # of squared lengths of residuals, in parts of the first, at which all are done


def ridge_solutions(g: Graph, vectors: str, weights: str, goals: str, ridge: str) -> str:
    """float32[n_users, dim], the x of (diag(ridge) + V' diag(w) V) x = V' y, by user.

    By conjugate gradients, each step divided by the ridge and the diagonal of V' diag(w) V. Steps
    are taken until the residuals of all users are small; without rounding, as many are enough as a
    user has events.

    Args:
        g: the graph.
        vectors: float32[n_users, length, dim], V.
        weights: float32[n_users, length], w, 0 where padded.
        goals: float32[n_users, length], y, 0 where padded.
        ridge: float32, broadcast to [n_users, dim], above 0.
    """
    last = g.integers([2])
    row = g.integers([1])
    squares = g.op("Mul", vectors, vectors)
    diagonal = g.op("Add", sums(g, squares, weights, row), ridge)
    start = sums(g, vectors, goals, row)
    scaled = g.op("Div", start, diagonal)
    first = _dot(g, start, scaled)
    enough = g.op("Max", g.op("Mul", first, g.floats(_SMALL)), g.floats(1e-30))

    body = Graph(g)
    x, residual, direction, length = (body.new(n) for n in ("x", "residual", "direction", "length"))
    inner = body.op("MatMul", vectors, body.op("Unsqueeze", direction, last))
    inner = body.op("Mul", body.op("Squeeze", inner, last), weights)
    product = body.op("Add", sums(body, vectors, inner, row), body.op("Mul", direction, ridge))
    tiny = body.floats(1e-30)
    step = body.op("Div", length, body.op("Max", _dot(body, direction, product), tiny))
    x_after = body.op("Add", x, body.op("Mul", step, direction))
    residual_after = body.op("Sub", residual, body.op("Mul", step, product))
    scaled_after = body.op("Div", residual_after, diagonal)
    length_after = _dot(body, residual_after, scaled_after)
    turn = body.op("Div", length_after, body.op("Max", length, tiny))
    direction_after = body.op("Add", scaled_after, body.op("Mul", turn, direction))
    open_rows = body.cast(body.op("Greater", length_after, enough), "int64")
    n_open = body.op("ReduceSum", open_rows, keepdims=0)
    found = g.loop(
        body,
        _MOST_STEPS,
        {x: g.op("Mul", start, g.floats(0)), residual: start, direction: scaled, length: first},
        [x_after, residual_after, direction_after, length_after],
        body.op("Greater", n_open, body.integers(0)),
    )
    return found[0]


def sums(g: Graph, vectors: str, weights: str, axis: str) -> str:
    """float32[n_users, dim], sums over events of weights times vectors."""
    products = g.op("MatMul", g.op("Unsqueeze", weights, axis), vectors)
    return g.op("Squeeze", products, axis)


def _dot(g: Graph, a: str, b: str) -> str:
    """float32[n_users, 1]."""
    return g.sum(g.op("Mul", a, b), 1)
