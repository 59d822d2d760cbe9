"""Lists of another program, judged beside popularity and chance for the same users."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.auditing.external_predictions import against_trivial
from penchant.auditing.material import Listed, Material
from penchant.data.holdout import Holdout
from penchant.metrics import NDCG, Ranked, mean_replicates
from penchant.topk import top_k
from penchant.typing import AnyInt, Bool, Float64, Int32

_REPLICATES = 1000
_K = 10
_TRIVIAL = ("popular", "random")


def judged_lists(material: Material) -> Material:
    """The material with contenders for its foreign lists, by nDCG at 10 or at their length.

    Users count whom every file has a list for; all their test events are relevant. Where models
    ranked given candidates only, lists of other items cannot stand beside theirs.
    """
    foreign = {
        n: listed for n, listed in material.lists.items() if listed.foreign and len(listed.users)
    }
    split = material.split
    if split is None or not foreign or split.candidates is not None or material.offered is not None:
        return material
    test = split.test
    lists = {name: _by_user(test.histories.users, listed) for name, listed in foreign.items()}
    kept = np.all([(own >= 0).any(axis=1) for own in lists.values()], axis=0)
    if kept.sum() < 2:
        return material
    metric = NDCG(k=min(_K, *(own.shape[1] for own in lists.values())))
    answers = _trivial(material, test, metric.k) | lists
    values = {name: _values(metric, own, test, kept) for name, own in answers.items()}
    resampled = mean_replicates(np.stack([*values.values()], 1), _REPLICATES, material.seed)
    found = against_trivial(
        "ranking",
        metric,
        {name: float(v.mean()) for name, v in values.items()},
        dict(zip(values, resampled.T, strict=True)),
        _TRIVIAL,
        int(kept.sum()),
    )
    return replace(material, contenders=(*material.contenders, *found))


def _by_user(users: AnyInt, listed: Listed) -> Int32:
    """int32[n_users, k], the list of each user, all -1 for those who have none."""
    order = np.argsort(listed.users, kind="stable")
    place = np.searchsorted(listed.users[order], users).clip(0, len(order) - 1)
    there = listed.users[order][place] == users
    return np.where(there[:, None], listed.items[order[place]], -1).astype(np.int32)


def _values(metric: NDCG, lists: Int32, test: Holdout, kept: Bool) -> Float64:
    """float64[n_kept], the metric of each user's list."""
    ranked = Ranked.of(lists[:, : metric.k], test.offsets, test.items)
    return np.asarray(metric(ranked), float)[kept]


def _trivial(material: Material, test: Holdout, k: int) -> dict[str, Int32]:
    """int32[n_users, k], what popularity and chance show of items that a user has not had."""
    from penchant.models import find

    assert material.split is not None
    models = {name: find(name)().fit(material.split.train) for name in _TRIVIAL}
    return {name: top_k(m.scores, test.histories, k)[0] for name, m in models.items()}
