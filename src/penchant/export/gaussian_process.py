"""A Gaussian over all items, of which a history tells some ratings."""

from __future__ import annotations

from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import conjugate_gradients
from penchant.models.gaussian_process.model import GaussianProcess


def gaussian_process(model: GaussianProcess, history: History) -> str:
    """The mean of all ratings given those of a history."""
    g, n = history.graph, len(model.mean_)
    covariance, noise = g.floats(model.covariance_), g.floats(model.noise_)
    there = history.as_floats(history.latest)
    last, row = g.integers([2]), g.integers([1])
    ratings = g.op("Div", history.ratings, g.floats(model.spread_))
    rest = g.op("Sub", ratings, g.op("Gather", g.floats(model.mean_), history.items))
    goals = g.op("Where", history.latest, rest, g.floats(0))

    # The covariance of each two events, taken from the whole by one number for a pair of items.
    pairs = g.op("Mul", g.op("Unsqueeze", history.items, last), g.integers(n))
    pairs = g.op("Add", pairs, g.op("Unsqueeze", history.items, row))
    between = g.op("Gather", g.op("Reshape", covariance, g.integers([-1])), pairs)
    both = g.op("Mul", g.op("Unsqueeze", there, last), g.op("Unsqueeze", there, row))
    between = g.op("Mul", between, both)
    own = g.op("Gather", g.floats(model.covariance_.diagonal().copy()), history.items)
    diagonal = g.op("Unsqueeze", g.op("Add", g.op("Mul", own, there), noise), row)

    def product(body: Graph, x: str) -> str:
        return body.op("Add", body.op("MatMul", x, between), body.op("Mul", x, noise))

    pull = conjugate_gradients(g, g.op("Unsqueeze", goals, row), product, diagonal)
    pull = history.row_of(g.op("Squeeze", pull, row))
    found = g.op("MatMul", g.op("Concat", pull, history.rows_of(1), axis=1), covariance)
    found = g.op("Mul", g.op("Add", found, g.floats(model.mean_)), g.floats(model.spread_))
    return g.columns(found, 0, history.n_items)
