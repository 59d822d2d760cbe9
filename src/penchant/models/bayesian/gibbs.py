"""A Gibbs sampler of a factorisation machine over blocks of features.

Rendle, "Factorization Machines with libFM" (2012), section 4.3, with a prior for each group of
features and factor; drawn block by block as in "Scaling Factorization Machines to Relational
Data" (2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.models.bayesian.features import Block, Owners
from penchant.models.bayesian.sweeps import (
    COUNT,
    ERROR,
    SQUARES,
    VALUE,
    WIDTH,
    Draw,
    draw_factor,
    draw_linear,
    sum_events,
)
from penchant.typing import Bool, Csr, Float32, Float64, Int32, Int64

_INITIAL_SCALE = 0.1
_ALPHA, _BETA, _GAMMA = 1.0, 1.0, 1.0
"""The prior of precisions is Gamma(_ALPHA / 2, _BETA / 2), that of means has _GAMMA times the
precision of the weights, around 0."""
_NOISE_EVENTS = 1000.0
"""The prior of the noise's precision is worth so many events in which nothing of the targets'
variance, 1, is explained: a few ratings in each row could be told exactly otherwise."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One draw.

    Attributes:
        offset: added to all scores.
        noise_precision: of targets around scores.
        biases: float32[n_rows], what each row adds to a score by itself.
        vectors: float32[n_rows, dim].
    """

    offset: float
    noise_precision: float
    biases: Float32
    vectors: Float32


class BlockState:
    """Weights of a block's features, and their priors.

    Args:
        block: the features.
        counts: int64[n_rows], the events of each row.
        dim: number of factors.
        rng: draws the first factors.
    """

    def __init__(self, block: Block, counts: Int64, dim: int, rng: np.random.Generator) -> None:
        self.block = block
        self.counts = counts.astype(np.float64)
        squares = block.by_feature.copy()
        squares.data = squares.data**2
        self.with_events: Bool = (squares @ self.counts) > 0
        n = block.n_features
        # The last row of weights is the linear one; all others are factors.
        self.weights = np.zeros((dim + 1, n))
        self.weights[:dim] = rng.normal(0, _INITIAL_SCALE, (dim, n)) * self.with_events
        self.means = np.zeros((dim + 1, len(block.groups)))
        self.precisions = np.ones((dim + 1, len(block.groups)))
        self.values: Float64 = (block.matrix @ self.weights.T).T.copy()
        squared = block.matrix.copy()
        squared.data = squared.data**2
        self.squares: Float64 = (squared @ self.weights[:dim].T ** 2).T.copy()
        sizes = [group.stop - group.start for group in block.groups]
        self._group_of = np.repeat(np.arange(len(sizes)), sizes)

    def draw_priors(self, rng: np.random.Generator) -> None:
        """Draw mean and precision of each group and factor, given the weights."""
        for place, group in enumerate(self.block.groups):
            some = np.flatnonzero(self.with_events[group.start : group.stop]) + group.start
            weights, n = self.weights[:, some], len(some)
            mean = self.means[:, place]
            away = np.square(weights - mean[:, None]).sum(axis=1) + _GAMMA * mean**2
            precision = rng.gamma((_ALPHA + n + 1) / 2, 2 / (_BETA + away))
            center = weights.sum(axis=1) / (n + _GAMMA)
            noise = rng.standard_normal(len(center))
            self.means[:, place] = center + noise / np.sqrt(precision * (n + _GAMMA))
            self.precisions[:, place] = precision

    def draw_of(self, factor: int, noise_precision: float, rng: np.random.Generator) -> Draw:
        """What the draws of one factor need; features without events go to their prior's mean."""
        return Draw(
            self.precisions[factor][self._group_of],
            self.means[factor][self._group_of],
            rng.standard_normal(self.block.n_features) * self.with_events,
            noise_precision,
        )

    def biases(self) -> Float64:
        """float64[n_rows], what rows add to a score by themselves, with pairs of own features."""
        dim = len(self.squares)
        pairs = (np.square(self.values[:dim]) - self.squares).sum(axis=0) / 2
        return np.asarray(self.values[dim] + pairs)

    def of_all(self, owners: Owners, *, typical: bool) -> tuple[Float64, Float64]:
        """float64[n + 1, dim] and float64[n + 1], vectors and biases of owners.

        Those without events are what a table says of them, and beside that like the mean of those
        with events, or like the mean of the prior of ids. The last row is the same without a table.

        Args:
            owners: of the rows.
            typical: whether owners without events are like those with events, whom they met
                included, rather than owners who met nobody.
        """
        dim, features = len(self.squares), owners.of_others
        first = self.block.n_features - features.shape[1]
        weights, some = self.weights[:, first:], self.block.matrix[:, first:]
        vectors, biases = np.empty((owners.n + 1, dim)), np.empty(owners.n + 1)
        of_rows = self.biases()
        vectors[owners.with_events], biases[owners.with_events] = self.values[:dim].T, of_rows
        told = self._table_part(features, weights)
        if typical:
            known = self._table_part(some, weights)
            rest = self.values[:dim].T - known[0]
            alone = (of_rows - known[1] - (rest * known[0]).sum(axis=1)).mean()
            mean = rest.mean(axis=0)
            vectors[-1], biases[-1] = self.values[:dim].mean(axis=1), of_rows.mean()
        else:
            mean, alone = self.means[:dim, 0], self.means[dim, 0]
            vectors[-1], biases[-1] = mean, alone
        vectors[owners.others] = mean + told[0]
        biases[owners.others] = alone + told[1] + told[0] @ mean
        return vectors, biases

    def before_history(self, owners: Owners) -> tuple[Float64, Float64]:
        """float64[dim] and float64, vector and bias of the mean owner, but for whom they met.

        That is the mean of the prior of ids, and what tables say of owners with events.
        """
        first = self.block.n_features - owners.of_others.shape[1]
        told = self._table_part(self.block.matrix[:, first:], self.weights[:, first:])
        mean = self.means[:-1, 0]
        vector, bias = told[0].mean(axis=0), told[1].mean() + self.means[-1, 0]
        return mean + vector, np.asarray(bias + mean @ vector)

    @staticmethod
    def _table_part(features: Csr, weights: Float64) -> tuple[Float64, Float64]:
        """float64[n, dim] and float64[n], what features of tables add to vectors and biases."""
        values = features @ weights.T
        own = features.power(2) @ np.square(weights[:-1]).T
        pairs = (np.square(values[:, :-1]) - own).sum(axis=1) / 2
        return values[:, :-1], values[:, -1] + pairs


