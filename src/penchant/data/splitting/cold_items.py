"""Hold out items whole: what no model has seen anybody take."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.shares import check_shares, held_out_sizes, share_words
from penchant.data.splits import TEST, VALIDATION, Split
from penchant.errors import DataError, ParameterError
from penchant.wording import counted


def split_cold_items(
    log: Dataset,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    order: Literal["time", "random"] = "random",
    seed: int = 0,
) -> Split:
    """Hold out items whole: no model learns from any of their events.

    Only what is known of an item besides events, such as its texts, labels or picture, tells who
    would take it: models of events alone give all cold items one score, which `evaluate` says by
    name. Lists are judged among the cold items, and among all items beside that.

    Args:
        log: the log.
        validation: share of the items by which is stopped and chosen.
        test: share of the items that judge.
        order: whether items are drawn at random, or those are held out that were first seen last.
        seed: decides what is drawn, and between items first seen at the same time.

    Raises:
        ParameterError: the shares are impossible, or order="time" without times.
        DataError: there are too few events or items.

    Example:
        >>> split = pn.split_cold_items(planted_pairs(), validation=0.1, test=0.2)
        >>> split.kind
        'cold-items'
    """
    check_shares(log, validation, test)
    if order == "time" and not log.has_times:
        raise ParameterError(
            f"order='time' needs a time on every event, which the log {log.name!r} has not: use "
            "order='random'."
        )
    items = np.flatnonzero(log.item_counts)
    n_validation, n_test = held_out_sizes(len(items), validation, test)
    if n_validation + n_test >= len(items):
        raise DataError(
            f"The log {log.name!r} has {counted(len(items), 'item')}: too few to hold out "
            f"{n_validation + n_test} and train on others."
        )
    drawn = np.random.default_rng(seed).permutation(items)
    item_of_event = log.events["item"].to_numpy()
    if order == "time":
        first = np.full(log.n_items, np.iinfo(np.int64).max)
        np.minimum.at(first, item_of_event, log.events["time"].to_physical().to_numpy())
        drawn = drawn[np.argsort(-first[drawn], kind="stable")]
    side_of_item = np.zeros(log.n_items, np.uint8)
    side_of_item[drawn[:n_test]] = TEST
    side_of_item[drawn[n_test : n_test + n_validation]] = VALIDATION
    how = "first seen last" if order == "time" else "drawn at random"
    return Split(
        log=log,
        sides=side_of_item[item_of_event],
        kind="cold-items",
        sentence=f"Items held out whole, {share_words(validation, test)}, {how} (seed {seed}): "
        "nobody's events with them train, and lists are made of them.",
        ties="Times play no part."
        if order == "random"
        else "The seed decides between items first seen at the same time.",
        seed=seed,
    )
