"""Compiled loops over the users and items of a batch: their rows, before and after its pairs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from penchant.compiled import compiled_in_order, compiled_inline
from penchant.nn.neumf.dense_weights import DenseWeights, first_weights, layer_bias, product_weights
from penchant.typing import Float32, Int32, Int64


class Batch(NamedTuple):
    """What is learned at once.

    Attributes:
        users: int64[n_events].
        items: int64[n_events, pairs], the event's first.
        weights: float32[n_events], what an event counts.
        popularity: float32[n_items], of all items, added to the log-odds.
    """

    users: Int64
    items: Int64
    weights: Float32
    popularity: Float32


class Side(NamedTuple):
    """The users or the items of a batch.

    Attributes:
        state: float32[n, 3, width], the table: rows and both moments of Adam, changed.
        place: int32[n], -1 each, of use while rows are grouped.
        values: int32[rows], the different ones of the batch.
        offsets: int32[rows + 1], where the rows of each begin in `order`.
        order: int32[rows], the rows of one after those of another.
        local: int32[rows], which of the values a row has.
        products: float32[rows, dim], of each value the vector that is multiplied; users' with
            the weights of products.
        vectors: float32[rows, mlp_dim], and the one that the layers take.
        first: float32[rows, units], what the first layer makes of it; items' with the bias.
    """

    state: Float32
    place: Int32
    values: Int32
    offsets: Int32
    order: Int32
    local: Int32
    products: Float32
    vectors: Float32
    first: Float32


class AdamSettings(NamedTuple):
    """How Adam goes on from a gradient; see `RowAdam`.

    Attributes:
        rate: the learning rate, corrected for the step.
        first: what the gradient counts in the first moment, which keeps the rest.
        second: likewise.
        kept: the rest of the second moment; 1 less a float32 of `second` is not exact enough.
        eps: added to the root of the second moment, corrected for the step.
    """

    rate: np.float32
    first: np.float32
    second: np.float32
    kept: np.float32
    eps: np.float32


@compiled_in_order
def group(index: Int64, side: Side) -> int:
    """Group the rows of a batch by their user or item; how many different ones there are."""
    place, values, offsets, order, local = (
        side.place,
        side.values,
        side.offsets,
        side.order,
        side.local,
    )
    n = 0
    for row in range(len(index)):
        value = index[row]
        if place[value] < 0:
            place[value] = n
            values[n] = value
            offsets[n + 1] = 0
            n += 1
        local[row] = place[value]
        offsets[place[value] + 1] += 1
    offsets[0] = 0
    for k in range(n):
        place[values[k]] = offsets[k]
        offsets[k + 1] += offsets[k]
    for row in range(len(index)):
        value = index[row]
        order[place[value]] = row
        place[value] += 1
    for k in range(n):
        place[values[k]] = -1
    return n


@compiled_in_order
def gather_rows(side: Side, start: int, stop: int, layers: DenseWeights, users: bool) -> None:
    """Gather the rows of some values, and let the first layer see them."""
    dim, mlp_dim = side.products.shape[1], side.vectors.shape[1]
    products, vectors = side.products, side.vectors
    for k in range(start, stop):
        value = side.values[k]
        for j in range(dim):
            products[k, j] = side.state[value, 0, j]
        for j in range(mlp_dim):
            vectors[k, j] = side.state[value, 0, dim + j]
    np.dot(vectors[start:stop], first_weights(layers, users, mlp_dim), side.first[start:stop])
    if users:
        scale_rows(products[start:stop], product_weights(layers, dim))
    else:
        add_to_rows(side.first[start:stop], layer_bias(layers, 0, 2 * mlp_dim))


@compiled_in_order
def scale_rows(rows: Float32, scale: Float32) -> None:
    """Multiply each row by a vector."""
    for n in range(len(rows)):
        for k in range(rows.shape[1]):
            rows[n, k] *= scale[k]


@compiled_in_order
def add_to_rows(rows: Float32, bias: Float32) -> None:
    """Add a vector to each row."""
    for n in range(len(rows)):
        for k in range(rows.shape[1]):
            rows[n, k] += bias[k]


@compiled_in_order
def add_sums(rows: Float32, sums: Float32) -> None:
    """Add each row to a vector."""
    for n in range(len(rows)):
        for k in range(rows.shape[1]):
            sums[k] += rows[n, k]


@compiled_inline
def add_row(sums: Float32, to: int, rows: Float32, row: int, times: np.float32) -> None:
    """Add so many times a row to one of the sums."""
    for k in range(sums.shape[1]):
        sums[to, k] += times * rows[row, k]


class PairGradients(NamedTuple):
    """What is kept of each pair of a batch, and of each event.

    Attributes:
        slopes: float32[n_events, pairs], of the loss by the log-odds.
        of_first: float32[n_events * pairs, units], of the loss by what enters the first layer.
        of_users: float32[n_events, units], its sums for each event.
        of_products: float32[n_events, dim], of the loss by the user's products.
    """

    slopes: Float32
    of_first: Float32
    of_users: Float32
    of_products: Float32


@compiled_in_order
def update_users(
    side: Side,
    start: int,
    stop: int,
    pairs: PairGradients,
    layers: DenseWeights,
    gradient: DenseWeights,
    l2: np.float32,
    adam: AdamSettings,
) -> float:
    """Sum up what events say of some users, and change their rows; the penalty before."""
    of_first = np.zeros((stop - start, pairs.of_users.shape[1]), np.float32)
    of_products = np.zeros((stop - start, side.products.shape[1]), np.float32)
    for k in range(start, stop):
        for n in range(side.offsets[k], side.offsets[k + 1]):
            event = side.order[n]
            add_row(of_first, k - start, pairs.of_users, event, np.float32(1))
            add_row(of_products, k - start, pairs.of_products, event, np.float32(1))
    scale_rows(of_products, product_weights(layers, of_products.shape[1]))
    return _update_rows(side, start, stop, of_first, of_products, layers, gradient, True, l2, adam)


@compiled_in_order
def update_items(
    side: Side,
    start: int,
    stop: int,
    of_users: Side,
    pairs: PairGradients,
    layers: DenseWeights,
    gradient: DenseWeights,
    l2: np.float32,
    adam: AdamSettings,
) -> float:
    """Sum up what pairs say of some items, and change their rows; the penalty before."""
    of_first = np.zeros((stop - start, pairs.of_users.shape[1]), np.float32)
    of_products = np.zeros((stop - start, side.products.shape[1]), np.float32)
    n_pairs = pairs.slopes.shape[1]
    slopes = pairs.slopes.reshape(pairs.slopes.size)
    for k in range(start, stop):
        for n in range(side.offsets[k], side.offsets[k + 1]):
            pair = side.order[n]
            add_row(of_first, k - start, pairs.of_first, pair, np.float32(1))
            user = of_users.local[pair // n_pairs]
            add_row(of_products, k - start, of_users.products, user, slopes[pair])
    add_sums(of_first, layer_bias(gradient, 0, 2 * side.vectors.shape[1]))
    return _update_rows(side, start, stop, of_first, of_products, layers, gradient, False, l2, adam)


@compiled_in_order
def _update_rows(
    side: Side,
    start: int,
    stop: int,
    of_first: Float32,
    of_products: Float32,
    layers: DenseWeights,
    gradient: DenseWeights,
    users: bool,
    l2: np.float32,
    adam: AdamSettings,
) -> float:
    """Go back through the first layer, and take a step of Adam with each row; the penalty."""
    penalty = 0.0
    dim, mlp_dim = side.products.shape[1], side.vectors.shape[1]
    of_weight = first_weights(gradient, users, mlp_dim)
    of_weight += np.dot(side.vectors[start:stop].T, of_first)
    of_vectors = np.dot(of_first, first_weights(layers, users, mlp_dim).T)
    change = np.empty(dim + mlp_dim, np.float32)
    for k in range(start, stop):
        for j in range(dim):
            change[j] = of_products[k - start, j]
        for j in range(mlp_dim):
            change[dim + j] = of_vectors[k - start, j]
        ridge = l2 * np.float32(side.offsets[k + 1] - side.offsets[k])
        squares = adam_update(side.state[side.values[k]], change, np.float32(2) * ridge, adam)
        penalty += float(ridge * squares)
    return penalty


@compiled_in_order
def adam_update(state: Float32, gradient: Float32, ridge: np.float32, adam: AdamSettings) -> Any:
    """A step of Adam with a row; float32, the sum of its squares before.

    Args:
        state: float32[3, n], the row and both moments, changed.
        gradient: float32[n].
        ridge: times the weights, added to the gradient.
        adam: how.
    """
    squares = np.float32(0)
    for k in range(len(gradient)):
        squares += state[0, k] * state[0, k]
        slope = gradient[k] + ridge * state[0, k]
        first = state[1, k] + adam.first * (slope - state[1, k])
        second = adam.kept * state[2, k] + adam.second * slope * slope
        state[1, k], state[2, k] = first, second
        state[0, k] -= adam.rate * first / (np.sqrt(second) + adam.eps)
    return squares
