"""Restricted Boltzmann machines."""

from __future__ import annotations

import numpy as np

from penchant.export.autoencoders import faded_row
from penchant.export.baselines import for_all_items
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import ridge_rows
from penchant.models.rbm.binary import RBM
from penchant.models.rbm.rating import BIAS, RatingRBM
from penchant.nn.rbm.contrastive_divergence import value_kernel
from penchant.nn.rbm.softmax_regressions import STEPS, contrasts_of
from penchant.typing import Float32


def rbm(model: RBM, history: History) -> str:
    """The reconstruction of visible units, seen or not."""
    g = history.graph
    values = g.floats(model.unrated_)
    if history.ratings:
        values = g.op("Div", history.ratings, g.floats(model.highest_))
        values = g.op("Clip", values, g.floats(0), g.floats(1))
    hidden = g.linear(faded_row(history, values), model.weights_.T, model.hidden_bias_)
    found = g.linear(g.op("Sigmoid", hidden), model.weights_, model.visible_bias_)
    return g.op("Sigmoid", found)


def rating_rbm(model: RatingRBM, history: History) -> str:
    """The mean rating of a softmax of each item."""
    if len(model.values_) == 1:
        every = np.full(history.n_items, model.values_[0])
        return for_all_items(history, history.rows_of(1), every)
    return (_by_user if model.axis == "user" else _by_item)(model, history)


def _places(model: RatingRBM, history: History) -> str:
    """int64[n_users, length], the nearest value of each rating."""
    g = history.graph
    between = (model.values_[1:] + model.values_[:-1]) / 2
    ratings = g.op("Unsqueeze", history.ratings, g.integers([2]))
    below = g.cast(g.op("Greater", ratings, g.floats(between)), "int64")
    return g.op("ReduceSum", below, g.integers([2]), keepdims=0)


def _expected(model: RatingRBM, g: Graph, activity: str) -> str:
    """float32[n_users, n_items], from float32[n_users, n_items, n_values]."""
    chances = g.op("Softmax", activity, axis=2)
    return g.op("MatMul", chances, g.floats(model.values_))


def _by_user(model: RatingRBM, history: History) -> str:
    """By hidden units that the history turns on."""
    g, k = history.graph, len(model.values_)
    table = np.concatenate([model.inputs_, np.zeros((k, model.hidden), np.float32)])
    units = g.op("Mul", history.items, g.integers(k))
    rows = g.op("Gather", g.floats(table), g.op("Add", units, _places(model, history)))
    there = g.op("Unsqueeze", history.as_floats(history.latest), g.integers([1]))
    hidden = g.op("Squeeze", g.op("MatMul", there, rows), g.integers([1]))
    hidden = g.op("Sigmoid", g.op("Add", hidden, g.floats(model.hidden_bias_)))
    activity = g.linear(hidden, model.units_[:-1].reshape(-1, model.hidden))
    activity = g.op("Reshape", activity, g.integers([0, history.n_items, k]))
    return _expected(model, g, g.op("Add", activity, g.floats(model.biases_[:-1])))


def _by_item(model: RatingRBM, history: History) -> str:
    """By hidden units of items and a softmax unit that is fitted to the history."""
    g = history.graph
    prior = np.concatenate([model.units_[-1], model.biases_[-1][:, None] / BIAS], 1)
    features = np.pad(model.hidden_[:-1], ((0, 0), (0, 1)), constant_values=np.float32(BIAS))
    shift = _softmax_regression(model, history, features, prior)
    weights = g.op("Add", shift, g.floats(prior))
    activity = g.op("MatMul", weights, g.floats(features.T))
    return _expected(model, g, g.op("Transpose", activity, perm=[0, 2, 1]))


def _softmax_regression(
    model: RatingRBM, history: History, features: Float32, prior: Float32
) -> str:
    """float32[n_users, n_values, hidden + 1], how the weights of `fit_softmax_rows` leave a prior.

    Args:
        model: fitted.
        history: whose ratings.
        features: float32[n_items, hidden + 1].
        prior: float32[n_values, hidden + 1].
    """
    g, last = history.graph, history.graph.integers([2])
    directions, strengths = contrasts_of(value_kernel(model.values_), model.ridge_)
    contrasts = g.floats(directions.numpy())
    ridges = g.floats(strengths.numpy()[:, None])
    there = history.as_floats(history.latest)
    x = g.op("Mul", history.of_events(features), g.op("Unsqueeze", there, last))
    eye = g.floats(np.eye(len(model.values_)))
    targets = g.op("Gather", eye, _places(model, history))
    prior_logits = g.op("MatMul", x, g.floats(prior.T))
    half = g.op("Mul", there, g.floats(0.5))
    zeros = g.floats(np.zeros((directions.shape[1], prior.shape[1])))
    nothing = g.op("Add", g.op("Unsqueeze", history.rows_of(1), last), zeros)

    body = Graph(g)
    now, before, step = (body.new(n) for n in ("now", "before", "step"))
    speed = body.op("Div", step, body.op("Add", step, body.floats(3)))
    ahead = body.op("Add", now, body.op("Mul", speed, body.op("Sub", now, before)))
    weights = body.op("Transpose", body.op("MatMul", contrasts, ahead), perm=[0, 2, 1])
    chances = body.op("Add", prior_logits, body.op("MatMul", x, weights))
    rest = body.op("Sub", targets, body.op("Softmax", chances, axis=2))
    rest = body.op("Transpose", body.op("MatMul", rest, contrasts), perm=[0, 2, 1])
    slope = body.op("Sub", body.op("MatMul", rest, x), body.op("Mul", ridges, ahead))
    after = body.op("Add", ahead, ridge_rows(body, x, half, slope, ridges))
    step_after = body.op("Add", step, body.floats(1))
    found = g.loop(
        body,
        STEPS,
        {now: nothing, before: nothing, step: g.floats(0)},
        [after, now, step_after],
        body.op("Greater", step_after, body.floats(0)),
    )
    return g.op("MatMul", contrasts, found[0])
