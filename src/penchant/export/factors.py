"""Models whose scores are products of the vectors of users and items."""

from __future__ import annotations

import numpy as np

from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.linear import sparse_product
from penchant.export.solving import adam, ridge_solutions
from penchant.models.content.two_tower import TwoTower
from penchant.models.factorisation.nmf import NMF
from penchant.models.factorisation.non_negative import FOLD_IN_PASSES
from penchant.models.factorisation.sampled_softmax import SampledSoftmax
from penchant.models.graph.lightgcn import LightGCN
from penchant.models.graph.ultragcn import UltraGCN
from penchant.models.hybrid.ridge_factors import RidgeFactors
from penchant.models.ials.model import IALS
from penchant.models.sequence.fpmc import FPMC
from penchant.nn.graph.ultragcn import FITTING_RATE, FITTING_STEPS
from penchant.nn.sampled_softmax import FOLD_IN_RATE, FOLD_IN_STEPS
from penchant.typing import Float32

_SMALL = 1e-7  # a change of a non-negative row, in parts of its largest number, that is none


def sums_of_vectors(history: History, table: Float32, weights: str) -> str:
    """float32[n_users, dim], sums over events of their weight times the vector of their item."""
    g = history.graph
    axis = g.integers([1])
    weighted = g.op("MatMul", g.op("Unsqueeze", weights, axis), history.of_events(table))
    return g.op("Squeeze", weighted, axis)


def ials(model: IALS, history: History) -> str:
    """Scores of the least-squares vector of a history."""
    return _confident(history, model.item_factors_, model.l2_, model.nu, model.unobserved_)


def _confident(history: History, vectors: Float32, l2: float, nu: float, unobserved: float) -> str:
    """float32[n_users, n_items], of vectors that are 1 at events and 0 at all other pairs.

    Vectors of items are turned to the axes of their Gram matrix, which is diagonal there: what all
    users have in common is then part of the ridge, and the rest is of a user's own items.

    Args:
        history: of the users.
        vectors: float32[n_items, dim].
        l2: the ridge for each pair.
        nu: to which power the number of pairs counts.
        unobserved: weight of pairs without an event.
    """
    g = history.graph
    factors = vectors.astype(np.float64)
    values, axes = np.linalg.eigh(factors.T @ factors)
    turned = (factors @ axes).astype(np.float32)
    others = g.floats(unobserved * len(turned))
    own = g.op("Pow", g.op("Add", history.n_distinct, others), g.floats(nu))
    own = g.op("Mul", own, g.floats(l2))
    common = g.floats(unobserved * np.maximum(values, 0))
    weights = history.event_weights
    events = history.of_events(turned)
    users = ridge_solutions(g, events, weights, weights, g.op("Add", own, common))
    return g.op("MatMul", users, g.floats(turned.T))


def ridge_factors(model: RidgeFactors, history: History) -> str:
    """Scores of the least-squares vector of a history, or of its ratings."""
    if model.learns_interactions:
        return _confident(history, model.item_vectors_, model.l2_, 1.0, model.unobserved_)
    g = history.graph
    table = np.pad(model.item_vectors_, ((0, 0), (0, 1)), constant_values=model.bias_unit)
    base = model.item_bias_ + np.float32(model.mean_)
    rest = g.op("Sub", history.ratings, history.of_events(base))
    goals = g.op("Where", history.latest, rest, g.floats(0))
    there = history.as_floats(history.latest)
    rows = ridge_solutions(g, history.of_events(table), there, goals, g.floats(model.l2_))
    return g.linear(rows, table, base)


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

    def slopes(body: Graph, rows: str) -> str:
        logits = body.op("Add", body.op("MatMul", rows, transposed), bias)
        slope = body.op("MatMul", body.op("Softmax", logits, axis=-1), q)
        slope = body.op("Sub", slope, wanted)
        return body.op("Add", slope, body.op("Mul", rows, body.floats(model.l2)))

    nothing = g.op("Mul", wanted, g.floats(0))
    users = adam(g, nothing, slopes, steps=FOLD_IN_STEPS, rate=FOLD_IN_RATE, least=1e-6)
    return g.linear(users, model.item_vectors_, model.item_bias_)


