"""Matrix factorisation for implicit feedback."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Recommender, Signal, require_one_user
from penchant.models.fitted_attributes import Declarations, floats, signatures
from penchant.models.parameters import Space
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Csr, Float32, Int32

_CELLS = 2**22  # floats gathered at once: rows × history length × dimensions


class IALS(Recommender):
    """Implicit alternating least squares.

    Minimises the sum over events of c (1 - w.h)^2, plus `unobserved` times the sum over all pairs
    of (w.h)^2, plus `l2` times the sum over rows of |row|^2 (n + unobserved * n_other)^nu: Hu,
    Koren and Volinsky (2008) in the form of Rendle et al., "Revisiting the Performance of iALS
    on Item Recommendation Benchmarks" (2022). The confidence c is the weight of the event over the
    mean of the user's, and 1 where events have no weights.

    Users whose history has changed since training, and new users, get their vector from the
    history by the same exact step.

    Attributes:
        dim: length of the vectors.
        l2: strength of regularisation.
        unobserved: weight of pairs without an event.
        nu: how much regularisation grows with a row's number of events: by
            (n + unobserved * n_other) ** nu.
        epochs: rounds over users and items.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64
    l2: Annotated[float, Field(gt=0), Space(1e-4, 1, log=True)] = 0.01
    unobserved: Annotated[float, Field(gt=0), Space(0.003, 1, log=True)] = 0.3
    nu: Annotated[float, Field(ge=0, le=1)] = 1.0
    epochs: Annotated[int, Field(gt=0)] = 15

    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        "user_factors_": floats("users", "dim"),
        "item_factors_": floats("items", "dim"),
        "signatures_": signatures(),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        by_user = train.histories.matrix("weight")
        by_item = by_user.T.tocsr()
        scale = 0.1 / self.dim**0.5
        users = torch.zeros(train.n_users, self.dim)
        items = torch.randn(train.n_items, self.dim, generator=generator) * scale
        items[torch.from_numpy(np.diff(by_item.indptr) == 0)] = 0
        for _ in run.track(range(self.epochs), f"{type(self).__name__} epochs"):
            users = self._solve(by_user, items)
            items = self._solve(by_item, users)
        # Users last, so that stored vectors are what the same history would get again.
        users = self._solve(by_user, items)
        self.user_factors_ = users.numpy()
        self.item_factors_ = items.numpy()
        self.signatures_ = train.histories.weighted_signatures

    @property
    def uses_weights(self) -> bool:
        """True: they are the confidence of events."""
        return True

    def _solve(self, confidence: Csr, other: Tensor) -> Tensor:
        """The exact vectors of one side, given the other's: a linear system for each row."""
        indptr, indices = confidence.indptr, confidence.indices
        weights = torch.from_numpy(np.append(confidence.data, np.float32(0)))
        weighted = bool((confidence.data != 1).any())
        counts = np.diff(indptr).astype(np.int64)
        gram = self.unobserved * (other.T @ other)
        ridge = self.l2 * (counts + self.unobserved * len(other)) ** self.nu
        out = torch.zeros(len(counts), self.dim)
        index = torch.from_numpy(np.append(indices.astype(np.int64), len(other)))
        padded = torch.cat([other, torch.zeros(1, self.dim)])
        order = np.argsort(counts, kind="stable")
        order = order[np.searchsorted(counts[order], 1) :]
        start = 0
        while start < len(order):
            # Rows of like length share a batch, padded to its longest with a zero vector.
            stop = start + 1
            limit = min(len(order), start + 4096)
            lengths = counts[order[start:limit]]
            fits = np.arange(1, len(lengths) + 1) * lengths * self.dim <= _CELLS
            stop = start + max(1, int(np.searchsorted(~fits, True)))
            rows = order[start:stop]
            width = int(counts[rows[-1]])
            place = np.arange(width)
            inside = place < counts[rows][:, None]
            flat = np.where(inside, indptr[rows].astype(np.int64)[:, None] + place, len(indices))
            # The appended index leads to the appended zero vector.
            entries = torch.from_numpy(flat.reshape(-1))
            vectors = padded.index_select(0, index[entries]).view(len(rows), width, self.dim)
            confident = vectors
            if weighted:
                confident = vectors * weights[entries].view(len(rows), width, 1)
            system = torch.baddbmm(gram.expand(len(rows), -1, -1), vectors.mT, confident)
            system.diagonal(dim1=1, dim2=2).add_(
                torch.from_numpy(ridge[rows].astype(np.float32))[:, None]
            )
            right = confident.sum(dim=1)[:, :, None]
            factor = torch.linalg.cholesky(system)
            out[torch.from_numpy(rows)] = torch.cholesky_solve(right, factor)[:, :, 0]
            start = stop
        return out

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim], stored for unchanged histories, otherwise folded in."""
        same = users.users >= 0
        same[same] = users.weighted_signatures[same] == self.signatures_[users.users[same]]
        if same.all():
            return np.asarray(self.user_factors_[users.users])
        vectors = np.empty((len(users), self.dim), np.float32)
        vectors[same] = self.user_factors_[users.users[same]]
        rest = users.take(np.flatnonzero(~same)).matrix("weight")
        solved = self._solve(rest, torch.from_numpy(self.item_factors_))
        vectors[~same] = solved.numpy()
        return vectors

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]."""
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
        ridge = self.l2 * (len(unique) + self.unobserved * len(factors)) ** self.nu
        system = self.unobserved * factors.T @ factors + (mine.T * pairs.data) @ mine
        system[np.diag_indices(self.dim)] += ridge
        parts = factors[items] @ np.linalg.solve(system, factors[user.items].T)
        return np.asarray(parts * user.event_weights, np.float32)
