"""Users of the log who may be shown as examples."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

import numpy as np

from penchant.serving.service import Service

_AT_ONCE = 50  # people of whom it is asked whether they were deleted


def example_users(service: Service, quantiles: Sequence[float]) -> list[int]:
    """Users of the log of the model in place, by how many events they have.

    Args:
        service: whose model it is.
        quantiles: of the numbers of events of all users, between 0 and 1.

    Returns:
        Positions in the model's histories, distinct; of each quantile that of the next user who
        was not deleted.
    """
    served = service.served
    histories, ids = served.model.histories_, served.model.users_.ids
    known = np.flatnonzero((histories.users >= 0) & (histories.lengths > 0))
    order = known[np.argsort(histories.lengths[known], kind="stable")]
    chosen: dict[int, None] = {}
    for quantile in quantiles if len(order) else ():
        start = int(quantile * (len(order) - 1))
        ordered = chain(order[start:], order[:start][::-1])
        while some := list(islice(ordered, _AT_ONCE)):
            users = [str(ids[int(histories.users[position])]) for position in some]
            deleted = service.are_deleted(served, users)
            if not all(deleted):
                chosen[int(some[deleted.index(False)])] = None
                break
    return list(chosen)
