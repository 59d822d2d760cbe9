"""Models whose scores are products of the vectors of users and items."""

from __future__ import annotations

import numpy as np

from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import ridge_solutions
from penchant.models.content.two_tower import TwoTower
from penchant.models.factorisation.sampled_softmax import SampledSoftmax
from penchant.models.graph.lightgcn import LightGCN
from penchant.models.ials.model import IALS
from penchant.nn.sampled_softmax import FOLD_IN_RATE, FOLD_IN_STEPS
from penchant.typing import Float32


def sums_of_vectors(history: History, table: Float32, weights: str) -> str:
    """float32[n_users, dim], sums over events of their weight times the vector of their item."""
    g = history.graph
    axis = g.integers([1])
    weighted = g.op("MatMul", g.op("Unsqueeze", weights, axis), history.of_events(table))
    return g.op("Squeeze", weighted, axis)


def ials(model: IALS, history: History) -> str:
    """Scores of the least-squares vector of a history.

    Vectors of items are turned to the axes of their Gram matrix, which is diagonal there: what all
    users have in common is then part of the ridge, and the rest is of a user's own items.
    """
    g = history.graph
    factors = model.item_factors_.astype(np.float64)
    values, axes = np.linalg.eigh(factors.T @ factors)
    turned = (factors @ axes).astype(np.float32)
    others = g.floats(model.unobserved_ * len(turned))
    own = g.op("Pow", g.op("Add", history.n_distinct, others), g.floats(model.nu))
    own = g.op("Mul", own, g.floats(model.l2_))
    common = g.floats(model.unobserved_ * np.maximum(values, 0))
    weights = history.event_weights
    vectors = history.of_events(turned)
    users = ridge_solutions(g, vectors, weights, weights, g.op("Add", own, common))
    return g.op("MatMul", users, g.floats(turned.T))


def lightgcn(model: LightGCN, history: History) -> str:
    """Scores of the messages of a history's items."""
    g = history.graph
    total = g.sum(history.event_weights, 1)
    users = sums_of_vectors(history, model.messages_, history.event_weights)
    users = g.op("Div", users, g.op("Max", g.op("Sqrt", total), g.floats(1e-12)))
    scores = g.op("MatMul", users, g.floats(model.item_vectors_.T))
    without_events = ~model.item_vectors_.any(axis=1)
    if without_events.any():
        last = g.op("Sub", lowest(history, scores), g.floats(1))
        scores = g.op("Where", g.constant(without_events), last, scores)
    return scores


def lowest(history: History, scores: str) -> str:
    """float32[n_users, 1], the lowest score of each user, or 0 where that is lower."""
    g = history.graph
    return g.op("Min", g.op("ReduceMin", scores, g.integers([1]), keepdims=1), g.floats(0))


def two_tower(model: TwoTower, history: History) -> str:
    """Scores of the user's tower, which reads a mean of vectors of items."""
    g = history.graph
    squares = g.sum(g.op("Mul", history.row, history.row), 1)
    mean = sums_of_vectors(history, model.item_vectors_, history.event_weights)
    mean = g.op("Div", mean, g.op("Max", g.op("Sqrt", squares), g.floats(1e-12)))
    state = model.fitted_state()
    hidden = g.linear(mean, state["user_hidden_weight_"], state["user_hidden_bias_"])
    further = g.linear(
        g.op("Relu", hidden), state["user_output_weight_"], state["user_output_bias_"]
    )
    users = g.op("Add", mean, further)
    return g.linear(users, model.item_vectors_, model.item_bias_)


def sampled_softmax(model: SampledSoftmax, history: History) -> str:
    """Scores of the vector that makes a history most likely, by the same steps of Adam."""
    g = history.graph
    drawn, log_expected = model.fold_in_candidates.draw()
    others = model.item_vectors_[drawn.numpy()]
    offset = model.item_bias_[drawn.numpy()] - log_expected.numpy()
    q, transposed, bias = g.floats(others), g.floats(others.T), g.floats(offset)
    total = g.op("Max", g.sum(history.row, 1), g.floats(1e-12))
    wanted = sums_of_vectors(history, model.item_vectors_, history.event_weights)
    wanted = g.op("Div", wanted, total)

    body = Graph(g)
    rows, first, second, step = (body.new(n) for n in ("rows", "first", "second", "step"))

    def numbers(*values: float) -> list[str]:
        return [body.floats(value) for value in values]

    one, early, late, faded, slow, least = numbers(1, 0.9, 0.99, 0.1, 0.01, 1e-6)
    logits = body.op("Add", body.op("MatMul", rows, transposed), bias)
    slope = body.op("MatMul", body.op("Softmax", logits, axis=-1), q)
    slope = body.op("Sub", slope, wanted)
    slope = body.op("Add", slope, body.op("Mul", rows, body.floats(model.l2)))

    def moved(old: str, new: str, share: str) -> str:
        return body.op("Add", old, body.op("Mul", share, body.op("Sub", new, old)))

    first_after = moved(first, slope, faded)
    second_after = moved(second, body.op("Mul", slope, slope), slow)
    unbiased = body.op("Div", second_after, body.op("Sub", one, body.op("Pow", late, step)))
    scale = body.op("Add", body.op("Sqrt", unbiased), least)
    share = body.op("Div", body.op("Sub", step, one), body.floats(FOLD_IN_STEPS))
    rate = body.op("Mul", body.floats(FOLD_IN_RATE), body.op("Sub", one, share))
    rate = body.op("Div", rate, body.op("Sub", one, body.op("Pow", early, step)))
    change = body.op("Mul", rate, body.op("Div", first_after, scale))
    rows_after, step_after = body.op("Sub", rows, change), body.op("Add", step, one)
    nothing = g.op("Mul", wanted, g.floats(0))
    found = g.loop(
        body,
        FOLD_IN_STEPS,
        {rows: nothing, first: nothing, second: nothing, step: g.floats(1)},
        [rows_after, first_after, second_after, step_after],
        body.op("Greater", step_after, body.floats(0)),
    )
    return g.linear(found[0], model.item_vectors_, model.item_bias_)
