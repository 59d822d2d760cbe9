"""Autoencoders of users' vectors."""

from __future__ import annotations

import numpy as np

from penchant.export.baselines import shrunken_mean
from penchant.export.factors import lowest
from penchant.export.history import History
from penchant.export.solving import ridge_solutions
from penchant.models.autoencoders.autorec import AutoRec
from penchant.models.autoencoders.mult_vae import MultDAE, MultVAE
from penchant.models.autoencoders.plain import Autoencoder
from penchant.models.autoencoders.residuals import OFFSET_L2, RatingResiduals
from penchant.models.autoencoders.user_units import BIAS_L2, LEAST_L2, UserUnits
from penchant.models.shared.fading import ALIKE
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


def scores_of_all_items(history: History, scores: str, trained: Int32, others: str = "") -> str:
    """Scores of all items from those that a network has units for.

    Args:
        history: whose scores.
        scores: float32[n_users, n_trained].
        trained: int32[n_trained], the items.
        others: float32[n_users, 1], of all other items; by default below the lowest score.
    """
    if len(trained) == history.n_items:
        return scores
    g = history.graph
    others = others or g.op("Sub", lowest(history, scores), g.floats(1))
    place = np.full(history.n_items, len(trained))
    place[trained] = np.arange(len(trained))
    return g.op("Gather", g.op("Concat", scores, others, axis=1), g.integers(place), axis=1)


def plain(model: Autoencoder, history: History) -> str:
    """The reconstruction of a vector of ratings, in which an unseen item is a 0."""
    g, state = history.graph, model.fitted_state()
    x = faded_row(history, history.ratings or g.floats(model.unrated_))
    if len(model.trained_items_) < history.n_items:
        x = g.op("Gather", x, g.integers(model.trained_items_), axis=1)
    hidden = g.linear(x, state["encoder_weight_"].T, state["encoder_bias_"])
    found = g.linear(g.op("Sigmoid", hidden), state["decoder_weight_"], state["decoder_bias_"])
    return scores_of_all_items(history, found, model.trained_items_, history.rows_of(1))


def faded_row(history: History, values: str) -> str:
    """float32[n_users, n_items], values of the last event with each item, less at little weight.

    See `penchant.models.shared.fading`.

    Args:
        history: whose events.
        values: float32, broadcast to [n_users, length].
    """
    g = history.graph
    row = history.row_of(g.op("Where", history.latest, values, g.floats(0)))
    whole = g.op("Greater", history.row, g.floats(1 - ALIKE))
    return g.op("Mul", row, g.op("Where", whole, g.floats(1), history.row))


def autorec(model: AutoRec, history: History) -> str:
    """Predicted ratings, by users or by items."""
    if model.axis == "item":
        return user_units(model, history)
    g, state = history.graph, model.fitted_state()
    user, residual = _residuals(model, history)
    values = g.op("Add", residual, g.floats(model.presence))
    x = history.row_of(g.op("Where", history.latest, values, g.floats(0)))
    hidden = g.linear(x, state["encoder_weight_"].T, state["encoder_bias_"])
    found = g.linear(g.op(_ACTIVATIONS[model.activation], hidden), model.item_vectors_)
    return _as_ratings(model, history, found, user)


def user_units(model: UserUnits, history: History) -> str:
    """Predicted ratings of the unit that fits a history best, near the mean of all."""
    g, l2 = history.graph, max(model.unit_l2, LEAST_L2)
    user, residual = _residuals(model, history)
    constant = np.sqrt(l2 / BIAS_L2[model.offsets])
    vectors = np.pad(model.item_vectors_, ((0, 0), (0, 1)), constant_values=np.float32(constant))
    mean = np.append(model.mean_unit_, model.mean_unit_bias_ / constant)
    expected = (vectors.astype(np.float64) @ mean).astype(np.float32)
    rest = g.op("Sub", residual, history.of_events(expected))
    goals = g.op("Where", history.latest, rest, g.floats(0))
    there = history.as_floats(history.latest)
    rows = ridge_solutions(g, history.of_events(vectors), there, goals, g.floats(l2))
    found = g.op("Add", g.op("MatMul", rows, g.floats(vectors.T)), g.floats(expected))
    return _as_ratings(model, history, found, user)


def _residuals(model: RatingResiduals, history: History) -> tuple[str, str]:
    """float32[n_users, 1], offsets of users, and float32[n_users, length], what is left."""
    g = history.graph
    above = g.op("Sub", history.ratings, g.floats(model.mean_))
    above = g.op("Sub", above, history.of_events(model.offset_))
    user = history.rows_of(1)
    if model.offsets == "biases":
        user = shrunken_mean(history, above, OFFSET_L2)
    return user, g.op("Div", g.op("Sub", above, user), g.floats(model.spread_))


def _as_ratings(model: UserUnits, history: History, residuals: str, user: str) -> str:
    g = history.graph
    offsets = g.op("Add", g.floats(model.item_bias_), g.op("Add", user, g.floats(model.mean_)))
    return g.op("Add", g.op("Mul", residuals, g.floats(model.spread_)), offsets)
