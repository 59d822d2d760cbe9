"""Networks over features of a user and an item."""

from __future__ import annotations

from typing import Any

import numpy as np

from penchant.errors import ParameterError
from penchant.export.features import features_of
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.models.feature_based.field_networks import DCNV2, DeepFM, FieldLearner
from penchant.models.feature_based.mlp import FeatureMLP
from penchant.models.feature_based.standardised import FURTHEST, StandardisedFeatures
from penchant.typing import Float32


def feature_mlp(model: FeatureMLP, history: History) -> str:
    """The mean of what several networks say of all pairs."""
    g, state = history.graph, model.fitted_state()
    x = _prepared(model, history)
    n_layers = sum(name.startswith("weights_") for name in state)
    found = []
    for network in range(model.networks):
        hidden = x
        for n in range(n_layers):
            weight, bias = (state[f"{part}_{n}_"][network] for part in ("weights", "biases"))
            hidden = g.linear(g.op("Relu", hidden) if n else hidden, weight.T, bias)
        found.append(hidden)
    total = g.op("Sum", *found)
    return _as_targets(model, history, g.op("Div", total, g.floats(model.networks)))


def deep_fm(model: DeepFM, history: History) -> str:
    """A factorisation machine and dense layers over the same vectors."""
    g, state, numbers = history.graph, model.fitted_state(), _prepared(model, history)
    fields, weights = _of_items(model)
    vectors = state["vectors_"]
    total = g.op("Add", g.linear(numbers, vectors.T), g.floats(fields.sum(1)))
    squares = g.linear(g.op("Mul", numbers, numbers), np.square(vectors).T)
    squares = g.op("Add", squares, g.floats(np.square(fields).sum(1)))
    found = g.op("Sub", g.op("Mul", total, total), squares)
    found = g.op("Mul", g.sum(found, 2), g.floats(0.5))
    linear = g.linear(numbers, state["weights_"][None])
    found = g.op("Add", g.op("Add", found, linear), g.floats(weights + state["offset_"][0]))
    if model.hidden:
        deep = _dense(g, state, _joined(history, fields, numbers))
        deep = g.linear(deep, state["output_weight_"], state["output_bias_"])
        found = g.op("Add", found, deep)
    return _as_targets(model, history, found)


def dcn_v2(model: DCNV2, history: History) -> str:
    """Cross layers over all vectors and numbers, and dense layers beside or behind them."""
    g, state = history.graph, model.fitted_state()
    fields, weights = _of_items(model)
    first = _joined(history, fields, _prepared(model, history))
    x = first
    for n in range(model.cross_layers):
        part = g.op("Add", _cross(g, state, n, x), g.floats(state[f"cross_{n}_bias_"]))
        x = g.op("Add", x, g.op("Mul", first, part))
    if model.structure == "stacked":
        x = _dense(g, state, x)
    elif model.hidden:
        x = g.op("Concat", x, _dense(g, state, first), axis=2)
    found = g.linear(x, state["output_weight_"], state["output_bias_"])
    return _as_targets(model, history, g.op("Add", found, g.floats(weights)))


def _cross(g: Graph, state: dict[str, Any], n: int, x: str) -> str:
    """What a cross layer makes of float32[n_users, n_items, width], before its bias."""
    if f"cross_{n}_full_" in state:
        return g.linear(x, state[f"cross_{n}_full_"].T)
    down, up = state[f"cross_{n}_down_"], state[f"cross_{n}_up_"]
    if len(down) == 1:
        return g.linear(g.linear(x, down[0].T), up[0].T)
    shares = g.op("Softmax", g.linear(x, state[f"cross_{n}_gate_"].T), axis=2)
    parts = []
    for expert, middle in enumerate(state[f"cross_{n}_middle_"]):
        low = g.op("Tanh", g.linear(x, down[expert].T))
        low = g.op("Tanh", g.linear(low, middle.T))
        share = g.op("Gather", shares, g.integers([expert]), axis=2)
        parts.append(g.linear(g.op("Mul", low, share), up[expert].T))
    return g.op("Sum", *parts)


def _prepared(model: StandardisedFeatures, history: History) -> str:
    """float32[n_users, n_items, n], standardised numbers of all pairs."""
    if model.base_models_:
        raise ParameterError(
            f"{model!r} cannot be exported to ONNX, because it asks other models: leave out "
            "base_models."
        )
    g = history.graph
    raw = features_of(history, model.features)
    scaled = g.op("Sub", raw, g.floats(model.input_means_))
    scaled = g.op("Div", scaled, g.floats(model.input_spreads_))
    unknown = g.op("IsNaN", scaled)
    scaled = g.op("Where", unknown, g.floats(0), scaled)
    scaled = g.op("Clip", scaled, g.floats(-FURTHEST), g.floats(FURTHEST))
    some = np.flatnonzero(model.sometimes_unknown_)
    if not len(some):
        return scaled
    told = g.op("Gather", g.cast(unknown, "float"), g.integers(some), axis=2)
    return g.op("Concat", scaled, told, axis=2)


def _of_items(model: FieldLearner) -> tuple[Float32, Float32]:
    """float32[n_items, n_fields, dim] and float32[n_items, 1], of all items and an unknown user."""
    items = model.item_fields_[:-1]
    user = np.repeat(model.user_fields_[-1:], len(items), axis=0)
    weights = model.item_weights_[:-1] + model.user_weights_[-1]
    return np.concatenate([user, items], axis=1), weights[:, None]


def _joined(history: History, fields: Float32, numbers: str) -> str:
    """float32[n_users, n_items, width], vectors and numbers."""
    g = history.graph
    everyone = g.op("Unsqueeze", history.rows_of(1), g.integers([2]))
    flat = g.op("Add", everyone, g.floats(fields.reshape(1, len(fields), -1)))
    return g.op("Concat", flat, numbers, axis=2)


def _dense(g: Graph, state: dict[str, Any], x: str) -> str:
    """What dense layers with relu make of float32[n_users, n_items, width]."""
    n = 0
    while f"deep_of_{n}_weight_" in state:
        weight, bias = (state[f"deep_of_{n}_{part}_"] for part in ("weight", "bias"))
        x = g.op("Relu", g.linear(x, weight, bias))
        n += 1
    return x


def _as_targets(model: StandardisedFeatures, history: History, found: str) -> str:
    """float32[n_users, n_items], from float32[n_users, n_items, 1]."""
    g = history.graph
    mean, scale = model.output_
    found = g.op("Squeeze", found, g.integers([2]))
    return g.op("Add", g.op("Mul", found, g.floats(scale)), g.floats(mean))
