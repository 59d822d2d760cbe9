"""Hold out each user's last basket."""

from __future__ import annotations

import numpy as np

from penchant.data.baskets import BASKET
from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.shares import ROW_TIES
from penchant.data.splits import TEST, VALIDATION, Split
from penchant.errors import DataError
from penchant.wording import counted


def split_next_basket(log: Dataset, *, validation: bool = True) -> Split:
    """Hold out each user's last basket, and the one before it for validation.

    A basket is what the log says is one, such as an order; without baskets a user's events of one
    instant are one, and without times, too, each event is. Lists may hold what a user has had
    before, as baskets do. Users with fewer than 3 baskets (2 without validation) stay in training
    whole.

    Raises:
        DataError: nobody has enough baskets.

    Example:
        >>> from penchant.testing import planted_orders
        >>> split = pn.split_next_basket(pn.read(planted_orders(n_customers=50)))
        >>> split.kind, split.repeats
        ('next-basket', 'allowed')
    """
    require_log(log)
    histories = log.histories
    numbers, fewest = histories.basket_numbers, 3 if validation else 2
    counts = np.zeros(len(histories), np.int64)
    np.maximum.at(counts, histories.rows, numbers + 1)
    if counts.max(initial=0) < fewest:
        raise DataError(
            f"No user of the log {log.name!r} has {fewest} baskets, so that none can be held out: "
            f"the most are {counted(int(counts.max(initial=0)), 'basket')}."
        )
    from_end = (counts[histories.rows] - 1 - numbers)[counts[histories.rows] >= fewest]
    positions = log.event_order[counts[histories.rows] >= fewest]
    sides = np.zeros(len(log), np.uint8)
    sides[positions[from_end == 0]] = TEST
    if validation:
        sides[positions[from_end == 1]] = VALIDATION
    second = ", the one before it for validation" if validation else ""
    return Split(
        log=log,
        sides=sides,
        kind="next-basket",
        sentence=f"Each user's last basket for test{second}; users with fewer than {fewest} "
        f"baskets only train. {_what_a_basket_is(log)}",
        ties="Baskets of one instant stand in the order of their rows."
        if log.has_times
        else ROW_TIES,
        repeat_rule="allowed",
    )


def _what_a_basket_is(log: Dataset) -> str:
    if log.has_sessions:
        return "Each session is a basket."
    if BASKET in log.events.columns:
        column = log.origin.columns.get(BASKET)
        return (
            f"A basket is what the column {column!r} holds together."
            if column
            else ("Baskets are those of the log.")
        )
    if log.has_times:
        return "A user's events of one instant are a basket."
    return "Each event is a basket of its own."
