"""Lists of a model for the users of a holdout, and the ranking metrics' values per user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.metrics import Catalogue, ListMetric, Metric, Ranked, RankingMetric
from penchant.models.base import Recommender
from penchant.run import Run
from penchant.topk import block_scores, blocks, refuse_nan, top_k
from penchant.typing import Float32, Float64, Int32


@dataclass(frozen=True, eq=False)
class RankingValues:
    """What ranking metrics say of one model on one holdout.

    Attributes:
        per_user: float64[n_users] for each metric that has a value for each user.
        overall: one float for each metric of all lists together.
        lists: int32[n_users, width], the best items, or None where only candidates were ranked.
    """

    per_user: dict[str, Float64]
    overall: dict[str, float]
    lists: Int32 | None = None


def rank(
    model: Recommender,
    holdout: Holdout,
    metrics: list[Metric],
    catalogue: Catalogue,
    run: Run,
) -> RankingValues:
    """Rank all unseen items for each user (or the given candidates) and measure the lists."""
    width = max(getattr(metric, "k", 1) for metric in metrics)
    if holdout.candidates is None:
        lists, _ = top_k(model.scores, holdout.histories, width, cells=model.block_cells, run=run)
        ranked = Ranked.of(lists, holdout.offsets, holdout.items)
    else:
        lists = np.full((holdout.n_users, width), -1, np.int32)
        ranked = Ranked.from_ranks(candidate_ranks(model, holdout, run), holdout.offsets, width)
    per_user, overall = {}, {}
    for metric in metrics:
        if isinstance(metric, RankingMetric):
            per_user[metric.name] = metric(ranked)
        elif isinstance(metric, ListMetric) and holdout.candidates is None:
            value = metric(lists, catalogue)
            if isinstance(value, float):
                overall[metric.name] = value
            else:
                per_user[metric.name] = value
    return RankingValues(per_user, overall, lists if holdout.candidates is None else None)


def candidate_ranks(model: Recommender, holdout: Holdout, run: Run) -> Float64:
    """float64[n_rows], for each held-out item how many irrelevant candidates stand above it.

    Those of equal score count half, so that a constant score lands in the middle; held-out items
    of the same user do not count (see `Ranked.from_ranks`).
    """
    assert holdout.candidates is not None
    users, ranks = holdout.histories, np.empty(len(holdout))
    with run.progress.task("candidates", len(users)) as task:
        for start, stop in blocks(len(users), users.n_items):
            scores = block_scores(model.scores, users.block(start, stop), exclude_seen=False)
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
    counts = np.bincount(train.histories.matrix().indices, minlength=train.n_items)
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
