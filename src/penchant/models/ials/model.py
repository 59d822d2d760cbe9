"""Matrix factorisation for implicit feedback."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from penchant.compiled import AVAILABLE, compiled_threads
from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.merging import MergedLog
from penchant.distributed.cluster import require_workers
from penchant.distributed.object_store import ObjectStore, object_store
from penchant.models.base import Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, floats, plain, signatures
from penchant.models.ials.conjugate_gradients import (
    batches_of_like_length,
    improve,
    padded_entries,
)
from penchant.models.ials.single_rows import solved_rows
from penchant.models.parameters import Space
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.updatable import Updatable, UpdateKind
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Csr, Float32, Int32, Int64

UNOBSERVED = 14.0
"""The default weight of all pairs without an event, in events."""
_FEW_ROWS = 8  # that are solved one by one
RIDGE, LOWEST, HIGHEST = 2.5, 0.006, 0.1
"""The default `l2` is the first over the root of the number of events, within the others."""
_ITEMS = 50  # for each dimension of the vectors by default
_FEWEST, _MOST, _STEP = 48, 192, 16  # of their default length
_EVENT, _SHARDED_EVENT = 28.0, 20.0  # bytes: in two matrices, and while these are made
_CELLS = 2**20  # floats gathered at once: rows × history length × dimensions


class IALS(Updatable):
    """Implicit alternating least squares.

    Minimises the sum over events of c (1 - w.h)^2, plus `unobserved` times the sum over all pairs
    of (w.h)^2, plus `l2` times the sum over rows of |row|^2 (n + unobserved * n_other)^nu: Hu,
    Koren and Volinsky (2008) in the form of Rendle et al., "Revisiting the Performance of iALS
    on Item Recommendation Benchmarks" (2022). The confidence c is the weight of the event over the
    mean of the user's, and 1 where events have no weights.

    Users whose history has changed since training, and new users, get their vector from the
    history by the same exact step.

    `update` folds new items and users in, each by the exact step given the other side, and takes
    `update_epochs` rounds over all events from the vectors that there are: near to a new fit, and
    not equal to it.

    Attributes:
        dim: length of the vectors. None is a fiftieth of the number of items with events, rounded
            up to a multiple of 16, from 48 to 192: the more items there are, the more of them have
            little in common.
        l2: strength of regularisation. None is 2.5 divided by the root of the number of events,
            .008 for 100,000, and at least .006 and at most .1.
        unobserved: weight of pairs without an event. None is 14 times the share of pairs that
            have one, so that all pairs without an event count as much beside the events, however
            sparse the log is.
        nu: how much regularisation grows with a row's number of events: by
            (n + unobserved * n_other) ** nu.
        steps: of conjugate gradients in a round, from the vectors of the round before.
        epochs: rounds over users and items.
        update_epochs: rounds over all users and items in an update, after what is new was folded
            in; 0 leaves the vectors of known items as they are.
    """

    dim: Annotated[int | None, Field(gt=0), Space(16, 256, log=True)] = None
    l2: Annotated[float | None, Field(gt=0), Space(1e-4, 1, log=True)] = None
    unobserved: Annotated[float | None, Field(gt=0), Space(0.001, 1, log=True)] = None
    nu: Annotated[float, Field(ge=0, le=1)] = 1.0
    steps: Annotated[int, Field(gt=0)] = 3
    epochs: Annotated[int, Field(gt=0)] = 15
    update_epochs: Annotated[int, Field(ge=0)] = 3

    row_parallel: ClassVar[bool] = True
    update_kind: ClassVar[UpdateKind] = "fold-in"
    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_", "l2_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        "user_factors_": floats("users", "n_factors"),
        "item_factors_": floats("items", "n_factors"),
        "signatures_": signatures(),
        "l2_": plain(float),
        "unobserved_": plain(float),
    }

    def _n_factors(self, train: Dataset) -> int:
        """The length of the vectors."""
        n_items = np.count_nonzero(train.item_counts)
        return self.dim or int(np.clip(-(-n_items // (_ITEMS * _STEP)) * _STEP, _FEWEST, _MOST))

    def _cost(self, train: Dataset) -> FittingCost:
        vectors = 4.0 * self._n_factors(train) * (train.n_users + train.n_items)
        return FittingCost(memory=vectors + _EVENT * len(train))

    def _cost_by_rows(self, train: Dataset) -> FittingCost:
        vectors = 4.0 * self._n_factors(train) * (train.n_users + 2 * train.n_items)
        return FittingCost(memory=vectors + _SHARDED_EVENT * len(train))

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.signatures_ = train.histories.weighted_signatures
        if run.ray is not None:
            require_workers(run)
            with object_store(run) as store:
                self._fit_sharded(train, store, run.workers or store.slots, run)
            return
        by_user = train.histories.matrix("weight")
        self._weigh(by_user.nnz, by_user.shape)
        counts = np.bincount(by_user.indices, minlength=train.n_items)
        items = self._initial_items(counts, self._n_factors(train))
        users = np.zeros((train.n_users, items.shape[1]), np.float32)
        self._alternate(users, items, by_user, self.epochs, run)

    def _fit_sharded(self, train: Dataset, store: ObjectStore, n_shards: int, run: Run) -> None:
        """The same with rows of both tables sharded among the workers of a cluster."""
        from penchant.models.ials.sharded import alternate, shard_events

        users, items = shard_events(train.histories, train.item_counts, n_shards, store)
        self._weigh(int(users.counts.sum()), (train.n_users, train.n_items))
        start = self._initial_items(items.counts, self._n_factors(train))
        items.vectors = [store.put(start[items.rows(n)]) for n in range(n_shards)]
        del start
        self.user_factors_, self.item_factors_ = alternate(
            users,
            items,
            store,
            unobserved=self.unobserved_,
            ridge=self._ridge,
            steps=self.steps,
            epochs=self.epochs,
            run=run,
        )

    def _take_in(self, both: MergedLog, run: Run) -> None:
        by_user = both.log.histories.matrix("weight")
        self._weigh(by_user.nnz, by_user.shape)
        n_factors = self.item_factors_.shape[1]
        users = np.zeros((both.log.n_users, n_factors), np.float32)
        users[both.user_places] = self.user_factors_
        # New items that only new users have start as in a fit: zeros on both sides would stay so.
        counts = np.bincount(by_user.indices, minlength=by_user.shape[1])
        items = self._initial_items(counts, n_factors)
        items[both.item_places] = self.item_factors_
        new_items = np.delete(np.arange(len(items)), both.item_places)
        folded = self._solve(by_user.T.tocsr()[new_items], torch.from_numpy(users)).numpy()
        has_known_users = folded.any(axis=1)
        items[new_items[has_known_users]] = folded[has_known_users]
        new_users = np.delete(np.arange(len(users)), both.user_places)
        users[new_users] = self._solve(by_user[new_users], torch.from_numpy(items)).numpy()
        self._alternate(users, items, by_user, self.update_epochs, run)
        self.signatures_ = both.log.histories.weighted_signatures

    def _weigh(self, n_events: int, shape: tuple[int, int]) -> None:
        """Set what regularisation and pairs without an event weigh in a log of users and items."""
        density = n_events / (shape[0] * shape[1])
        usual = float(np.clip(RIDGE / max(n_events, 1) ** 0.5, LOWEST, HIGHEST))
        self.l2_ = usual if self.l2 is None else self.l2
        self.unobserved_ = self.unobserved or min(1.0, UNOBSERVED * density)

    def _initial_items(self, counts: Int64, n_factors: int) -> Float32:
        """float32[n_items, n_factors], small random numbers, and zeros for items without events."""
        n_items = len(counts)
        generator = torch.Generator().manual_seed(self.seed)
        items: Float32 = torch.randn(n_items, n_factors, generator=generator).numpy()
        items *= np.float32(0.1 / n_factors**0.5)
        items[counts == 0] = 0
        return items

    def _alternate(
        self, users: Float32, items: Float32, by_user: Csr, epochs: int, run: Run
    ) -> None:
        """Improve users and items in turn, in place, and keep them."""
        by_item = by_user.T.tocsr()
        with compiled_threads(run):
            for _ in run.track(range(epochs), f"{type(self).__name__} epochs"):
                self._improve(users, by_user, items)
                self._improve(items, by_item, users)
        del by_item
        # Users last and exactly, so that stored vectors are what the same history would get again.
        users.fill(0)
        self._solve(by_user, torch.from_numpy(items), out=torch.from_numpy(users))
        self.user_factors_, self.item_factors_ = users, items

    @property
    def uses_weights(self) -> bool:
        """True: they are the confidence of events."""
        return True

    def _ridge(self, counts: Int64, n_other: int) -> Float32:
        """float32[n], the regularisation of rows with so many events."""
        ridge = self.l2_ * (counts + self.unobserved_ * n_other) ** self.nu
        return np.asarray(ridge, np.float32)

    def _improve(self, vectors: Float32, confidence: Csr, other: Float32) -> None:
        """Some steps towards the vectors of one side, given the other's."""
        counts = np.diff(confidence.indptr).astype(np.int64)
        gram = np.asarray(np.float32(self.unobserved_) * (other.T @ other), np.float32)
        improve(vectors, confidence, other, gram, self._ridge(counts, len(other)), self.steps)

    def _solve(
        self,
        confidence: Csr,
        other: Tensor,
        products: Tensor | None = None,
        *,
        out: Tensor | None = None,
    ) -> Tensor:
        """The exact vectors of one side, given the other's: a linear system for each row.

        `products` are those of the other side's columns, where they are at hand; `out` are zeros
        that the vectors take the place of.
        """
        weighted = bool((confidence.data != 1).any())
        counts = np.diff(confidence.indptr).astype(np.int64)
        gram = self.unobserved_ * (other.T @ other if products is None else products)
        ridges = self._ridge(counts, len(other))
        if len(counts) <= _FEW_ROWS:
            few = torch.from_numpy(solved_rows(confidence, other.numpy(), gram.numpy(), ridges))
            return few if out is None else out.copy_(few)
        out = torch.zeros(len(counts), other.shape[1]) if out is None else out
        if AVAILABLE:  # from zeros, so that whatever was there before does not matter
            most = 2 * other.shape[1]
            with compiled_threads(Run()):
                improve(out.numpy(), confidence, other.numpy(), gram.numpy(), ridges, most)
            return out
        ridge = torch.from_numpy(ridges)
        for rows in batches_of_like_length(counts, other.shape[1], _CELLS):
            places, there = padded_entries(confidence, rows, counts)
            vectors = other[torch.from_numpy(confidence.indices[places].astype(np.int64))]
            vectors *= torch.from_numpy(there)[:, :, None]
            confident = vectors
            if weighted:
                confident = vectors * torch.from_numpy(confidence.data[places])[:, :, None]
            system = torch.baddbmm(gram.expand(len(rows), -1, -1), vectors.mT, confident)
            index = torch.from_numpy(rows)
            system.diagonal(dim1=1, dim2=2).add_(ridge[index][:, None])
            right = confident.sum(dim=1)[:, :, None]
            factor = torch.linalg.cholesky(system)
            out[index] = torch.cholesky_solve(right, factor)[:, :, 0]
        return out

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, n_factors], stored for unchanged histories, otherwise folded in."""
        same = users.users >= 0
        if same.any():
            same[same] = users.weighted_signatures[same] == self.signatures_[users.users[same]]
        if same.all():
            return np.asarray(self.user_factors_[users.users])
        vectors = np.empty((len(users), self.item_factors_.shape[1]), np.float32)
        vectors[same] = self.user_factors_[users.users[same]]
        rest = users.take(np.flatnonzero(~same)).matrix("weight")
        solved = self._solve(rest, torch.from_numpy(self.item_factors_), self._item_products)
        vectors[~same] = solved.numpy()
        return vectors

    @derived_from("item_factors_")
    def _item_products(self) -> Tensor:
        """float32[n_factors, n_factors], which for one new user would take longer than all else."""
        items = torch.from_numpy(self.item_factors_)
        return items.T @ items

    def item_vectors(self) -> Float32:
        """float32[n_items, n_factors]."""
        factors: Float32 = self.item_factors_
        return factors

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items without events, and all scores of a user without any vector."""
        return 0.0

    def _scores(self, users: Histories) -> Float32:
        left = torch.from_numpy(self.user_vectors(users))
        return np.asarray((left @ torch.from_numpy(self.item_factors_).T).numpy())

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], each event's part of the score (Hu et al. 2008, eq. 7).

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        factors = self.item_factors_.astype(np.float64)
        pairs = user.matrix("weight")
        unique, mine = pairs.indices, factors[pairs.indices]
        ridge = self._ridge(np.array([len(unique)]), len(factors))[0]
        system = self.unobserved_ * factors.T @ factors + (mine.T * pairs.data) @ mine
        system[np.diag_indices(len(system))] += ridge
        parts = factors[items] @ np.linalg.solve(system, factors[user.items].T)
        return np.asarray(parts * user.event_weights, np.float32)
