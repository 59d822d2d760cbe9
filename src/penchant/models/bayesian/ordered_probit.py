"""Ratings as levels of a scale: a normal number lies between two thresholds."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from penchant.typing import AnyFloat, AnyInt, Float32, Float64

_SMALLEST = 1e-300
_STEPS = 20  # of Newton's method, at most
_TAILS = 5.0  # degrees of freedom of proposals: thresholds that are far off must not stay for ever


class OrderedProbit:
    """Draws thresholds and the normal numbers behind levels, given scores.

    An event has level k where score + noise lies between thresholds k and k + 1, with noise of
    variance 1: Albert and Chib, "Bayesian Analysis of Binary and Polychotomous Response Data"
    (1993). Thresholds are drawn with the noise integrated out, by a Metropolis-Hastings step from
    Student's t around the mode, in the first threshold and the logarithms of the gaps between
    them, whose prior is normal.

    Args:
        levels: int[n_events], from 0, each at least once.
        rng: decides everything random.
    """

    def __init__(self, levels: AnyInt, rng: np.random.Generator) -> None:
        self._levels, self._rng = levels, rng
        shares = np.cumsum(np.bincount(levels))[:-1] / len(levels)
        self.thresholds: Float64 = ndtri(shares)

    def draw_thresholds(self, scores: Float32) -> None:
        """Draw the thresholds given float32[n_events] scores."""
        now = _free(self.thresholds)
        value = self._log_posterior(now, scores)
        mode, precision = self._mode(now, value, scores)
        factor = np.linalg.cholesky(precision)
        away = self._rng.standard_normal(len(now)) / np.sqrt(self._rng.chisquare(_TAILS) / _TAILS)
        proposal = mode + np.linalg.solve(factor.T, away)
        gain = self._log_posterior(proposal, scores) - value
        gain += _log_density(factor.T @ (now - mode)) - _log_density(away)
        if np.log(self._rng.random()) < gain:
            self.thresholds = _thresholds(proposal)

    def draw_targets(self, scores: Float32) -> Float32:
        """float32[n_events], normal numbers around the scores between the levels' thresholds."""
        low, high = self._ends(self.thresholds, scores)
        # In the upper tail chances are too near 1 to be told apart: there, all is turned around.
        turned = low > 0
        low, high = np.where(turned, -high, low), np.where(turned, -low, high)
        chance = ndtr(low)
        chance += (ndtr(high) - chance) * self._rng.random(len(scores))
        drawn = np.clip(ndtri(np.maximum(chance, _SMALLEST)), low, high)
        return np.asarray(scores + np.where(turned, -drawn, drawn), np.float32)

    def _ends(self, thresholds: Float64, scores: Float32) -> tuple[Float64, Float64]:
        """float64[n_events] twice, the thresholds of each level, less the score."""
        edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
        return edges[self._levels] - scores, edges[self._levels + 1] - scores

    def _log_posterior(self, free: Float64, scores: Float32) -> float:
        chances = _between(*self._ends(_thresholds(free), scores))
        return float(np.log(chances).sum() - free @ free / 2)

    def _mode(self, free: Float64, value: float, scores: Float32) -> tuple[Float64, Float64]:
        """Where the posterior is highest, and its negative second derivatives there.

        Args:
            free: where to begin.
            value: the log posterior there.
            scores: float32[n_events].
        """
        for _ in range(_STEPS):
            slope, precision = self._derivatives(free, scores)
            step = np.linalg.solve(precision, slope)
            if slope @ step < 1e-3:
                break
            size = 1.0
            while size > 1e-4:
                then = self._log_posterior(free + size * step, scores)
                if then > value:
                    break
                size /= 2
            else:
                break
            free, value = free + size * step, then
        return free, precision

    def _derivatives(self, free: Float64, scores: Float32) -> tuple[Float64, Float64]:
        """Slope of the log posterior, and a positive definite negative of its second derivatives.

        These are the sums of products of the events' slopes, as Fisher's information has them.
        """
        n = len(free)
        low, high = self._ends(_thresholds(free), scores)
        chances = _between(low, high)
        below, above = _density(low) / chances, _density(high) / chances
        # Slopes in thresholds: `above` for the one above a level, less `below` for that below it.
        total = [
            np.bincount(self._levels, weights, n + 1)
            for weights in (above, below, above**2, below**2, above * below)
        ]
        slope = total[0][:-1] - total[1][1:]
        products = np.diag(total[2][:-1] + total[3][1:])
        between = np.arange(n - 1)
        products[between + 1, between] = products[between, between + 1] = -total[4][1:-1]
        # Thresholds move with the first one, and with the gaps below them.
        jacobian = np.tril(np.ones((n, n))) * np.append(1.0, np.exp(free[1:]))
        return jacobian.T @ slope - free, jacobian.T @ products @ jacobian + np.eye(n)


def expected(scores: AnyFloat, thresholds: Float64, values: Float64) -> Float32:
    """The expected value of the level of each score.

    Args:
        scores: of any shape.
        thresholds: float64[n_levels - 1].
        values: float64[n_levels], of the levels.
    """
    found = np.full(scores.shape, values[-1], np.float32)
    for step, threshold in zip(np.diff(values), thresholds, strict=True):
        if step:
            found -= np.float32(step) * ndtr(np.float32(threshold) - scores)
    return found


def expected_targets(levels: AnyInt, scores: AnyFloat, thresholds: AnyFloat) -> Float64:
    """The mean of the normal numbers behind levels, given scores.

    Args:
        levels: int[n_events], from 0.
        scores: float[n_draws, n_events].
        thresholds: float[n_draws, n_levels - 1].
    """
    n_draws = len(thresholds)
    ends = np.full((n_draws, 1), np.inf)
    edges = np.concatenate([-ends, thresholds, ends], axis=1)
    low, high = edges[:, levels] - scores, edges[:, levels + 1] - scores
    chances = _between(low, high)
    mean = np.clip((_density(low) - _density(high)) / chances, low, high)
    found: Float64 = scores + mean
    return found


def _density(values: AnyFloat) -> Float64:
    """Of a standard normal number."""
    density: Float64 = np.exp(np.square(np.clip(values, -40, 40)) / -2) / (2 * np.pi) ** 0.5
    return density


def _between(low: AnyFloat, high: AnyFloat) -> Float64:
    """The chance that a standard normal number lies between these."""
    turned = low > 0
    chance: Float64 = ndtr(np.where(turned, -low, high)) - ndtr(np.where(turned, -high, low))
    return np.maximum(chance, _SMALLEST)


def _thresholds(free: Float64) -> Float64:
    return np.cumsum(np.append(free[0], np.exp(free[1:])))


def _log_density(away: Float64) -> float:
    """Of Student's t, but for a constant."""
    return float(-(_TAILS + len(away)) / 2 * np.log1p(away @ away / _TAILS))


def _free(thresholds: Float64) -> Float64:
    """The first threshold and the logarithms of the gaps."""
    return np.append(thresholds[0], np.log(np.diff(thresholds)))
