"""Measure what rules cost and bring: lists without and with them, for the same test users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.data.holdout import Holdout
from penchant.errors import ParameterError
from penchant.evaluation.ranking import Rankings, RankingValues, pool_metrics
from penchant.metrics import (
    Bootstrap,
    Catalogue,
    Coverage,
    IntraListDiversity,
    Metric,
    Ranked,
    fewest_replicates,
    interval,
    mean_replicates,
)
from penchant.metrics.base import AtK
from penchant.results.formatting import join_names, quoted
from penchant.results.rule_costs import RuleCost, RuleCosts
from penchant.results.tables import Table
from penchant.rules import BoundRules
from penchant.rules.diversity import calibration_kl
from penchant.typing import Float32, Int32, Int64

_CELLS = 2**27  # of the largest matrix of items and categories


def check_rules(holdout: Holdout, has_lists: bool) -> None:
    """Refuse rules before long work where they have no lists to be about.

    Raises:
        ParameterError: no metric is one of lists, or the split ranks given candidates.
    """
    if not has_lists:
        raise ParameterError("Rules are about lists: ask for a metric of these, such as ndcg@10.")
    if holdout.candidates is not None:
        raise ParameterError(
            "Rules make lists of all items, and the split ranks given candidates only: compare on "
            "another split."
        )


def rule_costs(
    rules: BoundRules,
    lists_with_rules: Mapping[str, Int32 | str],
    rankings: Sequence[Rankings],
    table: Table,
    test: Holdout,
    metrics: Sequence[Metric],
    catalogue: Catalogue,
    bootstrap: Bootstrap,
) -> RuleCosts:
    """Compare each model's lists with rules with those without.

    Args:
        rules: bound to the training part, of which alone the models know.
        lists_with_rules: int32[n_users, width] by the model's name, or why the rules do not suit
            the model.
        rankings: what the models ranked without rules.
        table: of those, whose order the result has.
        test: what was ranked for.
        metrics: of lists; coverage is added, and where the rules have a part on diversity by
            categories, diversity and calibration by these.
        catalogue: the training items.
        bootstrap: settings of the intervals.

    Raises:
        ParameterError: the rules suit none of the models.
    """
    order = [entry.name for entry in table.entries]
    metrics = _with_coverage(pool_metrics(list(metrics), test))
    k = next(metric.k for metric in metrics if isinstance(metric, AtK))
    costs: list[RuleCost] = []
    names: tuple[str, ...] = ()
    unsuited: dict[str, str] = {}
    for ranking in sorted(rankings, key=lambda r: order.index(r.name)):
        lists = lists_with_rules[ranking.name]
        if isinstance(lists, str):
            unsuited[ranking.name] = lists
            continue
        assert ranking.test.lists is not None
        before, after = (
            _values(some, test, metrics, catalogue, rules, k)
            for some in (ranking.test.lists, lists)
        )
        names = (*before.per_user, *before.overall)
        costs += _differences(ranking.name, before, after, bootstrap, test.prefix_groups)
    if not costs:
        raise ParameterError(next(iter(unsuited.values())))
    notes: tuple[str, ...] = ()
    if unsuited:
        absent = join_names(quoted(list(unsuited)))
        notes = (f"Absent from the figures with rules: {absent}. {next(iter(unsuited.values()))}",)
    figures = [m.name for m in metrics if m.name in names]
    figures += [name for name in names if name not in figures]
    return RuleCosts(rules.rules.source, tuple(figures), tuple(costs), bootstrap.level, notes)


def list_width(metrics: Sequence[Metric], test: Holdout) -> int:
    """How long lists with rules have to be for these metrics."""
    some = _with_coverage(pool_metrics(list(metrics), test))
    return max(metric.k for metric in some if isinstance(metric, AtK))


def _with_coverage(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics of lists, coverage among them."""
    some = [metric for metric in metrics if isinstance(metric, AtK)]
    if not any(isinstance(metric, Coverage) for metric in some):
        some.append(Coverage(some[0].k))
    return list(some)


def _values(
    lists: Int32,
    test: Holdout,
    metrics: Sequence[Metric],
    catalogue: Catalogue,
    rules: BoundRules,
    k: int,
) -> RankingValues:
    """The figures of lists, with those of diversity by the rules' categories."""
    width = max(metric.k for metric in metrics if isinstance(metric, AtK))
    if lists.shape[1] < width:
        lists = np.pad(lists, ((0, 0), (0, width - lists.shape[1])), constant_values=-1)
    ranked = Ranked.of(lists, test.offsets, test.items, test.spend)
    values = RankingValues.of(ranked, lists, metrics, catalogue)
    if rules.categories is None:
        return values
    calibration = calibration_kl(lists[:, :k], test.histories, rules.categories)
    further = {f"calibration-kl@{k}": calibration}
    alike, vectors = IntraListDiversity(k), _vectors(rules.categories)
    if alike.name not in values.per_user and vectors is not None:
        further[alike.name] = np.asarray(alike(lists, replace(catalogue, vectors=vectors)))
    return replace(values, per_user=values.per_user | further)


def _vectors(categories: Int32) -> Float32 | None:
    """float32[n_items, n_categories], 1 where an item is of a category; None where too large."""
    shape = len(categories), 1 + int(categories.max(initial=0))
    if shape[0] * shape[1] > _CELLS:
        return None
    vectors = np.zeros(shape, np.float32)
    item, place = np.nonzero(categories >= 0)
    vectors[item, categories[item, place]] = 1
    return vectors


def _differences(
    model: str,
    before: RankingValues,
    after: RankingValues,
    bootstrap: Bootstrap,
    groups: Int64 | None,
) -> list[RuleCost]:
    """Each figure without and with rules, with the interval of the paired difference."""
    costs = []
    pairs = [(before.per_user[name], after.per_user[name]) for name in before.per_user]
    enough = bootstrap.replicates >= fewest_replicates(bootstrap.level)
    if pairs and enough:
        columns = np.stack([column for pair in pairs for column in pair], axis=1)
        means = mean_replicates(columns, bootstrap.replicates, bootstrap.seed, groups=groups)
        low, high = interval(means[:, 1::2] - means[:, 0::2], bootstrap.level)
    for n, name in enumerate(before.per_user):
        cost = RuleCost(model, name, before.mean(name), after.mean(name))
        if enough:
            cost = replace(cost, low=float(low[n]), high=float(high[n]))
        costs.append(cost)
    costs += [
        RuleCost(model, name, before.overall[name], after.overall[name]) for name in before.overall
    ]
    return costs
