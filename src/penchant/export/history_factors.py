"""Models of ratings whose vector of a user is made of what the history's items add up to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.export.factors import sums_of_vectors
from penchant.export.history import History
from penchant.export.solving import ridge_solutions
from penchant.models.factorisation.asymmetric import AsymmetricSVD
from penchant.models.factorisation.svdpp import SVDPlusPlus
from penchant.nn.dot.fold_in import MIN_L2


@dataclass(frozen=True)
class _Rated:
    """The ratings of histories, of each item the last one.

    Attributes:
        there: float32[n_users, length], 1 where an event counts.
        count: float32[n_users, 1], how many do.
        share: float32[n_users, length], one over the root of that where an event counts.
        standardised: float32[n_users, length], ratings less their mean, over their spread.
    """

    there: str
    count: str
    share: str
    standardised: str


def _rated(model: SVDPlusPlus | AsymmetricSVD, history: History) -> _Rated:
    g = history.graph
    there = history.as_floats(g.op("And", history.valid, history.is_latest))
    count = g.sum(there, 1)
    share = g.op("Div", there, g.op("Sqrt", g.op("Max", count, g.floats(1))))
    above = g.op("Sub", history.ratings, g.floats(model.mean_))
    return _Rated(there, count, share, g.op("Div", above, g.floats(model.spread_)))


def _as_ratings(model: SVDPlusPlus | AsymmetricSVD, history: History, users: str, bias: str) -> str:
    g = history.graph
    scores = g.op("Add", g.linear(users, model.item_vectors_, model.item_bias_), bias)
    return g.op("Add", g.op("Mul", scores, g.floats(model.spread_)), g.floats(model.mean_))


def asymmetric(model: AsymmetricSVD, history: History) -> str:
    """Ratings by the vectors of a history's items, and by those of its ratings."""
    g, rated = history.graph, _rated(model, history)
    base = history.of_events(model.base_bias_)
    valid = history.as_floats(history.valid)
    rest = g.op("Sub", rated.standardised, base)
    n = g.op("Add", g.sum(valid, 1), g.floats(model.l2_bias))
    bias = g.op("Div", g.sum(g.op("Mul", rest, valid), 1), g.op("Max", n, g.floats(1e-12)))
    users = sums_of_vectors(history, model.implicit_vectors_, rated.share)
    residuals = g.op("Mul", rated.share, g.op("Sub", rest, bias))
    explicit = sums_of_vectors(history, model.explicit_vectors_, residuals)
    return _as_ratings(model, history, g.op("Add", users, explicit), bias)


def svdpp(model: SVDPlusPlus, history: History) -> str:
    """Ratings by the vectors of a history's items and by a vector and a bias that fit it best."""
    g, rated = history.graph, _rated(model, history)
    implicit = sums_of_vectors(history, model.implicit_vectors_, rated.share)
    ones = np.ones((history.n_items, 1), np.float32)
    x = history.of_events(np.column_stack([model.item_vectors_, ones]))
    q, last = history.of_events(model.item_vectors_), g.integers([2])
    known = g.op("Squeeze", g.op("MatMul", q, g.op("Unsqueeze", implicit, last)), last)
    known = g.op("Add", known, history.of_events(model.item_bias_))
    goals = g.op("Mul", rated.there, g.op("Sub", rated.standardised, known))
    ridge = np.full(model.dim + 1, model.l2 + MIN_L2)
    ridge[-1] = MIN_L2
    alone = np.zeros(model.dim + 1)
    alone[-1] = model.l2_bias
    n = g.op("Max", rated.count, g.floats(1))
    ridges = g.op("Add", g.op("Mul", n, g.floats(ridge)), g.floats(alone))
    found = ridge_solutions(g, x, rated.there, goals, ridges)
    own, bias = g.columns(found, 0, model.dim), g.columns(found, model.dim, model.dim + 1)
    return _as_ratings(model, history, g.op("Add", implicit, own), bias)
