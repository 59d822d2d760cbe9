"""The best k items for each user, in blocks, so that users × items never stands in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from penchant.data.histories import Histories
from penchant.errors import ParameterError, PenchantError
from penchant.repeats import Repeats
from penchant.run import Run
from penchant.threads import small_systems
from penchant.typing import Bool, Float32, Int32

Scorer = Callable[[Histories], Float32]

BLOCK_CELLS = 2**22  # the most scores in one block: 16 MB
CACHED_CELLS = 2**19  # scores of a block that stays in the processor's cache: 2 MB

_GROUP = 16  # columns whose maxima are compared before their members are
_FEW = 2**14  # scores for which that does not pay
_FEW_USERS = 16  # whose lists are made on one thread


def require_length(k: int, what: str = "the length of a list") -> None:
    """Refuse a k that is no whole number of at least 1; `what` says what it is.

    Raises:
        ParameterError: it is none.
    """
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        raise ParameterError(f"k, {what}, must be a whole number of at least 1, not {k!r}.")


def blocks(n_users: int, n_items: int, cells: int | None = None) -> Iterator[tuple[int, int]]:
    """Start and stop of blocks of users whose scores take a bounded amount of memory."""
    size = max(32, min(4096, min(cells or BLOCK_CELLS, BLOCK_CELLS) // max(n_items, 1)))
    for start in range(0, n_users, size):
        yield start, min(start + size, n_users)


def tie_order(n_items: int) -> Int32:
    """int32[n_items], a fixed shuffle that decides between items of equal score.

    Index order would favour whatever the ids are sorted by, often age or popularity.
    """
    return np.random.default_rng(20_011).permutation(n_items).astype(np.int32)


def popularity_order(popularity: Float32) -> Int32:
    """int32[n_items], which of two items of equal score comes first: the more popular one.

    Equally popular items are put in the order of `tie_order`.
    """
    order = np.empty(len(popularity), np.int32)
    by_popularity = np.lexsort((tie_order(len(popularity)), -popularity))
    order[by_popularity] = np.arange(len(popularity), dtype=np.int32)
    return order


@dataclass(frozen=True, eq=False)
class Fallback:
    """What answers where a scorer has no evidence: the popularity of items.

    Attributes:
        popularity: float32[n_items], which decides between items of equal score, and alone makes
            the lists of users of whom the scorer knows nothing.
        has_evidence: bool[n_users] of histories, of which users the scorer knows something.
        no_evidence_score: the score of items on which the scorer has no evidence, or None where
            each score is evidence.
        order: int32[n_items], what `popularity_order` makes of the popularity, where that is at
            hand: for one user's list it takes longer than the list itself.
    """

    popularity: Float32
    has_evidence: Callable[[Histories], Bool]
    no_evidence_score: float | None = None
    order: Int32 | None = None

    def scores(self, scorer: Scorer, users: Histories, known: Bool | None = None) -> Float32:
        """float32[n_users, n_items], popularity for users without evidence; -inf stays.

        Args:
            scorer: gives the scores of users with evidence.
            users: whose scores.
            known: bool[n_users], what `has_evidence` says of them.
        """
        scores = scorer(users)
        unknown = ~(self.has_evidence(users) if known is None else known)
        if unknown.any():
            scores = np.require(scores, np.float32, ["C", "W"])
            scores[unknown] = np.where(np.isneginf(scores[unknown]), -np.inf, self.popularity)
        return scores

    def places(
        self,
        users: Histories,
        scores: Float32,
        values: Float32,
        seen: Float32 | None = None,
        known: Bool | None = None,
    ) -> Bool:
        """bool[n_users, k], which places of lists popularity has filled.

        Args:
            users: whose lists they are.
            scores: float32[n_users, n_items], of all items, -inf for those left out.
            values: float32[n_users, k], the scores in the lists, falling.
            seen: float32[n_events], the scores of the histories' items where these are left out:
                where they are others, equal scores of the rest say something.
            known: bool[n_users], what `has_evidence` says of the users.
        """
        filled = np.zeros(values.shape, np.bool_)
        if self.no_evidence_score is not None:
            filled |= values == np.float32(self.no_evidence_score)
        if values.shape[1]:
            maybe = np.flatnonzero((values[:, 0] == values[:, -1]) | np.isneginf(values[:, -1]))
        else:
            maybe = np.empty(0, np.int64)
        if len(maybe):
            some = scores[maybe]
            highest = some.max(axis=1, initial=-np.inf)
            constant = ((some == highest[:, None]) | np.isneginf(some)).all(axis=1)
            if seen is not None:
                level = np.full(len(users), np.nan, np.float32)
                level[maybe] = highest
                differs = (seen != level[users.rows]) & ~np.isneginf(seen)
                constant &= np.bincount(users.rows, differs, len(users))[maybe] == 0
            filled[maybe[constant]] = True
        filled[~(self.has_evidence(users) if known is None else known)] = True
        return filled & (values > -np.inf)


def block_scores(scorer: Scorer, users: Histories) -> Float32:
    """Writable float32[n_users, n_items], the scores of a block of users."""
    return np.require(scorer(users), np.float32, ["C", "W"])


def refuse_nan(scores: Float32) -> None:
    """Stop where a score is NaN.

    Raises:
        PenchantError: a score is NaN.
    """
    if np.isnan(scores).any():
        raise PenchantError(
            "The model gave NaN as a score: it has not been fitted to finite values; fit it "
            "again with a lower learning rate or stronger regularisation."
        )


def top_k(
    scorer: Scorer,
    users: Histories,
    k: int,
    *,
    repeats: Repeats = "excluded",
    candidates: Int32 | None = None,
    fallback: Fallback | None = None,
    cells: int | None = None,
    run: Run | None = None,
) -> tuple[Int32, Float32]:
    """The k items of highest score for each user, best first.

    Items of equal score are put in the order of popularity where there is a fallback, otherwise
    in that of a fixed shuffle, so that results do not depend on block size, on the number of
    threads or on what ids are sorted by.

    Args:
        scorer: gives float32[n, n_items] for n histories; -inf means "never recommend".
        users: whose lists to make.
        k: length of the lists.
        repeats: whether lists may hold items of the history, or hold nothing else.
        candidates: item indices to choose from; None for all.
        fallback: what answers where the scorer has no evidence.
        cells: how many scores to ask for at once: `CACHED_CELLS` where a call of the scorer costs
            next to nothing, by default `BLOCK_CELLS`.
        run: threads and progress.

    Returns:
        int32[n_users, k] item indices, -1 where no item is left, and float32[n_users, k] scores,
        NaN in places that the fallback has filled.

    Raises:
        ParameterError: k is no whole number of at least 1.
        PenchantError: a score is NaN.
    """
    require_length(k)
    run = run or Run()
    if fallback is None:
        order = tie_order(users.n_items)
    else:
        given = fallback.order
        order = popularity_order(fallback.popularity) if given is None else given
    if candidates is not None:
        candidates = np.unique(np.asarray(candidates, np.int32))
        order = order[candidates]
    lists = np.full((len(users), k), -1, np.int32)
    values = np.full((len(users), k), -np.inf, np.float32)

    def fill(span: tuple[int, int]) -> int:
        start, stop = span
        block = users if stop - start == len(users) else users.block(start, stop)
        seen = known = None
        if fallback is None:
            scores = block_scores(scorer, block)
        else:
            known = fallback.has_evidence(block)
            scores = np.require(fallback.scores(scorer, block, known), np.float32, ["C", "W"])
        masked, flat = scores, block.pairs
        if repeats == "excluded":
            seen = scores.reshape(-1)[flat]
            scores.reshape(-1)[flat] = -np.inf
        elif repeats == "only":
            masked = np.full_like(scores, -np.inf)
            masked.reshape(-1)[flat] = scores.reshape(-1)[flat]
        some = masked if candidates is None else np.ascontiguousarray(masked[:, candidates])
        best, value = _best(some, k, order)
        if fallback is not None:
            value[fallback.places(block, scores, value, seen, known)] = np.nan
        if candidates is not None and len(candidates):
            best = np.where(best >= 0, candidates[best], -1)
        lists[start:stop, : best.shape[1]] = best
        values[start:stop, : best.shape[1]] = value
        return stop - start

    spans = list(blocks(len(users), users.n_items, cells))
    workers = _workers(run, len(spans), len(users))
    with run.progress.task("top items", len(users)) as task, workers as each:
        for done in each(fill, spans):
            task.advance(done)
    return lists, values


Each = Callable[[Callable[[tuple[int, int]], int], list[tuple[int, int]]], Iterator[int]]


@contextmanager
def _workers(run: Run, n_blocks: int, n_users: int) -> Iterator[Each]:
    """A `map` whose calls share the run's threads: whole blocks side by side where there are many.

    That keeps each block in one core's cache and has no barriers inside it. A few users' lists
    take less time than threads do to meet at a barrier, which, where cores are shared, is most of
    what one would wait for: they are made on one thread.
    """
    before = torch.get_num_threads()
    threads = run.threads or before
    n_workers = min(threads, n_blocks)
    try:
        if n_users <= _FEW_USERS:
            torch.set_num_threads(1)
            with small_systems():
                yield map
            return
        if n_workers < 2:
            torch.set_num_threads(threads)
            yield map
            return
        alone = partial(torch.set_num_threads, 1)
        with small_systems(), ThreadPoolExecutor(n_workers, initializer=alone) as pool:
            try:
                yield pool.map
            finally:
                pool.shutdown(cancel_futures=True)
    finally:
        torch.set_num_threads(before)


def _best(scores: Float32, k: int, order: Int32) -> tuple[Int32, Float32]:
    """Top of each row with ties in `order`; columns are min(k, n)."""
    n = scores.shape[1]
    k = min(k, n)
    if k == 0:
        return np.empty((len(scores), 0), np.int32), np.empty((len(scores), 0), np.float32)
    # One more than k shows whether the last place is shared by items that did not get in.
    values, items = _largest(torch.from_numpy(scores), min(k + 1, n))
    refuse_nan(values[:, 0])  # NaN sorts before all numbers
    last = values[:, k - 1]
    shared = np.empty(0, np.int64)
    if n > k:
        shared = np.flatnonzero((values[:, k] == last) & (last > -np.inf))
        if len(shared):
            items[shared, :k] = _fair(scores[shared], last[shared], k, order)
    items = items[:, :k]
    values = np.take_along_axis(scores, items, axis=1)
    unsorted = (values[:, 1:] == values[:, :-1]).any(axis=1)
    unsorted[shared] = True
    tied = np.flatnonzero(unsorted)
    if len(tied):
        rank = np.lexsort((order[items[tied]], -values[tied]), axis=1)
        items[tied] = np.take_along_axis(items[tied], rank, axis=1)
        values[tied] = np.take_along_axis(values[tied], rank, axis=1)
    items[values == -np.inf] = -1
    return items, values


def _largest(scores: torch.Tensor, k: int) -> tuple[Float32, Int32]:
    """The k largest of each row in descending order, and their columns.

    The largest k stand in the k groups of columns with the largest maxima, so that only these
    are sorted. A group's columns lie `width` apart, which lets the maxima be taken of whole rows
    of the processor's vectors.
    """
    n_rows, n = scores.shape
    width = n // _GROUP
    if width < 2 * k or n_rows * n < _FEW:
        found = torch.topk(scores, k)
        return found.values.numpy(), found.indices.numpy().astype(np.int32)
    grouped = scores[:, : width * _GROUP].view(n_rows, _GROUP, width)
    groups = torch.topk(grouped.amax(1), k, sorted=False).indices
    columns = groups[:, :, None] + torch.arange(0, width * _GROUP, width)
    rest = torch.arange(width * _GROUP, n).expand(n_rows, -1)
    columns = torch.cat([columns.flatten(1), rest], dim=1)
    found = torch.topk(scores.gather(1, columns), k)
    return found.values.numpy(), columns.gather(1, found.indices).numpy().astype(np.int32)


def _fair(scores: Float32, last: Float32, k: int, order: Int32) -> Int32:
    """The k items, unsorted, of rows whose last place is shared: better ones, then by `order`."""
    edge = last[:, None]
    key = np.where(scores == edge, -order.astype(np.float32), np.float32(-np.inf))
    key[scores > edge] = 1
    return torch.topk(torch.from_numpy(key), k).indices.numpy().astype(np.int32)
