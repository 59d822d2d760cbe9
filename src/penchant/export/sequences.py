"""Networks that read a history in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from penchant.export.autoencoders import scores_of_all_items
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.session_graphs import LastEvents, state_of_graph
from penchant.models.sequence.base import SequenceNetworkModel
from penchant.models.sequence.gru4rec import GRU4Rec
from penchant.models.sequence.sasrec import ESASRec, SASRec
from penchant.models.sequence.sr_gnn import SRGNN
from penchant.typing import Float32

_GATES = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}  # in the order of ONNX, of those of torch


def sequence_network(model: SASRec | ESASRec | GRU4Rec | SRGNN, history: History) -> str:
    """Scores of the state after a history's last event."""
    g = history.graph
    read = _inputs(model, history)
    every = g.op("Range", g.integers(0), read.length, g.integers(1))
    is_last = g.op("Equal", every, g.op("Sub", read.n_events, g.integers(1)))
    axis = g.integers([1])
    last = g.op("Unsqueeze", history.as_floats(is_last), axis)
    if isinstance(model, SRGNN):
        found = state_of_graph(model, g, read, last)
    elif isinstance(model, GRU4Rec):
        found = g.op("MatMul", last, _recurrent(model, g, read.vectors))
    else:
        found = g.op("MatMul", last, _attentive(model, g, read.vectors, read.length))
    state = g.op("Squeeze", found, axis)
    if model.scale is not None:
        size = g.op("Sqrt", g.sum(g.op("Mul", state, state), 1))
        unit = g.op("Div", state, g.op("Max", size, g.floats(1e-12)))
        state = g.op("Mul", unit, g.floats(model.scale))
    scores = g.op("MatMul", state, g.floats(model.item_vectors_.T))
    return scores_of_all_items(history, scores, model.trained_items_)


def _inputs(model: SequenceNetworkModel, history: History) -> LastEvents:
    """The last events of each history, as many as the model reads."""
    g = history.graph
    rows = np.zeros(history.n_items + 1, np.int64)  # 0 for items without a vector
    rows[model.trained_items_] = np.arange(1, len(model.trained_items_) + 1)
    row = g.op("Gather", g.integers(rows), history.items)
    known = g.op("And", history.positive, g.op("Greater", row, g.integers(0)))
    one = g.integers(1)
    from_end = g.op("CumSum", g.cast(known, "int64"), one, reverse=1)
    read = g.op("And", known, g.op("LessOrEqual", from_end, g.integers(model.max_length)))
    n_events = g.sum(g.cast(read, "int64"), 1)
    given = g.op("Slice", history.shape, g.integers([1]), g.integers([2]))
    length = g.op("Min", given, g.integers([model.max_length]))
    place = g.op("Where", read, g.op("Sub", n_events, from_end), length)
    n_users = g.op("Slice", history.shape, g.integers([0]), g.integers([1]))
    shape = g.op("Concat", n_users, g.op("Add", length, one), axis=0)
    packed = g.op("ScatterElements", g.zeros(shape, "int64"), place, row, axis=1)
    packed = g.op("Slice", packed, g.integers([0]), length, g.integers([1]))
    padding = np.zeros((1, model.dim), np.float32)
    table = g.floats(np.concatenate([padding, model.item_vectors_]))
    return LastEvents(
        g.op("Squeeze", length, g.integers([0])), n_events, packed, g.op("Gather", table, packed)
    )


