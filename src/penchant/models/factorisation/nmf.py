"""Non-negative matrix factorisation of interactions."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Recommender, Signal
from penchant.models.factorisation.non_negative import factorise, fold_in
from penchant.models.fitted_attributes import Declarations, floats, plain, signatures
from penchant.models.parameters import Space
from penchant.models.shared.one_user import require_one_user
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Csr, Float32, Float64, Int32


class NMF(Recommender):
    """Users' interactions as sums of a few parts, none of which takes anything away.

    X, users by items, has the weight of each event and 0 for every pair without one, which counts
    as much as an event does: scikit-learn's NMF knows no missing entries. It minimises
    |X - W H|^2 + l2 |X| (|W|^2 + |H|^2), where W and H are at least 0 and |X| is the root of the
    sum of squares: Lee and Seung, "Learning the Parts of Objects by Non-Negative Matrix
    Factorization" (1999), by coordinate descent. The score of an item is its entry of W H.

    Users whose history has changed since training, and new users, get their row of W from the
    history, with H as it is.

    Attributes:
        dim: number of parts.
        l2: strength of regularisation, in parts of |X|. None is .5 / n^(1/4) for n events (.016 for
            a million, .07 for two thousand): the fewer there are, the more of them is chance.
        epochs: passes over W and H.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64
    l2: Annotated[float | None, Field(ge=0), Space(1e-3, 0.2, log=True)] = None
    epochs: Annotated[int, Field(gt=0)] = 30

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 16.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        "user_factors_": floats("users", "dim", low=0),
        "item_factors_": floats("items", "dim", low=0),
        "l2_": plain(float),
        "ridge_": plain(float),
        "signatures_": signatures(),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        x = train.histories.matrix("weight").astype(np.float64)
        self.l2_ = 0.5 / max(x.nnz, 1) ** 0.25 if self.l2 is None else self.l2
        self.ridge_ = self.l2_ * float(np.sqrt((x.data**2).sum()))
        with run.progress.task(type(self).__name__, 1) as task:
            _, h = factorise(
                x, self.dim, l2=(self.ridge_, self.ridge_), passes=self.epochs, seed=self.seed
            )
            task.advance()
        h[:, np.diff(x.tocsc().indptr) == 0] = 0  # nothing is known of these items
        self.item_factors_: Float32 = np.asarray(h.T, np.float32, order="C")
        # As the same histories would get them again.
        self.user_factors_: Float32 = self._rows(x)
        self.signatures_ = train.histories.weighted_signatures

    def _rows(self, x: Csr) -> Float32:
        """float32[n_users, dim], the rows of W for float64[n_users, n_items]."""
        h = np.asarray(self.item_factors_.T, np.float64, order="C")
        return np.asarray(fold_in(x, h, self.ridge_), np.float32)

    @property
    def uses_weights(self) -> bool:
        """True: entries of X are the weights."""
        return True

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that share no part with the user."""
        return 0.0

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim], stored for unchanged histories, otherwise folded in."""
        same = users.users >= 0
        same[same] = users.weighted_signatures[same] == self.signatures_[users.users[same]]
        rows = self.user_factors_[users.users]
        if not same.all():
            rest = users.take(np.flatnonzero(~same)).matrix("weight")
            rows[~same] = self._rows(rest.astype(np.float64))
        return np.asarray(rows)

    def item_vectors(self) -> Float32:
        """float32[n_items, dim], how much each part has of each item."""
        return self.item_factors_

    def _scores(self, users: Histories) -> Float32:
        return np.asarray(self.user_vectors(users) @ self.item_factors_.T)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], each event's part of the score.

        On the parts that a user has, the row of W is linear in the history: it solves
        (H H' + ridge I) w = H x there.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        used = np.flatnonzero(self.user_vectors(user)[0] > 0)
        h: Float64 = self.item_factors_[:, used].astype(np.float64)
        if not len(used):
            return np.zeros((len(items), user.n_events), np.float32)
        system = h.T @ h
        system[np.diag_indices_from(system)] += self.ridge_
        parts = h[items] @ np.linalg.lstsq(system, h[user.items].T, rcond=None)[0]
        return np.asarray(parts * user.event_weights, np.float32)