class Sampler:
    """Draws a factorisation machine over and over, each time given the draw before.

    Args:
        blocks: features of users, items and so on.
        rows: int32[n_blocks, n_events], each event's row of each block.
        dim: number of factors.
        rng: decides everything random.
    """

    def __init__(
        self, blocks: list[Block], rows: Int32, dim: int, rng: np.random.Generator
    ) -> None:
        self.rng, self.dim = rng, dim
        self.states = [
            BlockState(block, np.bincount(of, minlength=block.n_rows), dim, rng)
            for block, of in zip(blocks, rows, strict=True)
        ]
        self.starts = np.append(0, np.cumsum([block.n_rows for block in blocks])).astype(np.int64)
        self._rows = (rows + self.starts[:-1, None]).astype(np.int32)
        self.offset = 0.0
        self.noise_precision = 1.0

    def scores(self) -> Float32:
        """float32[n_events], computed afresh."""
        sample = self.sample()
        found = np.full(self._rows.shape[1], sample.offset, np.float32)
        for row in self._rows:
            found += sample.biases[row]
        columns = np.ascontiguousarray(sample.vectors.T)
        for values in columns:
            total, squares = np.zeros_like(found), np.zeros_like(found)
            for row in self._rows:
                own = values[row]
                total += own
                squares += own * own
            found += (total * total - squares) / np.float32(2)
        return found

    def sample(self) -> Sample:
        """The present draw."""
        biases = np.concatenate([state.biases() for state in self.states])
        vectors = np.concatenate([state.values[: self.dim].T for state in self.states])
        return Sample(
            self.offset,
            self.noise_precision,
            biases.astype(np.float32),
            vectors.astype(np.float32),
        )

    def draw_noise(self, errors: Float32) -> None:
        """Draw the precision of targets around scores, given the errors."""
        shape = (_NOISE_EVENTS + len(errors)) / 2
        scale = 2 / (_NOISE_EVENTS + float(np.square(errors, dtype=np.float64).sum()))
        self.noise_precision = float(self.rng.gamma(shape, scale))

    def draw_offset(self, errors: Float32) -> None:
        """Draw what is added to all scores, given the errors, which are changed."""
        total = self.noise_precision * len(errors) + 1e-6
        pull = self.noise_precision * (
            self.offset * len(errors) - float(errors.sum(dtype=np.float64))
        )
        before = self.offset
        self.offset = float(pull / total + self.rng.standard_normal() / np.sqrt(total))
        errors += np.float32(self.offset - before)

    def draw_weights(self, errors: Float32) -> None:
        """Draw priors, linear weights and factors of all blocks, given the errors.

        Args:
            errors: float32[n_events], score less target, kept up to date.
        """
        for state in self.states:
            state.draw_priors(self.rng)
        for state, start, rows in zip(self.states, self.starts, self._rows, strict=False):
            n = state.block.n_rows
            known = np.zeros((n, WIDTH))
            known[:, COUNT] = state.counts
            known[:, ERROR] = np.bincount(rows - start, errors, n)
            draw = state.draw_of(self.dim, self.noise_precision, self.rng)
            draw_linear(state.block, state.weights[self.dim], known, draw)
            state.values[self.dim] += known[:, VALUE]
            errors += known[:, VALUE].astype(np.float32)[rows - start]
        for factor in range(self.dim):
            self._draw_factor(factor, errors)

    def _draw_factor(self, factor: int, errors: Float32) -> None:
        values = np.concatenate([s.values[factor] for s in self.states]).astype(np.float32)
        change = np.zeros((len(values), 2), np.float32)
        known = np.zeros((len(values), WIDTH))
        last = len(self.states) - 1
        for place, state in enumerate(self.states):
            sum_events(self._rows, values, errors, change, place - 1, place, known)
            part = slice(self.starts[place], self.starts[place + 1])
            own, before, squares = known[part], state.values[factor], state.squares[factor]
            own[:, COUNT], own[:, VALUE], own[:, SQUARES] = state.counts, before, squares
            draw = state.draw_of(factor, self.noise_precision, self.rng)
            draw_factor(state.block, state.weights[factor], own, draw)
            change[part, 0] = own[:, VALUE] - before
            alone = own[:, VALUE] ** 2 - own[:, SQUARES] - before**2 + squares
            change[part, 1] = alone / 2
            state.values[factor], state.squares[factor] = own[:, VALUE], own[:, SQUARES]
            values[part] = own[:, VALUE]
        sum_events(self._rows, values, errors, change, last, -1, known)
