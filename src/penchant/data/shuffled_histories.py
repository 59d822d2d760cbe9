"""Histories in another order, for asking whether a model uses the order at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.histories import Histories


def shuffled_histories(histories: Histories, rng: np.random.Generator) -> Histories:
    """The same users with the items of each history in a random order.

    Items move together with their ratings, weights and quantities. Times and the bounds of baskets
    and sessions stay where they are, so that only which item came when changes. Several events with
    one item stay in their order among themselves: the last one decides whether a user likes it.

    Args:
        histories: at least no user.
        rng: draws the orders.
    """
    rows, items = histories.rows, histories.items
    source = np.lexsort((rng.random(len(items)), rows))
    place = np.arange(len(items))
    moved = np.empty_like(source)
    # Of the places that an item has got, the first takes the item's first event, and so on.
    moved[np.lexsort((place, items[source], rows))] = np.lexsort((place, items, rows))
    return replace(
        histories,
        items=items[moved],
        ratings=None if histories.ratings is None else histories.ratings[moved],
        weights=None if histories.weights is None else histories.weights[moved],
        quantities=None if histories.quantities is None else histories.quantities[moved],
    )
