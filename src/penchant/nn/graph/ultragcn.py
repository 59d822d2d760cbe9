"""UltraGCN: what propagation converges to, as weights of pairs in a loss, in whole arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.embedding_rows import RowAdam, RowTable
from penchant.nn.graph.propagation import bags, row_sums
from penchant.nn.loop import TrainingStep
from penchant.nn.sampled_softmax import Candidates
from penchant.typing import AnyInt, Csr, Float32, Float64

_START = 0.1  # standard deviation of the initial vectors
_BETAS = 0.9, 0.99  # of Adam: there are few steps
_CELLS = 2**19  # scores at once, which stay in the processor's cache
_ENTRIES = 2**14  # pairs that are learned as events at once
FITTING_STEPS, FITTING_RATE = 100, 0.3
"""Of Adam when a user's vector is fitted, with a rate that falls to 0."""
_FOLD_IN_CELLS = 2**24  # users × items at once


def similarity_scales(x: Csr) -> tuple[Float32, Float32]:
    """float32[n_items] both, factors by row and by column that make omega of co-occurrences.

    With G = X'X and g its sums of rows, omega_ij = G_ij / (g_i - G_ii) (g_i / g_j)^1/2: Mao et
    al. (2021), eq. 13. Neither needs more of G than its sums and its diagonal.
    """
    x = x.astype(np.float64)
    sums = np.asarray(x.T @ np.asarray(x.sum(axis=1)).ravel())
    others = sums - np.asarray(x.multiply(x).sum(axis=0)).ravel()
    roots = np.sqrt(sums)
    # Rounding leaves a little where an item stands with no other.
    there = others > 1e-9 * sums
    by_row = np.divide(roots, others, out=np.zeros_like(roots), where=there)
    by_column = np.divide(1, roots, out=np.zeros_like(roots), where=roots > 0)
    return by_row.astype(np.float32), by_column.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Some users' pairs, and what each counts in the loss.

    Attributes:
        counts: float64[n_users], sums of the weights of the users' events.
        columns: int[m], sorted, the items of which there are pairs.
        positive: csr[n_users, m], how much it counts that each item is one for the user.
        events: csr[n_users, m], whose items are not among the user's negatives.
        drawn: int[k], the places of the negatives among the columns.
        share: float64[n_users], and the next two: a negative j of user u counts
            share_u + by_user_u by_item_j.
        by_user: float64[n_users].
        by_item: float64[k].
    """

    counts: Float64
    columns: AnyInt
    positive: Csr
    events: Csr
    drawn: AnyInt
    share: Float64
    by_user: Float64
    by_item: Float64

    @cached_property
    def _met(self) -> Csr:
        """csr[n_users, k], events of the drawn items."""
        return self.events[:, self.drawn].tocsr()

    def negative(self, some: slice) -> Tensor:
        """float32[n, k], what the drawn items count as negatives of some of the users."""
        share, by_user = (torch.from_numpy(a[some]).float() for a in (self.share, self.by_user))
        found = torch.addr(share[:, None], by_user, torch.from_numpy(self.by_item).float())
        start, stop, _ = some.indices(len(self.counts))
        ends = self._met.indptr[start : stop + 1]
        row = np.repeat(np.arange(stop - start), np.diff(ends))
        column = self._met.indices[ends[0] : ends[-1]].astype(np.int64)
        found[torch.from_numpy(row), torch.from_numpy(column)] = 0
        return found

    def slopes(
        self, users: Tensor, items: Tensor, *, of_items: bool = True
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The sum of the losses, and its slopes by users and by items, of the same shapes.

        Args:
            users: float32[n_users, dim].
            items: float32[m, dim + 1], of the columns, the bias last.
            of_items: whether the slopes by items are asked for; otherwise they are zeros.
        """
        users = _with_one(users)
        loss = torch.zeros((), dtype=torch.float64)
        by_user, by_item = torch.zeros_like(users), torch.zeros_like(items)
        places = torch.from_numpy(np.asarray(self.drawn, np.int64))
        others, by_other = items[places], items.new_zeros(len(places), items.shape[1])
        size = max(16, _CELLS // max(1, len(places)))
        for start in range(0, len(users), size):
            some = slice(start, start + size)
            counted, p = self.negative(some), users[some]
            scores = p @ others.T
            # -log sigmoid(-s) is s - log sigmoid(s).
            logs = functional.logsigmoid(scores)
            loss += (counted * (scores - logs)).sum(dtype=torch.float64)
            counted *= logs.exp_()
            by_user[some] += counted @ others
            if of_items:
                by_other.addmm_(counted.T, p)
        by_item.index_add_(0, places, by_other)
        slopes = self.positive.copy()
        row = np.repeat(np.arange(len(users)), np.diff(slopes.indptr))
        for start in range(0, slopes.nnz, _ENTRIES):
            some = slice(start, start + _ENTRIES)
            q = items[torch.from_numpy(slopes.indices[some].astype(np.int64))]
            scores = (users[torch.from_numpy(row[some])] * q).sum(1)
            weight = torch.from_numpy(slopes.data[some])
            loss -= (functional.logsigmoid(scores) * weight).sum(dtype=torch.float64)
            slopes.data[some] = -(torch.sigmoid(-scores) * weight).numpy()
        by_user += row_sums(bags(slopes), items)
        if of_items:
            by_item += row_sums(bags(slopes.T.tocsr()), users)
        return loss, by_user[:, :-1], by_item


@dataclass(frozen=True, eq=False)
class PairWeights:
    """What pairs of users and items weigh in the loss.

    Attributes:
        item_events: float32[n_items], sums of the weights of events.
        similar: csr[n_items, n_items], omega of each item's nearest ones.
        constraint: weight of the constraint on users and items.
        item_constraint: weight of the constraint on items and those like them.
        negative_weight: what all other items count together beside one event.
    """

    item_events: Float32
    similar: Csr
    constraint: float
    item_constraint: float
    negative_weight: float

    @cached_property
    def of_items(self) -> Float64:
        """float64[n_items], the part of beta that is the item's."""
        return np.asarray(1 / np.sqrt(self.item_events.astype(np.float64) + 1))

    def of_events(self, rows: Csr) -> Csr:
        """csr[n, n_items], w (1 + constraint beta) of events of weight w.

        beta_ui is (d_u + 1)^1/2 / d_u (d_i + 1)^-1/2, with sums of weights for numbers of events.
        """
        users = self._of_users(np.asarray(rows.sum(axis=1), np.float64).ravel())
        beta = np.repeat(users, np.diff(rows.indptr)) * self.of_items[rows.indices]
        found: Csr = rows.copy()
        found.data = np.asarray(rows.data * (1 + beta), np.float32)
        return found

    def pairs(self, rows: Csr, drawn: AnyInt) -> Pairs:
        """The pairs of users with drawn negatives.

        Args:
            rows: csr[n_users, n_items], weights of events.
            drawn: int[k], items.
        """
        counts = np.asarray(rows.sum(axis=1), np.float64).ravel()
        positive = self.of_events(rows)
        if self.item_constraint:
            positive = (positive + self.item_constraint * (rows @ self.similar)).tocsr()
            positive.data = positive.data.astype(np.float32, copy=False)
        columns = np.union1d(drawn, positive.indices)
        share = counts * (self.negative_weight / max(1, len(drawn)))
        return Pairs(
            counts,
            columns,
            _among(positive, columns),
            _among(rows, columns),
            np.searchsorted(columns, drawn),
            share,
            share * self._of_users(counts),
            self.of_items[drawn],
        )

    def _of_users(self, counts: Float64) -> Float64:
        return np.asarray(self.constraint * np.sqrt(counts + 1) / np.maximum(counts, 1e-9))


class UltraFactors(nn.Module):
    """Vectors of users and items; those without events are zeros.

    The bias, the last column of an item's, begins with what makes the loss least while vectors
    are 0: it would take vectors alone many steps to say how rare events are.

    Args:
        x: csr[n_users, n_items], weights of pairs.
        dim: length of the vectors.
        negative_weight: what all other items count together beside one event.
        generator: source of the initial vectors.
    """

    def __init__(
        self, x: Csr, dim: int, negative_weight: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        of_users, of_items = (np.asarray(x.sum(axis=axis), np.float64).ravel() for axis in (1, 0))
        users, items = (
            _START
            * torch.randn(len(counts), width, generator=generator)
            * torch.from_numpy(counts > 0)[:, None]
            for counts, width in ((of_users, dim), (of_items, dim + 1))
        )
        warm = of_items > 0
        odds = of_items[warm] * warm.sum() / (of_items.sum() * negative_weight)
        items[torch.from_numpy(warm), -1] = torch.from_numpy(np.log(odds)).float()
        items[torch.from_numpy(~warm), -1] = items[:, -1].min() - 1
        self.users, self.items = RowTable(users), RowTable(items)


def ultragcn_step(
    network: UltraFactors,
    x: Csr,
    weights: PairWeights,
    candidates: Candidates,
    *,
    learning_rate: float,
    l2: float,
) -> TrainingStep:
    """A step of Adam on all events of a batch of users, of the rows that these touch.

    Mao et al., "UltraGCN: Ultra Simplification of Graph Convolutional Networks for Recommendation"
    (2021), eq. 9 to 16, with one draw of negatives for a whole batch.

    Args:
        network: what is trained.
        x: csr[n_users, n_items], weights of events.
        weights: of pairs.
        candidates: what is drawn for each batch.
        learning_rate: of Adam.
        l2: weight of the squares of the vectors, beside the sum of the losses of all events.
    """
    adam = RowAdam([network.users, network.items], lr=learning_rate, betas=_BETAS)
    total = max(float(x.sum()), 1e-12)

    @torch.no_grad()
    def step(batch: Tensor) -> Tensor:
        """Learn from int64[n] users; the mean loss of their events before."""
        adam.zero_grad()
        pairs = weights.pairs(x[batch.numpy()], candidates.draw()[0].numpy())
        users, items = network.users(batch), network.items(torch.from_numpy(pairs.columns).long())
        loss, by_user, by_item = pairs.slopes(users, items)
        events = max(float(pairs.counts.sum()), 1e-12)
        users.grad = by_user.add(users, alpha=l2).div_(events)
        items.grad = by_item.div_(events)
        items.grad[:, :-1].add_(items[:, :-1], alpha=l2 / total)
        adam.step()
        return loss / events

    return step


@torch.no_grad()
def fitted_users(events: Csr, items: Float32, weights: PairWeights, l2: float) -> Float32:
    """float32[n_users, dim], the vectors of least loss, with the items' as they are.

    All items with events are negatives, so that nothing is drawn. Adam comes so near to the
    minimum, which is one, as the loss is convex, that what is left is small.

    Args:
        events: csr[n_users, n_items], weights of events; a row without any gets zeros.
        items: float32[n_items, dim + 1], the bias last.
        weights: of pairs.
        l2: weight of the squares of the vector.
    """
    found = np.zeros((events.shape[0], items.shape[1] - 1), np.float32)
    drawn = np.flatnonzero(weights.item_events > 0)
    size = max(1, _FOLD_IN_CELLS // max(1, len(drawn)))
    for start in range(0, len(found), size):
        pairs = weights.pairs(events[start : start + size], drawn)
        q = torch.from_numpy(items[pairs.columns])
        scale = torch.from_numpy(np.maximum(pairs.counts, 1e-9)).float()[:, None]
        rows = torch.from_numpy(found[start : start + size])
        first, second = torch.zeros_like(rows), torch.zeros_like(rows)
        for step in range(1, FITTING_STEPS + 1):
            slope = pairs.slopes(rows, q, of_items=False)[1].add(rows, alpha=l2).div_(scale)
            slope[torch.from_numpy(pairs.counts <= 0)] = 0
            first.lerp_(slope, 0.1)
            second.lerp_(slope.square(), 0.01)
            root = (second / (1 - 0.99**step)).sqrt_().add_(1e-9)
            rate = FITTING_RATE * (1 - (step - 1) / FITTING_STEPS) / (1 - 0.9**step)
            rows.addcdiv_(first, root, value=-rate)
    return found


def user_falls(
    row: Float32, events: Csr, items: Float32, weights: PairWeights, l2: float, of: AnyInt
) -> Float64:
    """float64[n, n_events], what scores lose without each event that a vector is fitted to.

    A step of Newton's method from the least loss to that without the event: without the term of
    its item and those of the items like it, without its share of the negatives, and with its item
    as a negative. What comes through similar items is so named as reason of the event's.

    Args:
        row: float32[dim], the minimum for all events.
        events: csr[1, n_items], their weights.
        items: float32[n_items, dim + 1], the bias last.
        weights: of pairs.
        l2: weight of the squares of the vector.
        of: int[n], the items whose scores fall.
    """
    pairs = weights.pairs(events, np.flatnonzero(weights.item_events > 0))
    q = items[pairs.columns].astype(np.float64)
    vectors = q[:, :-1]
    chances = 1 / (1 + np.exp(-np.clip(vectors @ row + q[:, -1], -500, 500)))
    negative = np.zeros(len(q))
    negative[pairs.drawn] = pairs.negative(slice(None))[0].numpy()
    curvature = (pairs.positive.toarray()[0] + negative) * chances * (1 - chances)
    system = (vectors.T * curvature) @ vectors
    system[np.diag_indices(len(system))] += l2 + 1e-6 * system.diagonal().mean() + 1e-9
    had = events.indices
    own = np.searchsorted(pairs.columns, had)
    share = events.data / max(float(pairs.counts[0]), 1e-12)
    # Slopes of what goes with each event.
    gone = -(weights.of_events(events).data * (1 - chances[own]))[:, None] * vectors[own]
    if weights.item_constraint:
        like = _among(weights.similar[had], pairs.columns)
        pull = like.multiply((1 - chances)[None, :]).tocsr() @ vectors
        gone -= weights.item_constraint * events.data[:, None] * pull
    gone += share[:, None] * ((negative * chances) @ vectors)
    gone -= (pairs.share[0] * (1 - share) * chances[own])[:, None] * vectors[own]
    moves = np.linalg.solve(system, gone.T)
    return np.asarray(-(items[of, :-1].astype(np.float64) @ moves))


def _among(matrix: Csr, columns: AnyInt) -> Csr:
    """The same entries by place among sorted columns, which have all of them."""
    places = np.searchsorted(columns, matrix.indices).astype(matrix.indices.dtype)
    shape = matrix.shape[0], len(columns)
    return sparse.csr_array((matrix.data, places, matrix.indptr), shape=shape)


def _with_one(vectors: Tensor) -> Tensor:
    return torch.cat([vectors, vectors.new_ones(len(vectors), 1)], 1)
