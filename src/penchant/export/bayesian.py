"""A factorisation machine under several draws of its parameters."""

from __future__ import annotations

import numpy as np

from penchant.errors import ParameterError
from penchant.export.examples import of_ratings
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import ridge_solutions
from penchant.models.bayesian.factorisation_machine import BayesianFM


def bayesian_fm(model: BayesianFM, history: History) -> str:
    """The mean over draws of scores, each of the row that the history's ratings lead to."""
    if model.likelihood != "gaussian":
        raise ParameterError(
            f"{model!r} cannot be exported to ONNX: of bayesian-fm, models with "
            "likelihood=gaussian can."
        )
    g = history.graph
    targets = of_ratings(g, model.target, history.ratings)
    targets = g.op("Div", g.op("Sub", targets, g.floats(model.center_)), g.floats(model.spread_))
    body = Graph(g)
    draw, total = body.new("draw"), body.new("total")
    scores = _Draw(model, history, body, body.cast(draw, "int64")).scores(targets)
    draw_after = body.op("Add", draw, body.floats(1))
    found = g.loop(
        body,
        len(model.offsets_),
        {draw: g.floats(0), total: history.rows_of(history.n_items)},
        [draw_after, body.op("Add", total, scores)],
        body.op("Greater", draw_after, body.floats(0)),
    )[1]
    found = g.op("Mul", found, g.floats(model.spread_ / len(model.offsets_)))
    return g.op("Add", found, g.floats(model.center_))


class _Draw:
    """The parameters of one draw, inside a loop over draws.

    Args:
        model: fitted.
        history: of the users.
        body: of the loop.
        draw: int64, which one.
    """

    def __init__(self, model: BayesianFM, history: History, body: Graph, draw: str) -> None:
        self._model, self._history, self._body, self._draw = model, history, body, draw
        # Where times are not known, the last row of times stands for them.
        self._now = self._of(model.time_vectors_[:, -1])
        self._vectors = self._of(model.item_vectors_)
        of_times = np.einsum(
            "dik,dk->di",
            model.item_vectors_.astype(np.float32),
            model.time_vectors_[:, -1].astype(np.float32),
        )
        biases = model.item_biases_ + of_times
        biases += (model.offsets_ + model.time_biases_[:, -1])[:, None]
        self._biases = self._of(biases)

    def _of(self, table: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> str:
        """The rows of a table that belong to the draw, in single precision."""
        some = self._body.op("Gather", self._body.constant(table), self._draw)
        return self._body.cast(some, "float")

    def _gathered(self, rows: str) -> str:
        return self._body.op("Gather", rows, self._history.items)

    def _dot(self, rows: str, vectors: str) -> str:
        """float32[n_users, n], products of float32[n_users, dim] and [n_users, n, dim]."""
        g, last = self._body, self._body.integers([2])
        return g.op("Squeeze", g.op("MatMul", vectors, g.op("Unsqueeze", rows, last)), last)

    def _met(self, base: str) -> tuple[str, str]:
        """What the items that users have met add to their vectors and to their biases."""
        g, model, history = self._body, self._model, self._history
        there = history.as_floats(history.valid)
        count = g.op("Max", g.sum(there, 1), g.floats(1))
        share = g.op("Div", there, g.op("Sqrt", count))
        padded = ((0, 0), (0, 1), (0, 0))
        each = self._gathered(self._of(np.pad(model.met_vectors_, padded)))
        each = g.op("Mul", each, g.op("Unsqueeze", share, g.integers([2])))
        met = g.op("ReduceSum", each, g.integers([1]), keepdims=0)
        squares = g.op("ReduceSum", g.op("Mul", each, each), g.integers([1]), keepdims=0)
        pairs = g.op("Sub", g.op("Mul", met, met), squares)
        pairs = g.op("Mul", g.sum(pairs, 1), g.floats(0.5))
        weights = self._gathered(self._of(np.pad(model.met_weights_, padded[:2])))
        bias = g.op("Add", g.sum(g.op("Mul", weights, share), 1), pairs)
        return met, g.op("Add", bias, g.sum(g.op("Mul", met, base), 1))

    def scores(self, targets: str) -> str:
        """float32[n_users, n_items], given float32[n_users, length] standardised targets."""
        g, model, history = self._body, self._model, self._history
        there = history.as_floats(history.valid)
        base = g.op("Add", history.rows_of(model.dim), self._of(model.user_vectors_[:, -1]))
        bias = g.op("Add", history.rows_of(1), self._of(model.user_biases_[:, -1]))
        if model.implicit:
            met, of_met = self._met(base)
            base, bias = g.op("Add", base, met), g.op("Add", bias, of_met)
        # Of the vector, what is beside the user's own feature.
        rest = g.op("Sub", base, self._of(model.prior_mean_))
        items = g.op("Add", self._gathered(self._vectors), self._now)
        without = g.op("Add", self._dot(base, items), self._gathered(self._biases))
        without = g.op("Add", without, bias)
        x = g.op("Add", items, g.op("Unsqueeze", rest, g.integers([1])))
        ones = g.op("Unsqueeze", there, g.integers([2]))
        x = g.op("Concat", g.op("Mul", x, ones), ones, axis=2)
        noise = self._of(model.noise_precision_)
        away = g.op("Where", history.valid, g.op("Sub", targets, without), g.floats(0))
        own = ridge_solutions(
            g,
            x,
            g.op("Mul", there, noise),
            g.op("Mul", away, noise),
            self._of(model.prior_precision_),
        )
        vector, weight = (
            g.columns(own, *ends) for ends in ((0, model.dim), (model.dim, model.dim + 1))
        )
        bias = g.op("Add", bias, weight)
        bias = g.op("Add", bias, g.sum(g.op("Mul", vector, rest), 1))
        user = g.op("Add", base, vector)
        bias = g.op("Add", bias, g.sum(g.op("Mul", user, self._now), 1))
        found = g.op("MatMul", user, g.op("Transpose", self._vectors, perm=[1, 0]))
        found = g.op("Add", g.op("Add", found, self._biases), bias)
        return g.columns(found, 0, history.n_items)
