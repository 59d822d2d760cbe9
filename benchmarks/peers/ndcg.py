"""Judge vectors by held-out events, alike for all; nothing but NumPy is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def ndcg(users: np.ndarray, items: np.ndarray, held: Mapping[str, Any], k: int = 10) -> float:
    """Mean nDCG@k over users with held-out events, of what training did not show.

    Args:
        users: float32[n_users, dim].
        items: float32[n_items, dim].
        held: arrays `user` and `item` of training events, `val_user` and `val_item` of others.
        k: length of the lists.
    """
    gains = 1 / np.log2(np.arange(2, k + 2))
    order = np.argsort(held["user"], kind="stable")
    starts = np.searchsorted(held["user"][order], np.arange(len(users) + 1))
    seen = held["item"][order]
    relevant: dict[int, set[int]] = {}
    for user, item in zip(held["val_user"].tolist(), held["val_item"].tolist(), strict=True):
        relevant.setdefault(user, set()).add(item)
    total = 0.0
    for user, wanted in relevant.items():
        scores = items @ users[user]
        scores[seen[starts[user] : starts[user + 1]]] = -np.inf
        best = np.argpartition(-scores, k)[:k]
        best = best[np.argsort(-scores[best], kind="stable")]
        hits = np.array([item in wanted for item in best.tolist()])
        total += (gains * hits).sum() / gains[: len(wanted)].sum()
    return total / max(1, len(relevant))
