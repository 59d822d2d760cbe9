"""Sparse linear item-to-item weights by the elastic net."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor

from penchant.compiled import AVAILABLE, compiled, compiled_threads, loop_range
from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, plain
from penchant.models.parameters import Space
from penchant.models.shared.item_weights import usual_item_events
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.models.shared.sparse_rows import kept_bytes, product, strongest_products
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import AnyInt, Csr, Float32

_DENSE_ITEMS = 12_000  # up to which the whole Gram matrix is kept, of 4 bytes an entry
_CELLS = 2**23  # entries of the Gram matrices of a batch of items
_TOLERANCE = 1e-4  # of the largest change of a weight in a sweep, at which an item is done


class SLIM(SparseItemWeights, Refitting):
    """Each item's column as a sparse sum of other items' columns.

    Column j of the weights minimises |x_j - X w|^2 / 2 + `l2` |w|^2 / 2 + `l1` |w|_1 with
    w_j = 0, by coordinate descent on X'X, for many items at once. Ning and Karypis, "SLIM: Sparse
    Linear Methods for Top-N Recommender Systems" (2011), eq. 3; only the `candidates` that share
    most users with an item may have a weight (their fsSLIM, section IV-D). Items that share none
    never have one.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        l1: strength of what makes weights zero, in events.
        l2: strength of what makes weights small, in events. None is the number of events that an
            event's item has on average, sum n^2 / sum n over the items' numbers of events n (with
            weights, sums of their squares): the diagonal of X'X, to which it is added.
        non_negative: whether weights are at least 0.
        candidates: the items that may have a weight for an item.
        sweeps: the most passes over the weights of an item.
    """

    l1: Annotated[float, Field(ge=0), Space(0.01, 50, log=True)] = 0.5
    l2: Annotated[float | None, Field(gt=0), Space(1, 2000, log=True)] = None
    non_negative: bool = True
    candidates: Annotated[int, Field(gt=0), Space(50, 500, log=True)] = 200
    sweeps: Annotated[int, Field(gt=0)] = 50

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 24.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"l2_"})
    fitted_attributes: ClassVar[Declarations] = {"l2_": plain(float)}

    def _cost(self, train: Dataset) -> FittingCost:
        n = train.n_items
        gram = 4.0 * n**2 if n <= _DENSE_ITEMS else 0.0
        return FittingCost(memory=gram + kept_bytes(self.candidates, n))

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        by_item: Csr = train.histories.matrix("weight").T.tocsr()
        n = train.n_items
        self.l2_ = usual_item_events(train) if self.l2 is None else self.l2
        near = strongest_products(by_item, by_item, self.candidates)
        counts = np.diff(near.indptr)
        gram = Gram(by_item)
        order = np.argsort(-counts, kind="stable")
        order = order[: int(np.count_nonzero(counts))]
        entries: list[tuple[AnyInt, AnyInt, Tensor]] = []
        with compiled_threads(run), run.progress.task(type(self).__name__, len(order)) as task:
            start = 0
            while start < len(order):
                width = int(counts[order[start]])
                items = order[start : start + max(1, _CELLS // width**2)]
                chosen, there = _padded(near, items, width)
                weights = self._descend(gram.among(chosen), gram.across(chosen, items), there)
                kept = torch.nonzero(weights).numpy()
                entries.append(
                    (chosen[kept[:, 0], kept[:, 1]], items[kept[:, 0]], weights[weights != 0])
                )
                start += len(items)
                task.advance(len(items))
        rows, columns, values = (
            ((np.concatenate(part) if part else np.empty(0)) for part in zip(*entries, strict=True))
            if entries
            else (np.empty(0), np.empty(0), np.empty(0))
        )
        shape = (n, n)
        self.weights_ = sparse.csr_array(
            (values.astype(np.float32), (rows.astype(np.int32), columns.astype(np.int32))), shape
        )

    def _descend(self, gram: Tensor, target: Tensor, there: Tensor) -> Tensor:
        """float32[n, width], the weights of each item's candidates.

        Args:
            gram: float32[n, width, width], x'x of the candidates.
            target: float32[n, width], x'x of candidates and item.
            there: bool[n, width], false where there are fewer candidates.
        """
        target = target * there
        if AVAILABLE:
            weights = np.zeros(target.shape, np.float32)
            _descend_rows(
                gram.numpy(),
                target.numpy(),
                weights,
                np.float32(self.l1),
                np.float32(self.l2_),
                self.non_negative,
                self.sweeps,
                np.float32(_TOLERANCE),
            )
            return torch.from_numpy(weights)
        found = torch.zeros_like(target)
        fitted = torch.zeros_like(target)  # gram @ found
        diagonal, by_candidate = gram.diagonal(dim1=1, dim2=2), gram.transpose(0, 1).contiguous()
        for _ in range(self.sweeps):
            largest = 0.0
            for place in range(target.shape[1]):
                own, before = diagonal[:, place], found[:, place]
                pull = target[:, place] - fitted[:, place] + own * before
                if self.non_negative:
                    pull = (pull - self.l1).clamp_(min=0)
                else:
                    pull = torch.nn.functional.softshrink(pull, self.l1)
                change = pull / (own + self.l2_) * there[:, place] - before
                found[:, place] += change
                fitted.addcmul_(by_candidate[place], change[:, None])
                largest = max(largest, float(change.abs().max()))
            if largest < _TOLERANCE:
                break
        return found


@compiled
def _descend_rows(
    gram: Float32,
    target: Float32,
    weights: Float32,
    l1: np.float32,
    l2: np.float32,
    non_negative: bool,
    sweeps: int,
    tolerance: np.float32,
) -> None:
    n, width = target.shape
    for row in loop_range(n):
        rest = target[row].copy()  # target - gram @ weights
        for _ in range(sweeps):
            largest = np.float32(0)
            for place in range(width):
                own, before = gram[row, place, place], weights[row, place]
                # Places without a candidate have a target of 0, and no weight.
                if target[row, place] == 0:
                    continue
                pull = rest[place] + own * before
                now = max(abs(pull) - l1, np.float32(0)) / (own + l2)
                if pull < 0:
                    now = np.float32(0) if non_negative else -now
                change = now - before
                if change != 0:
                    weights[row, place] = now
                    largest = max(largest, abs(change))
                    for other in range(width):
                        rest[other] -= change * gram[row, place, other]
            if largest < tolerance:
                break


class Gram:
    """Parts of X'X: kept whole where there are few items, computed otherwise.

    Args:
        by_item: csr[n_items, n_users], X'.
    """

    def __init__(self, by_item: Csr) -> None:
        self._dense = None
        if by_item.shape[0] <= _DENSE_ITEMS:
            self._dense = torch.from_numpy(product(by_item, by_item))
        else:
            self._sparse: Csr = (by_item @ by_item.T).tocsr()

    def among(self, items: AnyInt) -> Tensor:
        """float32[n, width, width] of int[n, width] items."""
        if self._dense is not None:
            index = torch.from_numpy(items)
            return self._dense[index[:, :, None], index[:, None, :]]
        return torch.from_numpy(
            np.stack([self._sparse[row][:, row].toarray() for row in items]).astype(np.float32)
        )

    def across(self, items: AnyInt, others: AnyInt) -> Tensor:
        """float32[n, width] of int[n, width] items and the int[n] that these are for."""
        if self._dense is not None:
            return self._dense[torch.from_numpy(others)[:, None], torch.from_numpy(items)]
        return torch.from_numpy(
            np.concatenate(
                [
                    self._sparse[[other]][:, row].toarray()
                    for row, other in zip(items, others, strict=True)
                ]
            ).astype(np.float32)
        )


def _padded(near: Csr, items: AnyInt, width: int) -> tuple[AnyInt, Tensor]:
    """int64[n, width], the columns of these rows, and bool[n, width], where there is one."""
    place = np.arange(width)
    there = place < np.diff(near.indptr)[items][:, None]
    flat = np.where(there, near.indptr[items][:, None] + place, 0)
    return near.indices[flat].astype(np.int64), torch.from_numpy(there)
