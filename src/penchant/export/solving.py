"""Systems of linear equations and minima inside a graph, for which ONNX has no operator."""

from __future__ import annotations

from collections.abc import Callable

from penchant.export.graph import Graph

_MOST_STEPS = 200  # of conjugate gradients
_SMALL = 1e-14  # of squared lengths of residuals, in parts of the first, at which all are done


def ridge_solutions(g: Graph, vectors: str, weights: str, goals: str, ridge: str) -> str:
    """float32[n_users, dim], the x of (diag(ridge) + V' diag(w) V) x = V' y, by user.

    Args:
        g: the graph.
        vectors: float32[n_users, length, dim], V.
        weights: float32[n_users, length], w, 0 where padded.
        goals: float32[n_users, length], y, 0 where padded.
        ridge: float32, broadcast to [n_users, dim], above 0.
    """
    row = g.integers([1])
    right = g.op("MatMul", g.op("Unsqueeze", goals, row), vectors)
    ridge = g.op("Unsqueeze", g.op("Add", ridge, g.floats([[0]])), row)
    found = ridge_rows(g, vectors, weights, right, ridge)
    return g.op("Squeeze", found, row)


def ridge_rows(g: Graph, vectors: str, weights: str, right: str, ridge: str) -> str:
    """float32[n_users, n, dim], the x of (diag(ridge) + V' diag(w) V) x = b, for n of each user.

    Args:
        g: the graph.
        vectors: float32[n_users, length, dim], V.
        weights: float32[n_users, length], w, 0 where padded.
        right: float32[n_users, n, dim], b.
        ridge: float32, broadcast to [n_users, n, dim], above 0.
    """
    row = g.integers([1])
    each = g.op("Unsqueeze", weights, row)
    diagonal = g.op("Add", g.op("MatMul", each, g.op("Mul", vectors, vectors)), ridge)

    def product(body: Graph, x: str) -> str:
        inner = _turned(body, body.op("MatMul", vectors, _turned(body, x)))
        found = body.op("MatMul", body.op("Mul", inner, each), vectors)
        return body.op("Add", found, body.op("Mul", x, ridge))

    return conjugate_gradients(g, right, product, diagonal)


def conjugate_gradients(
    g: Graph, right: str, product: Callable[[Graph, str], str], diagonal: str
) -> str:
    """float32[n_users, n, dim], the x of A x = b, for n of each user.

    Steps are divided by the diagonal of A, and taken until the residuals of all are small; without
    rounding, as many are enough as a user has events.

    Args:
        g: the graph.
        right: float32[n_users, n, dim], b.
        product: adds A x to the body of a loop, of a symmetric and positive definite A.
        diagonal: float32, broadcast to [n_users, n, dim], that of A.
    """
    scaled = g.op("Div", right, diagonal)
    first = _dot(g, right, scaled)
    enough = g.op("Max", g.op("Mul", first, g.floats(_SMALL)), g.floats(1e-30))

    body = Graph(g)
    x, residual, direction, length = (body.new(n) for n in ("x", "residual", "direction", "length"))
    found = product(body, direction)
    tiny = body.floats(1e-30)
    step = body.op("Div", length, body.op("Max", _dot(body, direction, found), tiny))
    x_after = body.op("Add", x, body.op("Mul", step, direction))
    residual_after = body.op("Sub", residual, body.op("Mul", step, found))
    scaled_after = body.op("Div", residual_after, diagonal)
    length_after = _dot(body, residual_after, scaled_after)
    turn = body.op("Div", length_after, body.op("Max", length, tiny))
    direction_after = body.op("Add", scaled_after, body.op("Mul", turn, direction))
    open_rows = body.cast(body.op("Greater", length_after, enough), "int64")
    n_open = body.op("ReduceSum", open_rows, keepdims=0)
    return g.loop(
        body,
        _MOST_STEPS,
        {x: g.op("Mul", right, g.floats(0)), residual: right, direction: scaled, length: first},
        [x_after, residual_after, direction_after, length_after],
        body.op("Greater", n_open, body.integers(0)),
    )[0]


def adam(
    g: Graph,
    start: str,
    slopes: Callable[[Graph, str], str],
    *,
    steps: int,
    rate: float,
    least: float,
    kept: float = 0.99,
) -> str:
    """float32[n_users, dim], what steps of Adam come to, with a rate that falls to 0.

    Args:
        g: the graph.
        start: float32[n_users, dim].
        slopes: adds those of the loss at some rows to the body of a loop.
        steps: how many.
        rate: the first.
        least: added to the roots of second moments.
        kept: of the second moment in a step.
    """
    body = Graph(g)
    rows, first, second, step = (body.new(n) for n in ("rows", "first", "second", "step"))
    slope = slopes(body, rows)
    one = body.floats(1)

    def moved(old: str, new: str, share: float) -> str:
        change = body.op("Mul", body.floats(share), body.op("Sub", new, old))
        return body.op("Add", old, change)

    def without_bias(moment: str, share: float) -> str:
        gone = body.op("Pow", body.floats(share), step)
        return body.op("Div", moment, body.op("Sub", one, gone))

    first_after = moved(first, slope, 0.1)
    second_after = moved(second, body.op("Mul", slope, slope), 1 - kept)
    root = body.op("Sqrt", without_bias(second_after, kept))
    share = body.op("Div", body.op("Sub", step, one), body.floats(steps))
    change = body.op(
        "Div", without_bias(first_after, 0.9), body.op("Add", root, body.floats(least))
    )
    change = body.op("Mul", change, body.op("Mul", body.floats(rate), body.op("Sub", one, share)))
    step_after = body.op("Add", step, one)
    nothing = g.op("Mul", start, g.floats(0))
    found = g.loop(
        body,
        steps,
        {rows: start, first: nothing, second: nothing, step: g.floats(1)},
        [body.op("Sub", rows, change), first_after, second_after, step_after],
        body.op("Greater", step_after, body.floats(0)),
    )
    return found[0]


def sums(g: Graph, vectors: str, weights: str, axis: str) -> str:
    """float32[n_users, dim], sums over events of weights times vectors."""
    products = g.op("MatMul", g.op("Unsqueeze", weights, axis), vectors)
    return g.op("Squeeze", products, axis)


def _dot(g: Graph, a: str, b: str) -> str:
    """float32[n_users, n, 1]."""
    return g.sum(g.op("Mul", a, b), 2)


def _turned(g: Graph, x: str) -> str:
    """The last two axes exchanged."""
    return g.op("Transpose", x, perm=[0, 2, 1])
