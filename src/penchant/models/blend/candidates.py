"""The items that models' lists begin with, for users with held-out events, and their scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from penchant.data.holdout import Holdout
from penchant.models.base import Recommender
from penchant.models.blend.comparable_scores import (
    Normalisation,
    comparable_scores_of,
    listable_items,
)
from penchant.models.blend.list_weights import NEVER, Candidates
from penchant.models.shared.base_models import any_has_evidence
from penchant.run import Run
from penchant.topk import blocks
from penchant.typing import Bool, Float32, Int64

_FROM_EACH = 100  # items from the top of each model's list
_MOST_USERS = 4000  # drawn where there are more
_CELLS = 2**21  # of scores of one model at once


def gather_candidates(
    base_models: Sequence[Recommender],
    holdout: Holdout,
    normalisations: Sequence[Normalisation],
    seed: int,
    run: Run,
) -> dict[Normalisation, Candidates]:
    """What fitted models say of the items at the top of any of their lists and of held-out ones.

    Only users count of whom a model knows something and who have a held-out item that their lists
    may hold.

    Args:
        base_models: fitted to what the histories of `holdout` hold.
        holdout: the held-out events.
        normalisations: the ways to make scores comparable.
        seed: draws users where there are many.
        run: progress.
    """
    holdout = holdout.positives.judging
    holdout = holdout.subset(holdout.items >= 0)
    users = np.flatnonzero(any_has_evidence(base_models, holdout.histories))
    if len(users) > _MOST_USERS:
        users = np.sort(np.random.default_rng(seed).permutation(users)[:_MOST_USERS])
    parts: dict[Normalisation, list[Candidates]] = {name: [] for name in normalisations}
    with run.progress.task("blend", len(users)) as task:
        for start, stop in blocks(len(users), holdout.histories.n_items, _CELLS):
            some = users[start:stop]
            histories = holdout.histories.take(some)
            listable = listable_items(histories, holdout.repeats)
            relevant = _relevant(holdout, some)
            scores = [model.scores(histories) for model in base_models]
            there = relevant.copy()
            for each in scores:
                _mark_best(there, each, listable)
            for name, found in parts.items():
                comparables = [
                    comparable_scores_of(model, histories, listable, name, each)
                    for model, each in zip(base_models, scores, strict=True)
                ]
                found.append(_narrow(comparables, there, relevant))
            task.advance(len(some))
    return {name: _joined(found, len(base_models)) for name, found in parts.items()}


def _relevant(holdout: Holdout, users: Int64) -> Bool:
    relevant = np.zeros((len(users), holdout.histories.n_items), np.bool_)
    for row, user in enumerate(users.tolist()):
        relevant[row, holdout.items[holdout.offsets[user] : holdout.offsets[user + 1]]] = True
    return relevant


def _mark_best(there: Bool, scores: Float32, listable: Bool) -> None:
    """Mark the items of highest score that lists may hold."""
    open_scores = np.where(listable, scores, np.float32(-np.inf))
    k = min(_FROM_EACH, open_scores.shape[1])
    best = torch.topk(torch.from_numpy(open_scores), k, sorted=False).indices.numpy()
    finite = np.isfinite(np.take_along_axis(open_scores, best, 1))
    rows = np.broadcast_to(np.arange(len(best))[:, None], best.shape)
    there[rows[finite], best[finite]] = True


def _narrow(scores: Sequence[Float32], there: Bool, relevant: Bool) -> Candidates:
    """The candidates alone, a user's side by side."""
    rows, items = np.nonzero(there)
    counts = there.sum(axis=1)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = len(there), int(counts.max(initial=0))
    found = np.zeros((len(scores), *shape), np.float32)
    for each, full in zip(found, scores, strict=True):
        values = full[rows, items]
        each[rows, place] = np.where(np.isfinite(values), values, np.float32(NEVER))
    narrow = np.zeros((2, *shape), np.bool_)
    narrow[0, rows, place], narrow[1, rows, place] = True, relevant[rows, items]
    return Candidates(found, narrow[0], narrow[1], relevant.sum(axis=1))


def _joined(parts: Sequence[Candidates], n_models: int) -> Candidates:
    width = max((part.there.shape[1] for part in parts), default=0)
    n_users = sum(len(part.there) for part in parts)
    scores = np.zeros((n_models, n_users, width), np.float32)
    narrow = np.zeros((2, n_users, width), np.bool_)
    start = 0
    for part in parts:
        stop, filled = start + len(part.there), part.there.shape[1]
        scores[:, start:stop, :filled] = part.scores
        narrow[0, start:stop, :filled] = part.there
        narrow[1, start:stop, :filled] = part.relevant
        start = stop
    counts = [part.n_relevant for part in parts]
    n_relevant = np.concatenate(counts) if counts else np.zeros(0, np.int64)
    return Candidates(scores, narrow[0], narrow[1], n_relevant)
