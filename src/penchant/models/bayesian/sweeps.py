"""Draws of a block's weights one after another, given sums over the events of its rows.

Rendle, "Scaling Factorization Machines to Relational Data" (2013): what an event adds to the
conditional of a feature depends on its row in the block and on a few sums over the row's events,
so that a feature's draw takes time in proportion to its rows, however many events they have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.compiled import AVAILABLE, compiled_in_order
from penchant.models.bayesian.features import Block
from penchant.typing import AnyArray, AnyInt, Float32, Float64, Int32, Int64

COUNT, OTHER, OTHER_SQUARED, ERROR, ERROR_OTHER, VALUE, SQUARES, WIDTH = range(8)
"""Columns of what is known of a row. Summed over its events: their number, the factor's sum over
the other blocks, its square, the error (score less target), and error times sum. Summed over its
features: the factor, and its squares."""


@dataclass(frozen=True, eq=False)
class Draw:
    """What draws of the weights of one kind need beside the data.

    Attributes:
        precision: float64[n_features], of each weight's prior.
        mean: float64[n_features], of each weight's prior.
        noise: float64[n_features], standard normal numbers.
        noise_precision: of the targets.
    """

    precision: Float64
    mean: Float64
    noise: Float64
    noise_precision: float


def sum_events(
    rows: Int32,
    values: Float32,
    errors: Float32,
    change: Float32,
    changed: int,
    block: int,
    sums: Float64,
) -> None:
    """Bring errors up to date with one block's draws, and sum over the events of another's rows.

    Args:
        rows: int32[n_blocks, n_events], rows counted over all blocks.
        values: float32[n_rows], a factor of each row.
        errors: float32[n_events], changed.
        change: float32[n_rows, 2], by how much the factor and the rows' own scores have changed.
        changed: the block of these changes; -1 for none.
        block: whose rows' sums are wanted; -1 for none.
        sums: float64[n_rows, WIDTH], changed; the block's must be 0.
    """
    if AVAILABLE:
        _sum_events(rows, values, errors, change, changed, block, sums)
        return
    total = values[rows].sum(axis=0)
    if changed >= 0:
        own = rows[changed]
        errors += change[own, 0] * (total - values[own]) + change[own, 1]
    if block >= 0:
        own = rows[block]
        other = (total - values[own]).astype(np.float64)
        columns = {
            OTHER: other,
            OTHER_SQUARED: other**2,
            ERROR: errors,
            ERROR_OTHER: errors * other,
        }
        for column, weights in columns.items():
            sums[:, column] += np.bincount(own, weights, len(sums))


@compiled_in_order
def _sum_events(
    rows: Int32,
    values: Float32,
    errors: Float32,
    change: Float32,
    changed: int,
    block: int,
    sums: Float64,
) -> None:
    n_blocks, n = rows.shape
    for event in range(n):
        total = np.float32(0)
        for k in range(n_blocks):
            total += values[rows[k, event]]
        if changed >= 0:
            row = rows[changed, event]
            errors[event] += change[row, 0] * (total - values[row]) + change[row, 1]
        if block >= 0:
            row = rows[block, event]
            other = np.float64(total - values[row])
            error = np.float64(errors[event])
            sums[row, OTHER] += other
            sums[row, OTHER_SQUARED] += other * other
            sums[row, ERROR] += error
            sums[row, ERROR_OTHER] += error * other


def draw_factor(block: Block, weights: Float64, known: Float64, draw: Draw) -> None:
    """Draw one factor of all features of a block, one feature after the other.

    Args:
        block: features of rows.
        weights: float64[n_features], changed.
        known: float64[n_rows, WIDTH] of the block's rows, changed.
        draw: priors and noise.
    """
    by = block.by_feature
    if AVAILABLE:
        _draw_factor(
            by.indptr,
            by.indices,
            by.data,
            weights,
            known,
            draw.precision,
            draw.mean,
            draw.noise,
            draw.noise_precision,
        )
        return
    for start, stop in _together(block):
        place, row, x = _entries(block, start, stop)
        before, t = weights[start:stop].copy(), known[row]
        rest = t[:, VALUE] - x * before[place]
        square = x**2 * (rest**2 * t[:, COUNT] + 2 * rest * t[:, OTHER] + t[:, OTHER_SQUARED])
        linear = -x * (t[:, ERROR] * rest + t[:, ERROR_OTHER])
        quadratic = np.bincount(place, square, stop - start)
        pull = np.bincount(place, linear, stop - start) + quadratic * before
        weights[start:stop] = _drawn(quadratic, pull, draw, slice(start, stop))
        step = (weights[start:stop] - before)[place]
        after = weights[start:stop][place] + before[place]
        known[row, VALUE] += x * step
        known[row, SQUARES] += step * after * x**2
        known[row, ERROR] += x * step * (rest * t[:, COUNT] + t[:, OTHER])
        known[row, ERROR_OTHER] += x * step * (rest * t[:, OTHER] + t[:, OTHER_SQUARED])


@compiled_in_order
def _draw_factor(
    indptr: AnyInt,
    rows: AnyInt,
    values: Float32,
    weights: Float64,
    known: Float64,
    precision: Float64,
    mean: Float64,
    noise: Float64,
    noise_precision: float,
) -> None:
    for feature in range(len(weights)):
        start, stop = indptr[feature], indptr[feature + 1]
        before = weights[feature]
        square, linear = 0.0, 0.0
        for place in range(start, stop):
            row, x = rows[place], np.float64(values[place])
            rest = known[row, VALUE] - x * before
            square += (
                x
                * x
                * (
                    rest * (rest * known[row, COUNT] + 2 * known[row, OTHER])
                    + known[row, OTHER_SQUARED]
                )
            )
            linear -= x * (known[row, ERROR] * rest + known[row, ERROR_OTHER])
        total = noise_precision * square + precision[feature]
        pull = noise_precision * (linear + square * before) + precision[feature] * mean[feature]
        now = pull / total + noise[feature] / np.sqrt(total)
        weights[feature] = now
        step = now - before
        for place in range(start, stop):
            row, x = rows[place], np.float64(values[place])
            rest = known[row, VALUE] - x * before
            known[row, VALUE] += x * step
            known[row, SQUARES] += step * (now + before) * x * x
            known[row, ERROR] += x * step * (rest * known[row, COUNT] + known[row, OTHER])
            known[row, ERROR_OTHER] += (
                x * step * (rest * known[row, OTHER] + known[row, OTHER_SQUARED])
            )


def draw_linear(block: Block, weights: Float64, known: Float64, draw: Draw) -> None:
    """Draw the linear weights of all features of a block; arguments as in `draw_factor`."""
    by = block.by_feature
    if AVAILABLE:
        _draw_linear(
            by.indptr,
            by.indices,
            by.data,
            weights,
            known,
            draw.precision,
            draw.mean,
            draw.noise,
            draw.noise_precision,
        )
        return
    for start, stop in _together(block):
        place, row, x = _entries(block, start, stop)
        before = weights[start:stop].copy()
        quadratic = np.bincount(place, x**2 * known[row, COUNT], stop - start)
        linear = np.bincount(place, -x * known[row, ERROR], stop - start)
        pull = linear + quadratic * before
        weights[start:stop] = _drawn(quadratic, pull, draw, slice(start, stop))
        step = (weights[start:stop] - before)[place]
        known[row, VALUE] += x * step
        known[row, ERROR] += x * step * known[row, COUNT]


@compiled_in_order
def _draw_linear(
    indptr: AnyInt,
    rows: AnyInt,
    values: Float32,
    weights: Float64,
    known: Float64,
    precision: Float64,
    mean: Float64,
    noise: Float64,
    noise_precision: float,
) -> None:
    for feature in range(len(weights)):
        start, stop = indptr[feature], indptr[feature + 1]
        before = weights[feature]
        square, linear = 0.0, 0.0
        for place in range(start, stop):
            row, x = rows[place], np.float64(values[place])
            square += x * x * known[row, COUNT]
            linear -= x * known[row, ERROR]
        total = noise_precision * square + precision[feature]
        pull = noise_precision * (linear + square * before) + precision[feature] * mean[feature]
        now = pull / total + noise[feature] / np.sqrt(total)
        weights[feature] = now
        for place in range(start, stop):
            row, step = rows[place], np.float64(values[place]) * (now - before)
            known[row, VALUE] += step
            known[row, ERROR] += step * known[row, COUNT]


def _together(block: Block) -> list[tuple[int, int]]:
    """Features that share no row, and so can be drawn at once: start and stop of each lot."""
    lots: list[tuple[int, int]] = []
    for group in block.groups:
        if group.disjoint:
            lots.append((group.start, group.stop))
        else:
            lots += [(n, n + 1) for n in range(group.start, group.stop)]
    return lots


def _entries(block: Block, start: int, stop: int) -> tuple[Int64, AnyInt, Float64]:
    """Feature (counted from `start`), row and value of each entry of these features."""
    by = block.by_feature
    entries = slice(by.indptr[start], by.indptr[stop])
    place = np.repeat(np.arange(stop - start), np.diff(by.indptr[start : stop + 1]))
    return place, by.indices[entries], by.data[entries].astype(np.float64)


def _drawn(quadratic: AnyArray, pull: AnyArray, draw: Draw, some: slice) -> Float64:
    total = draw.noise_precision * quadratic + draw.precision[some]
    pull = draw.noise_precision * pull + draw.precision[some] * draw.mean[some]
    drawn: Float64 = pull / total + draw.noise[some] / np.sqrt(total)
    return drawn
