"""The best k items for each user, in blocks, so that users × items never stands in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch

from penchant.data.histories import Histories
from penchant.errors import ParameterError, PenchantError
from penchant.run import Run

Scores = npt.NDArray[np.float32]
Lists = npt.NDArray[np.int32]
Scorer = Callable[[Histories], Scores]

BLOCK_CELLS = 2**22  # scores in one block: 16 MB, small enough to stay near the processor


def blocks(n_users: int, n_items: int) -> Iterator[tuple[int, int]]:
    """Start and stop of blocks of users whose scores take a bounded amount of memory."""
    size = max(32, min(4096, BLOCK_CELLS // max(n_items, 1)))
    for start in range(0, n_users, size):
        yield start, min(start + size, n_users)


def tie_order(n_items: int) -> npt.NDArray[np.int32]:
    """int32[n_items], a fixed shuffle that decides between items of equal score.

    Index order would favour whatever the ids are sorted by, often age or popularity.
    """
    return np.random.default_rng(20_011).permutation(n_items).astype(np.int32)


def block_scores(scorer: Scorer, users: Histories, *, exclude_seen: bool) -> Scores:
    """Writable float32[n_users, n_items], seen items at -inf where asked.

    Raises:
        PenchantError: a score is NaN.
    """
    scores = np.require(scorer(users), np.float32, ["C", "W"])
    if np.isnan(scores.sum()) and np.isnan(scores).any():
        raise PenchantError(
            "The model gave NaN as a score: it has not been fitted to finite values; fit it "
            "again with a lower learning rate or stronger regularisation."
        )
    if exclude_seen:
        flat = users.rows.astype(np.int64) * users.n_items + users.items
        scores.reshape(-1)[flat] = -np.inf
    return scores


def top_k(
    scorer: Scorer,
    users: Histories,
    k: int,
    *,
    exclude_seen: bool = True,
    candidates: Lists | None = None,
    run: Run | None = None,
) -> tuple[Lists, Scores]:
    """The k items of highest score for each user, best first.

    Items of equal score are put in the order of a fixed shuffle, so that results do not depend
    on block size, on the number of threads or on what ids are sorted by.

    Args:
        scorer: gives float32[n, n_items] for n histories; -inf means "never recommend".
        users: whose lists to make.
        k: length of the lists.
        exclude_seen: leave out the items of each user's history.
        candidates: item indices to choose from; None for all.
        run: threads and progress.

    Returns:
        int32[n_users, k] item indices, -1 where no item is left, and float32[n_users, k] scores.

    Raises:
        ParameterError: k is below 1.
    """
    if k < 1:
        raise ParameterError(f"k, the length of a list, must be at least 1, not {k}.")
    run = run or Run()
    order = tie_order(users.n_items)
    if candidates is not None:
        candidates = np.unique(np.asarray(candidates, np.int32))
        order = order[candidates]
    lists = np.full((len(users), k), -1, np.int32)
    values = np.full((len(users), k), -np.inf, np.float32)
    with run.progress.task("top items", len(users)) as task:
        for start, stop in blocks(len(users), users.n_items):
            scores = block_scores(scorer, users.block(start, stop), exclude_seen=exclude_seen)
            if candidates is not None:
                scores = np.ascontiguousarray(scores[:, candidates])
            best, value = _best(scores, k, order)
            if candidates is not None and len(candidates):
                best = np.where(best >= 0, candidates[best], -1)
            lists[start:stop, : best.shape[1]] = best
            values[start:stop, : best.shape[1]] = value
            task.advance(stop - start)
    return lists, values


def _best(scores: Scores, k: int, order: npt.NDArray[np.int32]) -> tuple[Lists, Scores]:
    """Top of each row with ties in `order`; columns are min(k, n)."""
    n = scores.shape[1]
    k = min(k, n)
    if k == 0:
        return np.empty((len(scores), 0), np.int32), np.empty((len(scores), 0), np.float32)
    # One more than k shows whether the last place is shared by items that did not get in.
    found = torch.topk(torch.from_numpy(scores), min(k + 1, n))
    values, items = found.values.numpy(), found.indices.numpy().astype(np.int32)
    last = values[:, k - 1]
    if n > k:
        shared = np.flatnonzero((values[:, k] == last) & (last > -np.inf))
        if len(shared):
            items[shared, :k] = _fair(scores[shared], last[shared], k, order)
    items = items[:, :k]
    values = np.take_along_axis(scores, items, axis=1)
    tied = np.flatnonzero((values[:, 1:] == values[:, :-1]).any(axis=1))
    if len(tied):
        rank = np.lexsort((order[items[tied]], -values[tied]), axis=1)
        items[tied] = np.take_along_axis(items[tied], rank, axis=1)
        values[tied] = np.take_along_axis(values[tied], rank, axis=1)
    items[values == -np.inf] = -1
    return items, values


def _fair(scores: Scores, last: Scores, k: int, order: npt.NDArray[np.int32]) -> Lists:
    """The k items of rows whose last place is shared: all better ones, then by `order`."""
    edge = last[:, None]
    key = np.where(scores == edge, -order.astype(np.float32), np.float32(-np.inf))
    key[scores > edge] = 1
    return torch.topk(torch.from_numpy(key), k).indices.numpy().astype(np.int32)
