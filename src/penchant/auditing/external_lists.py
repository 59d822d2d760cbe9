"""Compare lists of another program with popularity and chance for the same users."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.auditing.material import Lists, Material
from penchant.data.holdout import Holdout
from penchant.metrics import NDCG, Ranked, mean_replicates
from penchant.results.tables import Entry, Table
from penchant.results.verdicts import Measurement, with_verdicts
from penchant.typing import AnyInt, Int32

_REPLICATES = 1000
_LEVEL = 0.95
_K = 10
_TRIVIAL = ("popular", "random")


def with_list_table(material: Material) -> Material:
    """The material with a table of its external lists, by nDCG at 10 or at their length.

    All test users count, and a user without a list is one whose list hits nothing; all their test
    events are relevant. Where models ranked given candidates only, lists of other items cannot
    stand beside theirs.
    """
    external = {n: own for n, own in material.lists.items() if own.external and len(own.users)}
    split = material.split
    if (
        split is None
        or not external
        or split.candidates is not None
        or material.candidates is not None
    ):
        return material
    test = split.test
    by_user = {name: _by_user(test.histories.users, own) for name, own in external.items()}
    listed = np.any([(items >= 0).any(axis=1) for items in by_user.values()], axis=0)
    if listed.sum() < 2:
        return material
    metric = NDCG(k=min(_K, *(items.shape[1] for items in by_user.values())))
    by_user = _trivial_lists(material, test, metric.k) | by_user
    values = np.stack(
        [
            np.asarray(metric(Ranked.of(items[:, : metric.k], test.offsets, test.items)), float)
            for items in by_user.values()
        ],
        axis=1,
    )
    groups = test.prefix_groups
    resampled = mean_replicates(values, _REPLICATES, material.seed, groups=groups)
    measurements = {
        name: {metric.name: Measurement(float(values[:, n].mean()), resampled[:, n])}
        for n, name in enumerate(by_user)
    }
    table = Table(
        task="ranking",
        metrics=(metric.name,),
        entries=tuple(Entry(name, trivial=name not in external) for name in by_user),
        users=len(values),
        rows=len(test),
        resampled=None if groups is None else len(np.unique(groups)),
    )
    table = with_verdicts(table, [metric], measurements, _LEVEL)
    return replace(material, computed_tables=(*material.computed_tables, table))


def _by_user(users: AnyInt, lists: Lists) -> Int32:
    """int32[n_users, k], the list of each user, all -1 for those who have none."""
    order = np.argsort(lists.users, kind="stable")
    place = np.searchsorted(lists.users[order], users).clip(0, len(order) - 1)
    has_list = lists.users[order][place] == users
    return np.where(has_list[:, None], lists.items[order[place]], -1).astype(np.int32)


def _trivial_lists(material: Material, test: Holdout, k: int) -> dict[str, Int32]:
    """int32[n_users, k], what popularity and chance recommend of items that a user has not had."""
    from penchant.models import find

    assert material.split is not None
    models = {name: find(name)().fit(material.split.train) for name in _TRIVIAL}
    return {name: m.top_items(test.histories, k)[0] for name, m in models.items()}
