"""The features of a log's users, items and times."""

from __future__ import annotations

import numpy as np

from penchant.data.dataset import Dataset
from penchant.models.bayesian.features import Block, Owners, attributes, one_of, side
from penchant.typing import Int32


def owners_of(train: Dataset, *, bins: int, tables: bool) -> tuple[Owners, Owners]:
    """Users and items, with what their tables say of them.

    Args:
        train: the log.
        bins: into how many intervals numbers of the tables are divided.
        tables: whether tables count.
    """
    sides = (
        (train.users, train.user_table, train.user_counts),
        (train.items, train.item_table, train.item_counts),
    )
    of_users, of_items = (
        Owners.of(counts, attributes(table if tables else None, ids.noun, len(ids), bins))
        for ids, table, counts in sides
    )
    return of_users, of_items


def blocks_of(
    train: Dataset,
    owners: tuple[Owners, Owners],
    times: Int32,
    n_times: int,
    *,
    met: tuple[bool, bool],
) -> tuple[list[Block], Int32]:
    """A block for users, one for items, and one for times if any, and each event's rows of them.

    Args:
        train: the log.
        owners: users and items.
        times: int32[n_events], intervals.
        n_times: the number of intervals; 1 leaves them out.
        met: whether whom they met are features of users, and of items.

    Returns:
        The blocks, and int32[n_blocks, n_events].
    """
    users, items = owners
    seen = train.histories.matrix("seen")[users.with_events][:, items.with_events]
    blocks = [side(seen, users, met=met[0]), side(seen.T.tocsr(), items, met=met[1])]
    rows = [
        np.searchsorted(each.with_events, train.events[noun].to_numpy()).astype(np.int32)
        for each, noun in ((users, "user"), (items, "item"))
    ]
    if n_times > 1:
        blocks.append(Block.of([one_of(np.arange(n_times), n_times)]))
        rows.append(times)
    return blocks, np.stack(rows)
