"""Trivial recommenders, and what others take from them."""

from __future__ import annotations

import numpy as np

from penchant.export.history import History
from penchant.models.baselines import Bias, ItemMean, Popular
from penchant.typing import Float32


def same_for_all(model: Popular | ItemMean, history: History) -> str:
    """The scores that everybody gets."""
    found = model.popularity_ if isinstance(model, Popular) else model.item_means_
    return for_all_items(history, history.rows_of(1), found)


def bias(model: Bias, history: History) -> str:
    """The mean with the deviations of items and of the history."""
    g = history.graph
    above = g.op("Sub", history.ratings, g.floats(model.mean_))
    above = g.op("Sub", above, history.of_events(model.item_bias_))
    user = shrunken_mean(history, above, model.l2_user)
    return for_all_items(history, user, model.item_bias_ + np.float32(model.mean_))


def shrunken_mean(history: History, values: str, damping: float) -> str:
    """float32[n_users, 1], the mean of values of events, with so many zeros among them.

    Args:
        history: whose events.
        values: float32[n_users, length].
        damping: number of zeros; where there is no event the mean is 0.
    """
    g = history.graph
    total = g.sum(g.op("Where", history.valid, values, g.floats(0)), 1)
    count = g.op("Add", g.sum(history.as_floats(history.valid), 1), g.floats(damping))
    return g.op("Div", total, g.op("Max", count, g.floats(1e-12)))


def for_all_items(history: History, user: str, items: Float32) -> str:
    """float32[n_users, n_items], from float32[n_users, 1] and float32[n_items]."""
    return history.graph.op("Add", user, history.graph.floats(items))