def ultragcn(model: UltraGCN, history: History) -> str:
    """Scores of the vector of least loss for a history, by the same steps of Adam."""
    g, pairs = history.graph, model.pair_weights
    vectors, bias = model.item_vectors_, model.item_bias_
    warm = pairs.item_events > 0
    total = g.sum(history.row, 1)
    of_users = g.op("Sqrt", g.op("Add", total, g.floats(1)))
    of_users = g.op("Div", g.op("Mul", of_users, g.floats(pairs.constraint)), total)
    some = g.op("Greater", total, g.floats(0))
    of_users = g.op("Where", some, of_users, g.floats(0))
    pull = g.op("Add", g.op("Mul", of_users, g.floats(pairs.of_items)), g.floats(1))
    positive = g.op("Mul", history.row, pull)
    if pairs.item_constraint:
        like = sparse_product(history, history.event_weights, pairs.similar)
        like = g.op("Mul", like, g.floats(pairs.item_constraint))
        positive = g.op("Add", positive, like)
    share = g.op("Mul", total, g.floats(pairs.negative_weight / max(1, warm.sum())))
    others = g.op("Sub", g.floats(warm), g.op("Mul", history.has_item, g.floats(warm)))
    negative = g.op("Mul", g.op("Mul", share, pull), others)
    both = g.op("Add", positive, negative)
    q, transposed, b = g.floats(vectors), g.floats(vectors.T), g.floats(bias)
    scale = g.op("Max", total, g.floats(1e-9))

    def slopes(body: Graph, rows: str) -> str:
        scores = body.op("Add", body.op("MatMul", rows, transposed), b)
        each = body.op("Sub", body.op("Mul", both, body.op("Sigmoid", scores)), positive)
        slope = body.op("MatMul", each, q)
        slope = body.op("Add", slope, body.op("Mul", rows, body.floats(model.l2)))
        slope = body.op("Div", slope, scale)
        return body.op("Where", some, slope, body.floats(0))

    nothing = history.rows_of(vectors.shape[1])
    users = adam(g, nothing, slopes, steps=FITTING_STEPS, rate=FITTING_RATE, least=1e-9)
    return g.linear(users, vectors, bias)


def nmf(model: NMF, history: History) -> str:
    """Scores of the row of W that a history gets, by passes of coordinate descent."""
    g, factors = history.graph, model.item_factors_.astype(np.float64)
    dim = factors.shape[1]
    system = factors.T @ factors
    system[np.diag_indices(dim)] += model.ridge_
    goals = sums_of_vectors(history, model.item_factors_, history.event_weights)
    rows_of_system, diagonal = g.floats(system), g.floats(np.maximum(system.diagonal(), 1e-30))
    units = g.floats(np.eye(dim))

    body = Graph(g)
    rows, place, moved = (body.new(n) for n in ("rows", "place", "moved"))
    part = body.op("Mod", body.cast(place, "int64"), body.integers([dim]))
    not_last = body.op("Less", part, body.integers([dim - 1]))
    slope = body.sum(body.op("Mul", rows, body.op("Gather", rows_of_system, part)), 1)
    slope = body.op("Sub", slope, body.op("Gather", goals, part, axis=1))
    before = body.op("Gather", rows, part, axis=1)
    step = body.op("Div", slope, body.op("Gather", diagonal, part))
    after = body.op("Max", body.op("Sub", before, step), body.floats(0))
    change = body.op("Mul", body.op("Sub", after, before), body.op("Gather", units, part))
    rows_after = body.op("Add", rows, change)
    # Until the largest change in a pass is small beside the largest number.
    is_first = body.op("Equal", part, body.integers([0]))
    before_this = body.op("Where", is_first, body.floats([0]), moved)
    largest = body.op("ReduceMax", body.op("Abs", change), keepdims=0)
    moved_after = body.op("Max", before_this, largest)
    enough = body.op("Mul", body.op("ReduceMax", rows_after, keepdims=0), body.floats(_SMALL))
    goes_on = body.op("Or", body.op("Greater", moved_after, enough), not_last)
    found = g.loop(
        body,
        FOLD_IN_PASSES * dim,
        {rows: g.op("Mul", goals, g.floats(0)), place: g.floats([0]), moved: g.floats([0])},
        [rows_after, body.op("Add", place, body.floats([1])), moved_after],
        body.op("Squeeze", goes_on),
    )
    return g.op("MatMul", found[0], g.floats(model.item_factors_.T))


def fpmc(model: FPMC, history: History) -> str:
    """Scores of the mean vector of a history's last items; somebody new has none of their own."""
    g = history.graph
    place = history.after(history.as_floats(history.positive))
    counts = g.op("And", history.positive, g.op("Less", place, g.floats(model.window)))
    weights = g.op(
        "Mul", history.as_floats(counts), g.op("Pow", g.floats(model.event_decay), place)
    )
    weights = g.op("Div", weights, g.op("Max", g.sum(weights, 1), g.floats(1e-12)))
    last = sums_of_vectors(history, model.source_vectors_, weights)
    scores = g.linear(last, model.item_vectors_[:, model.dim :], model.item_bias_)
    below = g.op("Sub", lowest(history, scores), g.floats(1))
    return g.op("Where", g.constant(model.trained_items_), scores, below)
