"""Factors of items and of what is in a user's history, learned from one rating at a time.

The rating of item i by user u is b_u + b_i + q_i . z_u, where z_u = p_u + |N|^-1/2 times the sum
over the history N of y_j + r_j x_j, r_j being how far the user's rating of j is from its baseline.
Koren, "Factorization Meets the Neighborhood" (2008): eq. 15 without x, eq. 13 without p.
Stochastic gradient descent on a rating moves all y_j, and all x_j but for their r_j, by the same
vector. That vector and z_u are therefore all that has to be kept up to date while the ratings of a
user are gone through, and the rows of the history are moved once, at the end: the very steps of
the paper, in time that grows with events times `dim` rather than with the square of a history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy.linalg import solve_triangular, toeplitz
from torch import Tensor, nn

from penchant.compiled import AVAILABLE, compiled_in_order
from penchant.typing import AnyInt, Csr, Float32, Float64, Int64

SHORT = np.float32(20)
"""The penalty on a history's vectors is 1 + this / length times as large as for a long history: of
what few events say together less is known."""
CHUNK = 256  # ratings of a user whose errors are solved for at once where nothing is compiled


@dataclass(frozen=True, eq=False)
class UserRatings:
    """The ratings of each user, an item once, in an order drawn at random.

    Attributes:
        offsets: int64[n_users + 1].
        items: int64[n_ratings].
        targets: float32[n_ratings], what is to be learned.
        residuals: float32[n_ratings], how far each rating is from its baseline.
    """

    offsets: Int64
    items: Int64
    targets: Float32
    residuals: Float32

    @classmethod
    def of(cls, targets: Csr, residuals: Csr, generator: torch.Generator) -> Self:
        """From two users × items matrices with entries at the same places."""
        rows = np.repeat(np.arange(targets.shape[0]), np.diff(targets.indptr))
        order = torch.randperm(targets.nnz, generator=generator).numpy()
        order = order[np.argsort(rows[order], kind="stable")]
        return cls(
            targets.indptr.astype(np.int64),
            targets.indices[order].astype(np.int64),
            np.asarray(targets.data[order], np.float32),
            np.asarray(residuals.data[order], np.float32),
        )


class HistoryFactors(nn.Module):
    """What is learned of items and users.

    Args:
        item_bias: float32[n_items], to begin with.
        user_bias: float32[n_users], likewise.
        rated: bool[n_items]; rows of other items are zeros, and stay so.
        dim: length of the vectors.
        scale: standard deviation of the initial vectors of items; all others begin at 0.
        generator: source of the initial vectors.
    """

    items: Tensor
    implicit: Tensor
    explicit: Tensor
    users: Tensor
    item_bias: Tensor
    user_bias: Tensor

    def __init__(
        self,
        item_bias: Float32,
        user_bias: Float32,
        rated: Tensor,
        dim: int,
        scale: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        n_items = len(item_bias)
        rows = torch.randn(n_items, dim, generator=generator) * scale
        self.register_buffer("items", rows * rated[:, None])
        for name in ("implicit", "explicit"):
            self.register_buffer(name, torch.zeros(n_items, dim))
        self.register_buffer("users", torch.zeros(len(user_bias), dim))
        self.register_buffer("item_bias", torch.from_numpy(item_bias.copy()))
        self.register_buffer("user_bias", torch.from_numpy(user_bias.copy()))


class HistoryFactorsStep:
    """A step of stochastic gradient descent for each rating of some users, one after another.

    Args:
        network: what is trained.
        ratings: of all users.
        learning_rate: of each step.
        l2: weight of the squares of an item's and a user's vector, for each rating.
        l2_bias: weight of the square of an item's or a user's bias, however many ratings it has.
        l2_history: weight of the mean of the squares of the history's vectors, for each rating.
        own: whether users have vectors and biases of their own that are learned.
        explicit: whether residuals count.
    """

    def __init__(
        self,
        network: HistoryFactors,
        ratings: UserRatings,
        *,
        learning_rate: float,
        l2: float,
        l2_bias: float,
        l2_history: float,
        own: bool,
        explicit: bool,
    ) -> None:
        self.network, self.ratings = network, ratings
        self.rate, self.l2 = np.float32(learning_rate), np.float32(l2)
        self.l2_history = np.float32(l2_history)
        self.own, self.explicit = own, explicit
        counts = np.diff(ratings.offsets), np.bincount(ratings.items, minlength=len(network.items))
        # What is left of a bias after a step. The step's penalty is at the bias after the step,
        # which cannot overshoot, however few ratings there are.
        self._keep_user, self._keep_item = (
            (1 / (1 + learning_rate * l2_bias / np.maximum(n, 1))).astype(np.float32)
            for n in counts
        )
        n_active = int(np.count_nonzero(np.diff(ratings.offsets)))
        self._average = len(ratings.items) / max(1, n_active)

    def __call__(self, users: Tensor) -> Tensor:
        """Learn from the ratings of int64[n] users; the mean squared error before each step.

        The mean is over as many ratings as that many users have on average.
        """
        network, ratings = self.network, self.ratings
        descend = _descend if AVAILABLE else descend_in_chunks
        total = descend(
            users.numpy(),
            ratings.offsets,
            ratings.items,
            ratings.targets,
            ratings.residuals,
            network.items.numpy(),
            network.implicit.numpy(),
            network.explicit.numpy(),
            network.users.numpy(),
            network.item_bias.numpy(),
            network.user_bias.numpy(),
            self._keep_item,
            self._keep_user,
            self.rate,
            self.l2,
            self.l2_history,
            self.own,
            self.explicit,
        )
        return torch.tensor(total / (self._average * len(users)))


@compiled_in_order
def _descend(
    users: AnyInt,
    offsets: Int64,
    items: Int64,
    targets: Float32,
    residuals: Float32,
    q: Float32,
    y: Float32,
    x: Float32,
    p: Float32,
    item_bias: Float32,
    user_bias: Float32,
    keep_item: Float32,
    keep_user: Float32,
    rate: np.float32,
    l2: np.float32,
    l2_history: np.float32,
    own: bool,
    explicit: bool,
) -> float:
    dim, total, one = q.shape[1], 0.0, np.float32(1)
    keep = one - rate * l2
    mine, past = np.empty(dim, np.float32), np.empty(dim, np.float32)
    moved = np.empty(dim, np.float32)
    for user in users:
        start, stop = offsets[user], offsets[user + 1]
        if start == stop:
            continue
        norm = one / np.sqrt(np.float32(stop - start))
        gain = np.float32(0)
        for k in range(dim):
            mine[k] = p[user, k] if own else np.float32(0)
            past[k] = moved[k] = np.float32(0)
        for place in range(start, stop):
            row, size = items[place], residuals[place]
            gain += one
            for k in range(dim):
                past[k] += y[row, k]
            if explicit:
                gain += size * size
                for k in range(dim):
                    past[k] += size * x[row, k]
        gain *= norm * norm
        for k in range(dim):
            past[k] *= norm
        bias, kept, keep_bias = user_bias[user], one, keep_user[user]
        keep_past = one / (one + rate * l2_history * norm * norm * (one + SHORT * norm * norm))
        for place in range(start, stop):
            row = items[place]
            error = targets[place] - item_bias[row] - bias
            for k in range(dim):
                error -= q[row, k] * (mine[k] + past[k])
            total += error * error
            step = rate * error
            item_bias[row] = keep_item[row] * (item_bias[row] + step)
            for k in range(dim):
                before = q[row, k]
                q[row, k] = keep * before + step * (mine[k] + past[k])
                past[k] = keep_past * past[k] + gain * step * before
                moved[k] = keep_past * moved[k] + step * before
                if own:
                    mine[k] = keep * mine[k] + step * before
            if own:
                bias = keep_bias * (bias + step)
            kept *= keep_past
        for place in range(start, stop):
            row = items[place]
            for k in range(dim):
                y[row, k] = kept * y[row, k] + norm * moved[k]
            if explicit:
                scaled = norm * residuals[place]
                for k in range(dim):
                    x[row, k] = kept * x[row, k] + scaled * moved[k]
        if own:
            user_bias[user] = bias
            for k in range(dim):
                p[user, k] = mine[k]
    return total


def descend_in_chunks(
    users: AnyInt,
    offsets: Int64,
    items: Int64,
    targets: Float32,
    residuals: Float32,
    q: Float32,
    y: Float32,
    x: Float32,
    p: Float32,
    item_bias: Float32,
    user_bias: Float32,
    keep_item: Float32,
    keep_user: Float32,
    rate: np.float32,
    l2: np.float32,
    l2_history: np.float32,
    own: bool,
    explicit: bool,
) -> float:
    """The same steps with whole arrays: the sum of squared errors.

    Each error is linear in those before it, so that the errors of a user's next ratings solve a
    triangular system.
    """
    total, eta = 0.0, float(rate)
    keep = 1 - eta * float(l2)
    powers, earlier = _powers(keep)
    for user in users:
        start, stop = int(offsets[user]), int(offsets[user + 1])
        if start == stop:
            continue
        rows, sizes = items[start:stop], residuals[start:stop, None].astype(np.float64)
        norm, gain = (stop - start) ** -0.5, 1.0
        past = norm * y[rows].sum(0, dtype=np.float64)
        if explicit:
            past += norm * (sizes * x[rows]).sum(0)
            gain += float(np.square(sizes).mean())
        mine, bias = p[user].astype(np.float64), float(user_bias[user])
        moved = np.zeros_like(past)
        keep_past = 1 / (1 + eta * float(l2_history) * norm**2 * (1 + float(SHORT) * norm**2))
        powers_past, earlier_past = _powers(keep_past, min(stop - start, CHUNK))
        keep_bias = float(keep_user[user])
        powers_bias, earlier_bias = _powers(keep_bias, min(stop - start, CHUNK))
        for first in range(start, stop, CHUNK):
            some = items[first : min(stop, first + CHUNK)]
            n = len(some)
            before, base = q[some].astype(np.float64), item_bias[some].astype(np.float64)
            gram = before @ before.T
            system = gain * earlier_past[:n, :n] * gram
            shown = before @ past * powers_past[:n] + base
            if own:
                system += earlier[:n, :n] * gram + keep_bias * earlier_bias[:n, :n]
                shown += before @ mine * powers[:n] + bias * powers_bias[:n]
            else:
                shown += bias
            errors = solve_triangular(
                eta * system, targets[first : first + n] - shown, lower=True, unit_diagonal=True
            )
            steps = eta * errors
            states = powers_past[:n, None] * past + gain * (earlier_past[:n, :n] * steps) @ before
            late = (powers_past[n - 1 :: -1] * steps) @ before
            past = powers_past[n] * past + gain * late
            moved = powers_past[n] * moved + late
            if own:
                states += powers[:n, None] * mine + (earlier[:n, :n] * steps) @ before
                mine = powers[n] * mine + (powers[n - 1 :: -1] * steps) @ before
                bias = powers_bias[n] * bias + float(powers_bias[n:0:-1] @ steps)
            q[some] = keep * before + steps[:, None] * states
            item_bias[some] = keep_item[some] * (base + steps)
            total += float(errors @ errors)
        kept = keep_past ** (stop - start)
        y[rows] = kept * y[rows] + norm * moved
        if explicit:
            x[rows] = kept * x[rows] + norm * sizes * moved
        if own:
            p[user], user_bias[user] = mine, bias
    return total


def _powers(base: float, n: int = CHUNK) -> tuple[Float64, Float64]:
    """float64[n + 1], powers from 0, and float64[n, n], those of k - l - 1 where l < k, else 0."""
    powers: Float64 = np.power(base, np.arange(n + 1), dtype=np.float64)
    earlier: Float64 = toeplitz(np.append(0, powers[: n - 1]), np.zeros(n))
    return powers, earlier
