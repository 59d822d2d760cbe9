"""A compiled step of neural matrix factorisation, gradients included.

What the first layer makes of vectors, and its gradients, are computed once for each user and item
of a batch; its pairs go through the other layers some at a time, forth and back while they are in
the cache. The rows of a batch are dealt to parts, whatever the number of threads, and sums of parts
are added up in order, so that the result is the same on any number of them.
"""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled, compiled_inline, loop_range
from penchant.nn.neumf.dense_weights import DenseWeights
from penchant.nn.neumf.pair_loops import learn_pairs
from penchant.nn.neumf.row_loops import (
    AdamSettings,
    Batch,
    PairGradients,
    Side,
    gather_rows,
    group,
    update_items,
    update_users,
)
from penchant.typing import Float32, Float64


@compiled
def learn_batch(
    batch: Batch,
    of_users: Side,
    of_items: Side,
    layers: DenseWeights,
    pairs: PairGradients,
    gradients: Float32,
    l2: np.float32,
    adam: AdamSettings,
    space: Float32,
    losses: Float64,
) -> None:
    """Make the loss of a batch smaller; see `NeuMF`.

    Args:
        batch: events and their pairs.
        of_users: their table, changed, and space.
        of_items: likewise.
        layers: read.
        pairs: space, written.
        gradients: float32[n_parts, n], of the weights of layers, written: their sum is meant.
        l2: weight of the squares of both rows, for each pair.
        adam: for the tables.
        space: float32[n_parts, n], twice the units of all layers for the pairs that go at once.
        losses: float64[n_parts], sums of losses before the step, with the penalty, written.
    """
    items = batch.items
    (n_events, n_pairs), n_parts = items.shape, len(losses)
    n = np.zeros(2, np.int64)
    for side in loop_range(2):
        if side:
            n[1] = group(items.reshape(items.size), of_items)
        else:
            n[0] = group(batch.users, of_users)
    for part in loop_range(n_parts):
        gradients[part] = 0
        gather_rows(of_users, *_bounds(n[0], part, n_parts), layers, True)
        gather_rows(of_items, *_bounds(n[1], part, n_parts), layers, False)
    for part in loop_range(n_parts):
        start, stop = _bounds(n_events, part, n_parts)
        of_part = DenseWeights(layers.sizes, layers.starts, gradients[part])
        losses[part] = learn_pairs(
            start,
            stop,
            batch,
            of_users,
            of_items,
            layers,
            pairs,
            of_part,
            space[part],
        )
    for part in loop_range(n_parts):
        of_part = DenseWeights(layers.sizes, layers.starts, gradients[part])
        each = l2 / np.float32(items.size)
        start, stop = _bounds(n[0], part, n_parts)
        of_rows = update_users(
            of_users, start, stop, pairs, layers, of_part, each * np.float32(n_pairs), adam
        )
        start, stop = _bounds(n[1], part, n_parts)
        of_rows += update_items(of_items, start, stop, of_users, pairs, layers, of_part, each, adam)
        losses[part] += of_rows * items.size


@compiled_inline
def _bounds(n: int, part: int, n_parts: int) -> tuple[int, int]:
    return n * part // n_parts, n * (part + 1) // n_parts