def _recurrent(model: GRU4Rec, g: Graph, x: str) -> str:
    """float32[n_users, length, dim], states of recurrent units."""
    state = model.fitted_state()
    order = _GATES[model.cell]
    kind = model.cell.upper()
    more = {"linear_before_reset": 1} if model.cell == "gru" else {}
    units = g.op("Transpose", x, perm=[1, 0, 2])
    for layer in range(model.layers):
        weights = [
            _gates(state[f"units_{part}_l{layer}_"], order)
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        of_inputs, of_states, *biases = weights
        inputs = [g.floats(w[None]) for w in (of_inputs, of_states, np.concatenate(biases))]
        found = g.op(kind, units, *inputs, hidden_size=model.hidden, **more)
        units = g.op("Squeeze", found, g.integers([1]))
    states = g.op("Transpose", units, perm=[1, 0, 2])
    return g.linear(states, state["out_weight_"], state["out_bias_"])


def _gates(weights: Float32, order: tuple[int, ...]) -> Float32:
    parts = np.split(weights, len(order))
    return np.concatenate([parts[n] for n in order])


def _attentive(model: SASRec | ESASRec, g: Graph, x: str, length: str) -> str:
    """float32[n_users, length, dim], states of blocks of attention."""
    state = model.fitted_state()
    places = g.op("Range", g.integers(0), length, g.integers(1))
    x = g.op("Add", x, g.op("Gather", g.floats(state["positions_"]), places))
    before = g.op("LessOrEqual", places, g.op("Unsqueeze", places, g.integers([1])))

    def linear(name: str, x: str) -> str:
        return g.linear(x, state[f"{name}_weight_"], state[f"{name}_bias_"])

    def norm(name: str, x: str) -> str:
        parts = (g.floats(state[f"{name}_{part}_"]) for part in ("weight", "bias"))
        return g.op("LayerNormalization", x, *parts, axis=-1)

    def gated(name: str, x: str, change: str) -> str:
        return g.op("Mul", g.op("Sigmoid", linear(name, x)), change)

    for n in range(model.blocks):
        block = f"blocks_{n}"
        normed = norm(f"{block}_before_attention", x)
        looked_at = x if isinstance(model, SASRec) else normed
        attended = _attention(model, g, state, f"{block}_attention", normed, looked_at, before)
        if isinstance(model, ESASRec):
            attended = gated(f"{block}_attention_gate", x, attended)
        x = g.op("Add", x, attended)
        inner = linear(f"{block}_first", norm(f"{block}_before_layers", x))
        if isinstance(model, ESASRec):
            gate, value = g.ops("Split", [inner], 2, axis=-1, num_outputs=2)
            swish = g.op("Mul", gate, g.op("Sigmoid", gate))
            change = linear(f"{block}_second", g.op("Mul", swish, value))
            change = gated(f"{block}_layers_gate", x, change)
        else:
            change = linear(f"{block}_second", g.op("Relu", inner))
        x = g.op("Add", x, change)
    return norm("norm", x)


def _attention(
    model: SASRec | ESASRec,
    g: Graph,
    state: dict[str, Any],
    name: str,
    query: str,
    x: str,
    before: str,
) -> str:
    """float32[n_users, length, dim], what each place gets from those before it and itself."""
    dim, heads = model.dim, model.heads
    of_heads = g.integers([0, 0, heads, dim // heads])

    def linear(part: str, x: str, rows: slice = slice(None)) -> str:
        weight, bias = (state[f"{name}_{part}_{kind}_"][rows] for kind in ("weight", "bias"))
        return g.linear(x, weight, bias)

    def divided(x: str, perm: list[int]) -> str:
        return g.op("Transpose", g.op("Reshape", x, of_heads), perm=perm)

    q = divided(linear("query", query), [0, 2, 1, 3])
    k = divided(linear("key_value", x, slice(None, dim)), [0, 2, 3, 1])
    v = divided(linear("key_value", x, slice(dim, None)), [0, 2, 1, 3])
    alike = g.op("Mul", g.op("MatMul", q, k), g.floats((dim // heads) ** -0.5))
    alike = g.op("Where", before, alike, g.floats(-np.inf))
    found = g.op("MatMul", g.op("Softmax", alike, axis=-1), v)
    found = g.op("Transpose", found, perm=[0, 2, 1, 3])
    return linear("out", g.op("Reshape", found, g.integers([0, 0, dim])))
