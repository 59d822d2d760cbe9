"""Recommendations by the content of what was liked."""

from __future__ import annotations

import numpy as np

from penchant.export.history import History
from penchant.models.content.profile import ContentProfile

_SHORT = 1e-3  # a profile whose parts cancel out, in single precision


def content_profile(model: ContentProfile, history: History) -> str:
    """Cosines with the mean of what was liked less that of what was not."""
    g, n = history.graph, history.n_items
    g.require_room(4 * n**2)
    content = model.content_.astype(np.float64)
    alike = g.floats((content @ content.T).toarray())
    weights = g.op("Mul", history.event_weights, history.as_floats(history.latest))
    if history.ratings and model.threshold_ is not None:
        likes = g.op("GreaterOrEqual", history.ratings, g.floats(model.threshold_))
        liked = g.op("Where", likes, weights, g.floats(0))
        others = g.op("Sub", weights, liked)
        dislikes = g.op("Mul", _shares(history, others), g.floats(model.dislikes))
        shares = g.op("Sub", _shares(history, liked), dislikes)
    else:
        shares = _shares(history, weights)
    row = history.row_of(shares)
    products = g.op("MatMul", row, alike)
    square = g.sum(g.op("Mul", row, products), 1)
    length = g.op("Sqrt", g.op("Max", square, g.floats(0)))
    found = g.op("Div", products, g.op("Max", length, g.floats(1e-30)))
    return g.op("Where", g.op("Greater", length, g.floats(_SHORT)), found, g.floats(0))


def _shares(history: History, weights: str) -> str:
    """float32[n_users, length], weights of events in parts of their sum."""
    g = history.graph
    return g.op("Div", weights, g.op("Max", g.sum(weights, 1), g.floats(1e-12)))
