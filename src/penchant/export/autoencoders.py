"""Autoencoders of users' vectors."""

from __future__ import annotations

import numpy as np

from penchant.export.factors import lowest
from penchant.export.history import History
from penchant.export.solving import ridge_solutions
from penchant.models.autoencoders.autorec import AutoRec
from penchant.models.autoencoders.mult_vae import MultDAE, MultVAE
from penchant.models.autoencoders.residuals import OFFSET_L2
from penchant.models.autoencoders.user_units import BIAS_L2, LEAST_L2
from penchant.typing import Int32

_ACTIVATIONS = {"linear": "Identity", "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}


def mult(model: MultDAE | MultVAE, history: History) -> str:
    """Logits of an autoencoder with a multinomial likelihood."""
    g = history.graph
    state = model.fitted_state()
    row = history.row
    length = g.op("Sqrt", g.sum(g.op("Mul", row, row), 1))
    x = g.op("Div", row, g.op("Max", length, g.floats(1e-12)))
    if len(model.trained_items_) < history.n_items:
        x = g.op("Gather", x, g.integers(model.trained_items_), axis=1)
    code_weight, code_bias = (state[f"code_{part}_"][: model.dim] for part in ("weight", "bias"))
    hidden = g.op("Tanh", g.linear(x, state["encoder_weight_"].T, state["encoder_bias_"]))
    code = g.linear(hidden, code_weight, code_bias)
    hidden = g.op("Tanh", g.linear(code, state["decoder_weight_"], state["decoder_bias_"]))
    logits = g.linear(hidden, state["output_weight_"], state["output_bias_"])
    return scores_of_all_items(history, logits, model.trained_items_)


def scores_of_all_items(history: History, scores: str, trained: Int32) -> str:
    """Scores of the items that a network has units for, and others behind them."""
    if len(trained) == history.n_items:
        return scores
    g = history.graph
    last = g.op("Sub", lowest(history, scores), g.floats(1))
    place = np.full(history.n_items, len(trained))
    place[trained] = np.arange(len(trained))
    return g.op("Gather", g.op("Concat", scores, last, axis=1), g.integers(place), axis=1)


def autorec(model: AutoRec, history: History) -> str:
    """Predicted ratings, by users or by items."""
    g = history.graph
    spread = g.floats(model.spread_)
    valid = history.as_floats(history.valid)
    offset = history.of_events(model.offset_)
    above = g.op("Sub", g.op("Sub", history.ratings, g.floats(model.mean_)), offset)
    if model.offsets == "biases":
        total = g.sum(g.op("Where", history.valid, above, g.floats(0)), 1)
        user = g.op("Div", total, g.op("Add", g.sum(valid, 1), g.floats(OFFSET_L2)))
    else:
        user = g.op("Mul", g.sum(valid, 1), g.floats(0))
    rated = g.op("And", history.valid, history.is_latest)
    residual = g.op("Div", g.op("Sub", above, user), spread)
    offsets = g.op("Add", g.floats(model.offset_), g.op("Add", user, g.floats(model.mean_)))
    deviations = (_by_user if model.axis == "user" else _by_item)(model, history, residual, rated)
    if model.axis == "user":  # the units' biases are part of `item_bias_`
        own = g.floats(model.item_bias_ - model.offset_)
        offsets = g.op("Add", offsets, own)
    return g.op("Add", g.op("Mul", deviations, spread), offsets)


def _by_user(model: AutoRec, history: History, residual: str, rated: str) -> str:
    """float32[n_users, n_items], the output units for hidden ones of the history."""
    g = history.graph
    values = g.op("Where", rated, g.op("Add", residual, g.floats(model.presence)), g.floats(0))
    state = model.fitted_state()
    x = history.row_of(values)
    hidden = g.linear(x, state["encoder_weight_"].T, state["encoder_bias_"])
    return g.linear(g.op(_ACTIVATIONS[model.activation], hidden), model.item_vectors_)


def _by_item(model: AutoRec, history: History, residual: str, rated: str) -> str:
    """float32[n_users, n_items], of the units that fit a history best, near the mean of all."""
    g = history.graph
    l2 = max(model.l2 / 2, LEAST_L2)
    constant = np.sqrt(l2 / BIAS_L2[model.offsets])
    vectors = np.pad(model.item_vectors_, ((0, 0), (0, 1)), constant_values=np.float32(constant))
    mean = np.append(model.mean_unit_, model.mean_unit_bias_ / constant)
    expected = (vectors.astype(np.float64) @ mean).astype(np.float32)
    rest = g.op("Sub", residual, history.of_events(expected))
    goals = g.op("Where", rated, rest, g.floats(0))
    rows = ridge_solutions(
        g, history.of_events(vectors), history.as_floats(rated), goals, g.floats(l2)
    )
    return g.op("Add", g.op("MatMul", rows, g.floats(vectors.T)), g.floats(expected))
