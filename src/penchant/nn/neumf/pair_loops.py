"""Compiled loops over the pairs of a batch, forth and back through the layers."""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_in_order, compiled_inline
from penchant.nn.neumf.dense_weights import (
    DenseWeights,
    layer_bias,
    layer_weights,
    product_weights,
    unit_weights,
)
from penchant.nn.neumf.row_loops import Batch, PairGradients, Side, add_row, add_sums
from penchant.typing import Float32

_ROWS = 320  # of pairs that go through the layers at once: their units stay in the cache
_LARGE = 1e200  # a product of which the logarithm is taken, instead of those of its factors


@compiled_inline
def events_in_a_chunk(n_pairs: int) -> int:
    """Events whose pairs go through the layers at once."""
    return max(1, _ROWS // n_pairs)


@compiled_in_order
def learn_pairs(
    start: int,
    stop: int,
    batch: Batch,
    of_users: Side,
    of_items: Side,
    layers: DenseWeights,
    pairs: PairGradients,
    gradient: DenseWeights,
    space: Float32,
) -> float:
    """Gradients of the layers behind the first, and of what enters it, for some events.

    The units of all layers lie in `space` one after the other, and their gradients behind them.
    """
    items = batch.items
    n_pairs, sizes, dim = items.shape[1], layers.sizes, of_users.products.shape[1]
    at_once = events_in_a_chunk(n_pairs)
    rows = at_once * n_pairs
    share = np.float32(1) / np.float32(items.size)
    units, of_units = unit_weights(layers), unit_weights(gradient)
    of_products = product_weights(gradient, dim)
    total, one = 0.0, np.float32(1)
    for begin in range(start, stop, at_once):
        end = min(begin + at_once, stop)
        n = (end - begin) * n_pairs
        x = space[: n * sizes[0]].reshape(n, sizes[0])
        _first_units(begin, end, of_users, of_items, n_pairs, x)
        used = rows * sizes[0]
        for layer in range(1, len(sizes)):
            after = space[used : used + n * sizes[layer]].reshape(n, sizes[layer])
            np.dot(x, layer_weights(layers, layer), after)
            _add_bias_and_relu(after, layer_bias(layers, layer, sizes[layer - 1]))
            used += rows * sizes[layer]
            x = after
        slopes = pairs.slopes[begin:end].reshape(n)
        np.dot(x, units, slopes)
        _log_odds(begin, end, batch, of_users, of_items, layers.weights[-1], slopes)
        total += _slopes(slopes, batch.weights[begin:end], n_pairs, share)
        gradient.weights[-1] += slopes.sum()
        of_units += np.dot(slopes, x)
        _products_back(begin, end, batch, of_users, of_items, pairs, of_products)
        entered = pairs.of_first[begin * n_pairs : end * n_pairs]
        change = entered
        if len(sizes) > 1:
            change = space[used : used + n * sizes[-1]].reshape(n, sizes[-1])
        np.dot(slopes.reshape(n, 1), units.reshape(1, len(units)), change)
        _relu_backward(change, x)
        start_of_x, start_of_change = used - rows * sizes[-1], used
        for layer in range(len(sizes) - 1, 0, -1):
            start_of_x -= rows * sizes[layer - 1]
            x = space[start_of_x : start_of_x + n * sizes[layer - 1]].reshape(n, sizes[layer - 1])
            of_weight = layer_weights(gradient, layer)
            of_weight += np.dot(x.T, change)
            add_sums(change, layer_bias(gradient, layer, sizes[layer - 1]))
            start_of_change += rows * sizes[layer]
            before = entered
            if layer > 1:
                before = space[start_of_change : start_of_change + n * sizes[layer - 1]].reshape(
                    n, sizes[layer - 1]
                )
            np.dot(change, layer_weights(layers, layer).T, before)
            _relu_backward(before, x)
            change = before
        for event in range(begin, end):
            for k in range(sizes[0]):
                pairs.of_users[event, k] = 0
            for pair in range(event * n_pairs, (event + 1) * n_pairs):
                add_row(pairs.of_users, event, pairs.of_first, pair, one)
    return total


@compiled_in_order
def _first_units(
    start: int, stop: int, of_users: Side, of_items: Side, n_pairs: int, x: Float32
) -> None:
    """Write the units of the first layer for the pairs of some events."""
    row, mine, theirs = 0, of_users.first, of_items.first
    for event in range(start, stop):
        user = of_users.local[event]
        for pair in range(event * n_pairs, (event + 1) * n_pairs):
            item = of_items.local[pair]
            for k in range(x.shape[1]):
                x[row, k] = max(mine[user, k] + theirs[item, k], np.float32(0))
            row += 1


@compiled_in_order
def _add_bias_and_relu(rows: Float32, bias: Float32) -> None:
    """Add the bias, and set what is negative to 0."""
    for n in range(len(rows)):
        for k in range(rows.shape[1]):
            rows[n, k] = max(rows[n, k] + bias[k], np.float32(0))


@compiled_in_order
def _log_odds(
    start: int,
    stop: int,
    batch: Batch,
    of_users: Side,
    of_items: Side,
    offset: np.float32,
    odds: Float32,
) -> None:
    """Add products, the offset and popularity to the log-odds of the pairs of some events."""
    items, popularity = batch.items, batch.popularity
    row, p, q = 0, of_users.products, of_items.products
    for event in range(start, stop):
        user = of_users.local[event]
        for pair in range(items.shape[1]):
            item = of_items.local[event * items.shape[1] + pair]
            y = offset + popularity[items[event, pair]]
            for k in range(p.shape[1]):
                y += p[user, k] * q[item, k]
            odds[row] += y
            row += 1


@compiled_in_order
def _slopes(odds: Float32, weights: Float32, n_pairs: int, share: np.float32) -> float:
    """The sum of losses of log-odds; these are made its derivatives, times a share."""
    one, zero, total, product, row = np.float32(1), np.float32(0), 0.0, 1.0, 0
    for counts in weights:
        for pair in range(n_pairs):
            y = odds[row] if pair else -odds[row]
            exponential = np.exp(-abs(y))
            slope = (one if y > zero else exponential) / (one + exponential)
            if pair or counts == one:
                total += float(max(y, zero))
                product *= 1 + float(exponential)
            else:
                total += float(counts * (max(y, zero) + np.log1p(exponential)))
            if not pair:
                slope *= -counts
            odds[row] = slope * share
            row += 1
        if product > _LARGE:
            total += float(np.log(product))
            product = 1.0
    return total + float(np.log(product))


@compiled_in_order
def _products_back(
    start: int,
    stop: int,
    batch: Batch,
    of_users: Side,
    of_items: Side,
    pairs: PairGradients,
    gradient: Float32,
) -> None:
    """Gradients of users' products, for some events, and of the weights of products.

    Args:
        start: of the events.
        stop: likewise.
        batch: see `learn_batch`.
        of_users: likewise.
        of_items: likewise.
        pairs: with slopes; those of products are written.
        gradient: float32[dim], added to.
    """
    users, slopes, of_products = batch.users, pairs.slopes, pairs.of_products
    n_pairs = slopes.shape[1]
    for event in range(start, stop):
        for k in range(len(gradient)):
            of_products[event, k] = 0
        for pair in range(n_pairs):
            item, slope = of_items.local[event * n_pairs + pair], slopes[event, pair]
            add_row(of_products, event, of_items.products, item, slope)
        user = users[event]
        for k in range(len(gradient)):
            gradient[k] += of_products[event, k] * of_users.state[user, 0, k]


@compiled_in_order
def _relu_backward(change: Float32, x: Float32) -> None:
    """What relu lets through of a gradient: nothing where the unit is 0."""
    flat, units = change.reshape(change.size), x.reshape(x.size)
    for n in range(len(units)):
        flat[n] = flat[n] if units[n] > np.float32(0) else np.float32(0)
