"""The ranking task: rank items for the users of a holdout, and measure the lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.evaluation.cost import measured
from penchant.evaluation.repeats import target_segments
from penchant.metrics import (
    Catalogue,
    ListMetric,
    Metric,
    Ranked,
    RankingMetric,
)
from penchant.metrics.base import AtK
from penchant.models.base import Recommender
from penchant.results.order_loss import OrderLoss
from penchant.results.tables import Cost, TargetSegment
from penchant.run import Run
from penchant.topk import block_scores, blocks, refuse_nan
from penchant.typing import Bool, Float32, Float64, Int32


@dataclass(frozen=True, eq=False)
class RankingValues:
    """The values of ranking metrics for one model on one holdout.

    Attributes:
        per_user: float64[n_users] for each metric that has a value for each user.
        overall: one float for each metric of all lists together.
        lists: int32[n_users, width], the best items, or None where only candidates were ranked.
        parts: the same of repeated and of new items alone, where lists may hold both, for the
            users who have any.
    """

    per_user: dict[str, Float64]
    overall: dict[str, float]
    lists: Int32 | None = None
    parts: Mapping[TargetSegment, RankingValues] = field(default_factory=dict)

    @classmethod
    def of(
        cls, ranked: Ranked, lists: Int32 | None, metrics: Sequence[Metric], catalogue: Catalogue
    ) -> RankingValues:
        """Measure lists; without `lists` only by the metrics that ranks are enough for."""
        per_user, overall = {}, {}
        for metric in metrics:
            if isinstance(metric, RankingMetric):
                per_user[metric.name] = metric(ranked)
            elif isinstance(metric, ListMetric) and lists is not None:
                value = metric(lists, catalogue)
                if isinstance(value, float):
                    overall[metric.name] = value
                else:
                    per_user[metric.name] = value
        return cls(per_user, overall, lists)

    def of_users(
        self, keep: Bool, metrics: Sequence[Metric], catalogue: Catalogue
    ) -> RankingValues:
        """The values for some of the users; metrics of all lists together are computed anew."""
        lists = None if self.lists is None else self.lists[keep]
        overall = {
            metric.name: float(metric(lists, catalogue))
            for metric in metrics
            if lists is not None and isinstance(metric, ListMetric) and metric.name in self.overall
        }
        return RankingValues({m: v[keep] for m, v in self.per_user.items()}, overall, lists)

    def mean(self, metric: str) -> float:
        """The metric over all users who have a value."""
        if metric in self.overall:
            return self.overall[metric]
        values = self.per_user[metric]
        return math.nan if np.isnan(values).all() else float(np.nanmean(values))


@dataclass(frozen=True, eq=False)
class Rankings:
    """What one model ranked.

    Attributes:
        name: what tables call it.
        trivial: whether it is a trivial answer to the ranking task.
        cost: time and memory.
        test: the metrics' values on the test users.
        validation: the first metric's on the validation users, if there are any.
        has_evidence: bool[n_users], of which test users the model knows something; the others
            get the log's most popular items.
        among_all: the same as `test` for lists of all items, where `test` has those of a pool.
        order_loss: what it loses without the order of histories, if it is a model of order.
    """

    name: str
    trivial: bool
    cost: Cost
    test: RankingValues
    validation: RankingValues | None
    has_evidence: Bool
    among_all: RankingValues | None = None
    order_loss: OrderLoss | None = None


def rank_holdouts(
    name: str,
    model: Recommender,
    cost: Cost,
    test: Holdout,
    validation: Holdout | None,
    metrics: list[Metric],
    catalogue: Catalogue,
    run: Run,
    *,
    before: Recommender,
) -> Rankings:
    """Rank for the test users with a fitted model, and for the validation users.

    For the latter with `before`, the model as it was before it learned from validation events.
    """
    judging = pool_metrics(metrics, test)
    with measured() as scoring:
        values = rank(model, test, judging, catalogue, run)
    among_all = None
    if test.item_pool is not None:
        among_all = rank(model, replace(test, item_pool=None), metrics, catalogue, run)
    return Rankings(
        name=name,
        trivial="ranking" in model.baseline_for,
        cost=replace(cost, score_seconds=scoring.seconds, answers=test.n_users),
        test=values,
        validation=(
            None if validation is None else rank(before, validation, judging[:1], catalogue, run)
        ),
        has_evidence=model.has_evidence(test.histories),
        among_all=among_all,
    )


def rank(
    model: Recommender,
    holdout: Holdout,
    metrics: list[Metric],
    catalogue: Catalogue,
    run: Run,
) -> RankingValues:
    """Rank items for each user (or the given candidates) and measure the lists.

    Args:
        model: a fitted model.
        holdout: of rows that lists can have; its `repeats` says what lists may hold.
        metrics: of lists.
        catalogue: the training items, for metrics of whole lists.
        run: threads and progress.
    """
    width = max((metric.k for metric in metrics if isinstance(metric, AtK)), default=1)
    if holdout.candidates is None:
        pool = holdout.item_pool
        lists, _ = model.top_items(
            holdout.histories, width, repeats=holdout.repeats, candidates=pool, run=run
        )
        ranked = Ranked.of(lists, holdout.offsets, holdout.items, holdout.spend)
        values = RankingValues.of(ranked, lists, metrics, catalogue)
        judging = [metric for metric in metrics if isinstance(metric, RankingMetric)]
        return replace(
            values,
            parts={
                segment: _values_of_targets(lists, holdout, keep, judging, catalogue)
                for segment, keep in target_segments(holdout).items()
                if judging
            },
        )
    ranked = Ranked.from_ranks(candidate_ranks(model, holdout, run), holdout.offsets, width)
    return RankingValues.of(ranked, None, metrics, catalogue)


def _values_of_targets(
    lists: Int32, holdout: Holdout, keep: Bool, metrics: Sequence[Metric], catalogue: Catalogue
) -> RankingValues:
    """The values of the same lists where the rows `keep` alone are relevant, bool[n_rows]."""
    part = holdout.subset(keep)
    users = np.unique(holdout.rows.history[keep])
    return RankingValues.of(
        Ranked.of(lists[users], part.offsets, part.items, part.spend), None, metrics, catalogue
    )


def pool_metrics(metrics: list[Metric], holdout: Holdout) -> list[Metric]:
    """The metrics of lists that are made of a pool of items: those that judge them."""
    if holdout.item_pool is None:
        return metrics
    return [metric for metric in metrics if isinstance(metric, RankingMetric)] or metrics


def candidate_ranks(model: Recommender, holdout: Holdout, run: Run) -> Float64:
    """float64[n_rows], for each held-out item how many irrelevant candidates stand above it.

    Those of equal score count half, so that a constant score lands in the middle; held-out items
    of the same user do not count (see `Ranked.from_ranks`). Users of whom the model knows nothing
    are ranked for by the log's popularity, as in lists.
    """
    assert holdout.candidates is not None
    users, ranks = holdout.histories, np.empty(len(holdout))
    scorer = partial(model.fallback.scores, model.scores)
    with run.progress.task("candidates", len(users)) as task:
        for start, stop in blocks(len(users), users.n_items):
            scores = block_scores(scorer, users.block(start, stop))
            offered = holdout.candidates[start:stop]
            theirs = np.take_along_axis(scores, np.maximum(offered, 0), axis=1)
            refuse_nan(theirs)
            low, high = holdout.offsets[start], holdout.offsets[stop]
            row, item = holdout.rows.history[low:high] - start, holdout.items[low:high]
            relevant = np.zeros(scores.shape, np.bool_)
            relevant[row, item] = True
            ignored = np.take_along_axis(relevant, np.maximum(offered, 0), axis=1) | (offered < 0)
            theirs[ignored] = np.nan  # compares false with everything
            own = scores[row, item][:, None]
            better = (theirs[row] > own).sum(axis=1)
            equal = (theirs[row] == own).sum(axis=1)
            ranks[low:high] = better + equal / 2
            task.advance(stop - start)
    return ranks


def catalogue_of(train: Dataset) -> Catalogue:
    """Item counts, and genres as vectors where the item table has them."""
    counts = np.bincount(train.histories.matrix("seen").indices, minlength=train.n_items)
    return Catalogue(int((train.user_counts > 0).sum()), counts, _genre_vectors(train))


def _genre_vectors(train: Dataset) -> Float32 | None:
    table = train.item_table
    if table is None or "genres" not in table.columns:
        return None
    genres = table["genres"].list.drop_nulls()
    names = genres.explode().drop_nulls().unique().sort()
    if not len(names):
        return None
    return np.stack(
        [genres.list.contains(n).fill_null(False).to_numpy() for n in names], axis=1
    ).astype(np.float32)
