"""Models whose scores are sums of weights between items."""

from __future__ import annotations

import numpy as np

from penchant.data.histories import Histories
from penchant.errors import ParameterError
from penchant.export.history import History
from penchant.models.linear.ease import EASE
from penchant.models.linear.graph_filter import GraphFilter
from penchant.models.neighbours.item_knn import ItemKNN
from penchant.models.sequence.markov import MarkovChain
from penchant.models.sequence.sequential_rules import SequentialRules
from penchant.models.shared.item_weights import ItemWeights
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.topk import blocks
from penchant.typing import Csr, Float32

_DENSE_SHARE = 0.25  # of entries, from which a dense matrix is as short and much faster


def dense_item_weights(model: ItemWeights, history: History) -> str:
    """Scores of a model with a dense matrix, such as EASE."""
    g = history.graph
    row = history.row
    if isinstance(model, EASE) and model.recency:
        last = g.op("And", history.is_latest, history.positive)
        place = g.op("Add", history.after(history.as_floats(last)), g.floats(1))
        fading = g.op("Pow", place, g.floats(-model.recency))
        row = history.row_of(g.op("Mul", history.event_weights, fading))
    return g.op("MatMul", row, g.floats(model.weights_))


def sparse_item_weights(model: SparseItemWeights, history: History) -> str:
    """Scores of a model with a sparse matrix whose events count by their weights."""
    return sparse_product(history, history.event_weights, model.weights_)


def transitions(model: MarkovChain | SequentialRules, history: History) -> str:
    """Scores from the last events of histories."""
    g = history.graph
    window, decay = 1, 1.0
    if isinstance(model, SequentialRules):
        window, decay = model.window, model.event_decay
    place = history.after(history.as_floats(history.positive))
    counts = g.op("And", history.positive, g.op("Less", place, g.floats(window)))
    weights = g.op("Mul", history.as_floats(counts), g.op("Pow", g.floats(decay), place))
    return sparse_product(history, weights, model.weights_)


def item_knn(model: ItemKNN, history: History) -> str:
    """Scores of neighbours that are not by predicted ratings."""
    if model.of_ratings:
        raise ParameterError(
            f"item-knn with similarity={model.similarity} ranks by predicted ratings, which are "
            "not exported: use cosine, jaccard or correlation."
        )
    g = history.graph
    if model.uses_weights:
        weights = history.event_weights
    else:
        counts = g.op("And", history.is_latest, history.valid)
        if not model.compares_ratings:
            counts = g.op("And", counts, history.positive)
        weights = history.as_floats(counts)
    return sparse_product(history, weights, model.near_)


def graph_filter(model: GraphFilter, history: History) -> str:
    """Scores of filters, as the dense matrix that they come to."""
    n_items = history.n_items
    history.graph.require_room(4 * n_items**2)
    weights = np.empty((n_items, n_items), np.float32)
    for start, stop in blocks(n_items, n_items):
        weights[start:stop] = model.scores(single_items(n_items, start, stop))
    return history.graph.op("MatMul", history.row, history.graph.constant(weights))


def single_items(n_items: int, start: int, stop: int) -> Histories:
    """New users with one item each."""
    return Histories(
        users=np.full(stop - start, -1, np.int32),
        offsets=np.arange(stop - start + 1, dtype=np.int64),
        items=np.arange(start, stop, dtype=np.int32),
        ratings=None,
        times=None,
        n_items=n_items,
    )


def sparse_product(history: History, weights: str, matrix: Csr) -> str:
    """float32[n_users, n_items], sums over events of their weight times the row of their item.

    ONNX has no products of sparse matrices. The entries of the rows of all events are gathered one
    after the other, and added up where they belong, so that work and memory are in proportion to
    these entries and not to the whole matrix.

    Args:
        history: the histories.
        weights: float32[n_users, length], of their events.
        matrix: csr[n_items, n_items].
    """
    g, n_items = history.graph, history.n_items
    if matrix.nnz > _DENSE_SHARE * n_items**2:
        dense: Float32 = matrix.toarray()
        return g.op("MatMul", history.row_of(weights), g.floats(dense))
    zero, one, flat = g.integers([0]), g.integers([1]), g.integers([-1])
    items, weights = (g.op("Reshape", part, flat) for part in (history.items, weights))
    lengths = np.append(np.diff(matrix.indptr), 0)
    starts = np.append(matrix.indptr[:-1], 0)
    counts = g.op("Not", g.op("Equal", weights, g.floats(0)))
    length = g.op(
        "Mul", g.op("Gather", g.integers(lengths), items), g.cast(counts, "int64")
    )  # of the row of each event
    stop = g.op("CumSum", length, g.integers(0))
    start = g.op("Sub", stop, length)
    total = g.sum(length, 0)  # int64[1]
    # Which event each entry is of: a 1 where an event's entries begin, and sums of these.
    marks = g.op(
        "ScatterElements",
        g.zeros(g.op("Add", total, one), "int64"),
        start,
        g.op("Expand", one, g.op("Shape", start)),
        axis=0,
        reduction="add",
    )
    event = g.op("Sub", g.op("CumSum", marks, g.integers(0)), one)
    event = g.op("Slice", event, zero, total)
    place = g.op("Range", g.integers(0), g.op("Squeeze", total, zero), g.integers(1))
    place = g.op("Sub", place, g.op("Gather", start, event))
    entry = g.op("Add", g.op("Gather", g.op("Gather", g.integers(starts), items), event), place)
    column = g.cast(g.op("Gather", g.constant(matrix.indices, np.int32), entry), "int64")
    value = g.op("Gather", g.floats(matrix.data), entry)
    value = g.op("Mul", value, g.op("Gather", weights, event))
    length_of_history = g.op("Slice", history.shape, one, g.integers([2]))
    user = g.op("Div", event, length_of_history)
    cell = g.op("Add", g.op("Mul", user, g.integers([n_items])), column)
    rows = history.rows_of(n_items)
    sums = g.op(
        "ScatterElements", g.op("Reshape", rows, flat), cell, value, axis=0, reduction="add"
    )
    return g.op("Reshape", sums, g.op("Shape", rows))
