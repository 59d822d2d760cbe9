"""EASE with few weights an item, for catalogues whose dense matrix would not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, plain
from penchant.models.parameters import Space
from penchant.models.shared.item_weights import ease_ridge
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.models.shared.sparse_rows import product, strongest_products
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import AnyInt, Csr, Float32, Float64

_DENSE_ITEMS = 12_000  # up to which the whole Gram matrix is kept, of 4 bytes an entry
_BYTES = 40  # for each weight at the peak: neighbours, then weights in parts, then joined
_BLOCKS = 3e8  # bytes of blocks of products


class SparseEASE(SparseItemWeights, Refitting):
    """EASE by inverting neighbourhoods instead of the whole.

    With X the users × items matrix of interactions and G = X'X + l2 I, `EASE` inverts all of G.
    Here an item's weights are those of the inverse of G restricted to a neighbourhood of
    `neighbours` items, which is the ridge regression of the item on them alone; all others have
    none. Neighbours are the items that lower the error of that regression most when they stand
    alone in it, which is G_ij^2 / G_ii. Each inverse serves the centre of its neighbourhood and
    the `share` of it nearest to the centre: Steck, "Markov Random Fields for Collaborative
    Filtering" (2019), section 3.2; with `share` 0 every item has an inverse of its own. (Spišák
    et al., "Scalable Approximate NonSymmetric Autoencoder for Collaborative Filtering" (2023),
    reach the same by incomplete factors, which SciPy does not have.)

    Fitting takes 40 bytes × items × `neighbours`, and with up to 12,000 items 4 bytes × items²;
    what is left is 8 bytes × items × `neighbours`.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        l2: strength of regularisation. None is what `ease_ridge` says of the log.
        neighbours: the items that have a weight for an item.
        share: of a neighbourhood that takes its weights from the centre's inverse.
    """

    l2: Annotated[float | None, Field(gt=0), Space(1, 1e4, log=True)] = None
    neighbours: Annotated[int, Field(gt=0), Space(50, 1000, log=True)] = 200
    share: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.2

    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"l2_"})
    fitted_attributes: ClassVar[Declarations] = {"l2_": plain(float)}

    def _cost(self, train: Dataset) -> FittingCost:
        n = int(np.count_nonzero(train.item_counts))
        width = min(self.neighbours, n)
        memory = _BYTES * n * width + (4 * n**2 if n <= _DENSE_ITEMS else 0)
        inverses = n / (1 + self.share * width)
        return FittingCost(
            memory=memory + min(_BLOCKS, 16.0 * n**2), multiply_adds=inverses * width**3
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.l2_ = ease_ridge(train, self.l2)
        x = train.histories.matrix("weight")
        used = np.flatnonzero(np.diff(x.tocsc().indptr))
        by_item: Csr = x[:, used].T.tocsr()
        squares: Float64 = np.asarray(by_item.power(2).sum(axis=1), np.float64).ravel()
        scales = np.asarray(1 / np.sqrt(squares + self.l2_), np.float32)
        near = strongest_products(
            by_item, by_item, self.neighbours, lambda gram, _, columns: gram * scales[columns]
        )
        gram = product(by_item, by_item) if len(used) <= _DENSE_ITEMS else None
        rows: list[AnyInt] = [np.zeros(0, np.int32)]
        columns: list[AnyInt] = [np.zeros(0, np.int32)]
        values: list[Float32] = [np.zeros(0, np.float32)]
        with run.progress.task(type(self).__name__, len(used)) as task:
            for items, n_members in neighbourhoods(near, squares, self.share):
                part = by_item[items]
                local = (part @ part.T).toarray() if gram is None else gram[np.ix_(items, items)]
                weights = self._weights(local, n_members)
                place, member = np.nonzero(weights)
                rows.append(used[items[place]].astype(np.int32))
                columns.append(used[items[member]].astype(np.int32))
                values.append(weights[place, member])
                task.advance(n_members)
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        self.weights_ = sparse.csr_array(entries, shape=(train.n_items, train.n_items))

    def _weights(self, gram: Float32, n_members: int) -> Float32:
        """float32[n, n_members], the weights of n items for the first of them."""
        system: Float64 = gram.astype(np.float64)
        system[np.diag_indices_from(system)] += self.l2_
        inverse = cho_solve(
            cho_factor(system, lower=True, overwrite_a=True, check_finite=False),
            np.eye(len(system), n_members),
            overwrite_b=True,
            check_finite=False,
        )
        own = np.arange(n_members)
        weights = np.asarray(inverse / -inverse[own, own], np.float32)
        weights[own, own] = 0
        return weights


def neighbourhoods(near: Csr, counts: Float64, share: float) -> Iterator[tuple[AnyInt, int]]:
    """Neighbourhoods in which each item has its place, as int[n] items and a number of members.

    The members, the first of the items, are the centre and those of the `share` of its neighbours
    nearest to it that are no members yet. Centres are the items with most events first.

    Args:
        near: csr[n_items, n_items], how near the neighbours of each row are.
        counts: float64[n_items], events.
        share: see above.
    """
    waiting = np.ones(near.shape[0], np.bool_)
    for centre in np.argsort(-counts, kind="stable"):
        if not waiting[centre]:
            continue
        entries = slice(near.indptr[centre], near.indptr[centre + 1])
        order = np.argsort(-near.data[entries], kind="stable")
        items = near.indices[entries][order]
        first = items[: int(share * len(items))]
        chosen = np.zeros(len(items), np.bool_)
        chosen[: len(first)] = waiting[first]
        members = np.append(centre, items[chosen])
        waiting[members] = False
        if len(items):
            yield np.append(members, items[~chosen]), len(members)
