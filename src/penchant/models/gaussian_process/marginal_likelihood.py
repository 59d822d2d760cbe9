"""Weight the kinds of similarity of items by maximum marginal likelihood of the ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from penchant.models.gaussian_process.parallel_sums import in_parts
from penchant.models.gaussian_process.systems import add_to, from_upper, inverse_and_solution
from penchant.run import Run
from penchant.typing import Float32, Float64, Int64

OWN = "own"
"""The kernel of what an item shares with no other one: the identity."""
_START = 0.05
_STEPS = 15
_MIN_VARIANCE, _MIN_NOISE, _MAX_VARIANCE = np.log(1e-4), np.log(1e-3), np.log(10)  # logarithms


@dataclass(frozen=True, eq=False)
class GaussianSample:
    """Values of some items, drawn together from the Gaussian.

    Attributes:
        items: int64[n], ascending.
        values: float32[n], their mean taken off.
        noise: float32[n], by what the variance of the noise is multiplied.
    """

    items: Int64
    values: Float32
    noise: Float32


@dataclass(frozen=True)
class Prior:
    """A covariance of items: a weighted sum of kernels.

    Attributes:
        weights: the variance of each, `own` among them.
        noise: the variance of noise.
    """

    weights: Mapping[str, float]
    noise: float

    def covariance(self, rows: Mapping[str, Float32], some: Int64, others: Int64) -> Float32:
        """float32[n, m], between some items and others."""
        found = np.zeros((len(some), len(others)), np.float32)
        for name, each in rows.items():
            found += np.float32(self.weights[name]) * (each[some] @ each[others].T)
        found += np.float32(self.weights[OWN]) * (some[:, None] == others)
        return found


def maximise_marginal_likelihood(
    rows: Mapping[str, Float32], draws: Sequence[GaussianSample], run: Run
) -> Prior:
    """The prior under which the draws are likeliest, by their marginal likelihood.

    Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), eq. 5.8 and 5.9.

    Args:
        rows: float32[n_items, n] by name; see `similarity_rows`.
        draws: independent ones. All products of rows of their items are held at once.
        run: threads.
    """
    items = np.unique(np.concatenate([each.items for each in draws]))
    places = [np.searchsorted(items, each.items) for each in draws]
    kernels = np.empty((len(rows), len(items), len(items)), np.float32)
    for kernel, each in zip(kernels, rows.values(), strict=True):
        np.matmul(each[items], each[items].T, out=kernel)
    flat = kernels.reshape(len(rows), -1)  # sums over kernels are products with it, in one pass
    names = [*rows, OWN]

    def loss(logs: Float64) -> tuple[float, Float64]:
        weights = np.exp(logs)
        of_kernels = weights[: len(rows)].astype(np.float32)
        whole: Float32 = (of_kernels @ flat).reshape(len(items), len(items))

        def accumulate(some: Int64) -> tuple[Float32, float, float]:
            seen, value, noisy = np.zeros_like(whole), 0.0, 0.0
            buffer = np.empty(max((len(places[one]) for one in some), default=0) ** 2, np.float32)
            for at, each in ((places[one], draws[one]) for one in some.tolist()):
                noise = np.float32(weights[-2]) + np.float32(weights[-1]) * each.noise
                inverted, solved, half = inverse_and_solution(buffer, whole, at, noise, each.values)
                value += half + 0.5 * float(solved @ each.values)
                add_to(seen, at, inverted, solved)
                # d loss / d covariance, see the source; by noise it is the sum of the diagonal.
                noisy += 0.5 * float((np.diag(inverted) - solved**2) @ each.noise)
            return seen, value, noisy

        parts = in_parts(accumulate, np.array([len(at) for at in places]), run)
        slope = parts[0][0]
        for more, _, _ in parts[1:]:
            slope += more
        slope = from_upper(slope) * np.float32(-0.5)
        slopes = (flat @ slope.reshape(-1)).tolist()
        slopes += [float(np.trace(slope)), sum(part[2] for part in parts)]
        return sum(part[1] for part in parts), weights * np.array(slopes)

    start = np.log(np.full(len(names) + 1, _START))
    start[-1] = np.log(0.5)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_MIN_VARIANCE, _MAX_VARIANCE)] * len(names) + [(_MIN_NOISE, _MAX_VARIANCE)],
        options={"maxiter": _STEPS},
    )
    weights = np.exp(found.x)
    return Prior(dict(zip(names, weights[:-1].tolist(), strict=True)), float(weights[-1]))
