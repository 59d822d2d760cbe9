"""Ordinal regression, whose row for a history follows from the chances of its levels."""

from __future__ import annotations

import numpy as np

from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import adam
from penchant.models.feature_based.ordinal import OrdinalRegression
from penchant.models.feature_based.ordinal_network import RATE, STEPS


def ordinal(model: OrdinalRegression, history: History) -> str:
    """The expected target of the row that suits a history best, by the same steps of Adam."""
    g, dim, n_levels = history.graph, model.dim, len(model.levels_)
    own_gaps = (n_levels - 2) * model.user_thresholds
    width = dim + 1 + own_gaps
    between = g.floats((model.levels_[1:] + model.levels_[:-1]) / 2)
    ratings = g.op("Unsqueeze", history.ratings, g.integers([2]))
    above = g.cast(g.op("Greater", ratings, between), "int64")
    level = g.op("ReduceSum", above, g.integers([2]), keepdims=0)
    there = g.op("Unsqueeze", history.as_floats(history.valid), g.integers([2]))
    events = _Events(model, history, level, there)
    penalty = g.floats([2 * model.l2] * dim + [2 * model.l2_bias] * (width - dim))

    def slopes(body: Graph, rows: str) -> str:
        return body.op("Add", events.slopes(body, rows), body.op("Mul", rows, penalty))

    rows = adam(g, history.rows_of(width), slopes, steps=STEPS, rate=RATE, least=1e-8, kept=0.999)
    bias = g.columns(rows, dim, dim + 1)
    output = g.op("Add", bias, g.floats(model.item_bias_))
    if dim:
        products = g.linear(g.columns(rows, 0, dim), model.item_vectors_)
        output = g.op("Add", output, products)
    at = events.thresholds(g, rows)
    values = model.target.of_ratings(model.levels_).astype(np.float64)
    found = g.op("Add", history.rows_of(history.n_items), g.floats(values[-1]))
    for place, step in enumerate(np.diff(values)):
        if step:
            below = g.op("Sigmoid", g.op("Sub", g.columns(at, place, place + 1), output))
            found = g.op("Sub", found, g.op("Mul", below, g.floats(step)))
    return found


class _Events:
    """The rated events of histories, and what their likelihood is by rows of users.

    Args:
        model: fitted.
        history: of the users.
        level: int64[n_users, length].
        there: float32[n_users, length, 1], 0 where padded.
    """

    def __init__(self, model: OrdinalRegression, history: History, level: str, there: str) -> None:
        g = history.graph
        self._dim, self._there = model.dim, there
        n = len(model.levels_) - 1  # thresholds
        self._own = bool(model.user_thresholds and n > 1)
        self._n_gaps = n - 1
        self._first = g.floats(model.thresholds_[:1])
        self._gaps = g.floats(model.thresholds_[None, 1:])
        # Which thresholds a gap lies below, and those at both ends of a level.
        self._sums = g.floats(np.triu(np.ones((n - 1, n)), 1))
        self._slope_sums = g.floats(np.triu(np.ones((n - 1, n)), 1).T)
        eye = np.eye(n)
        high, low = np.pad(eye, ((0, 1), (0, 0))), np.pad(eye, ((1, 0), (0, 0)))
        self._high, self._low = (g.op("Gather", g.floats(end), level) for end in (high, low))
        gap = np.pad(np.eye(n - 1), ((1, 1), (0, 0)))
        self._gap = g.op("Gather", g.floats(gap), level)
        inner = (high.sum(1) * low.sum(1))[:, None]
        self._inner = g.op("Gather", g.floats(inner), level)
        self._vectors = history.of_events(model.item_vectors_)
        self._bias = g.op("Unsqueeze", history.of_events(model.item_bias_), g.integers([2]))

    def gaps(self, g: Graph, rows: str) -> str:
        """float32[n_users or 1, n_levels - 2], between thresholds."""
        logs = self._gaps
        if self._own:
            own = g.columns(rows, self._dim + 1, self._dim + 1 + self._n_gaps)
            logs = g.op("Add", logs, own)
        return g.op("Exp", logs)

    def thresholds(self, g: Graph, rows: str) -> str:
        """float32[n_users or 1, n_levels - 1]."""
        if not self._n_gaps:
            return g.op("Unsqueeze", self._first, g.integers([0]))
        return g.op("Add", g.op("MatMul", self.gaps(g, rows), self._sums), self._first)

    def slopes(self, g: Graph, rows: str) -> str:
        """float32[n_users, width], those of minus the log likelihood."""
        last, row = g.integers([2]), g.integers([1])
        bias = g.op("Unsqueeze", g.columns(rows, self._dim, self._dim + 1), last)
        output = g.op("Add", self._bias, bias)
        if self._dim:
            p = g.op("Unsqueeze", g.columns(rows, 0, self._dim), last)
            output = g.op("Add", output, g.op("MatMul", self._vectors, p))
        at = g.op("Unsqueeze", self.thresholds(g, rows), row)
        above = g.op("Sub", at, output)
        ends = (g.sum(g.op("Mul", above, end), 2) for end in (self._high, self._low))
        high, low = ends
        of_high = g.op("Neg", g.op("Sigmoid", g.op("Neg", high)))
        of_low = g.op("Sigmoid", low)
        if self._n_gaps:
            gaps = g.op("Unsqueeze", self.gaps(g, rows), row)
            gap = g.sum(g.op("Mul", gaps, self._gap), 2)
            # 1 / (exp(gap) - 1), which loses nothing where the gap is small.
            half = g.op("Tanh", g.op("Mul", g.op("Max", gap, g.floats(1e-6)), g.floats(0.5)))
            pull = g.op("Sub", g.op("Div", g.floats(0.5), half), g.floats(0.5))
            pull = g.op("Mul", pull, self._inner)
            of_high, of_low = g.op("Sub", of_high, pull), g.op("Add", of_low, pull)
        each = g.op("Add", g.op("Mul", self._high, of_high), g.op("Mul", self._low, of_low))
        each = g.op("Mul", each, self._there)
        of_output = g.op("Neg", g.sum(each, 2))
        found = [g.op("ReduceSum", of_output, row, keepdims=0)]
        if self._dim:
            products = g.op("Mul", of_output, self._vectors)
            found.insert(0, g.op("ReduceSum", products, row, keepdims=0))
        if self._own:
            of_thresholds = g.op("ReduceSum", each, row, keepdims=0)
            of_gaps = g.op("MatMul", of_thresholds, self._slope_sums)
            found.append(g.op("Mul", of_gaps, self.gaps(g, rows)))
        return g.op("Concat", *found, axis=1) if len(found) > 1 else found[0]
