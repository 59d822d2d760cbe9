"""Neural matrix factorisation: a history's row by steps of Adam, through the layers and back."""

from __future__ import annotations

import numpy as np

from penchant.data.target import Interaction
from penchant.export.examples import examples_of
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.solving import adam
from penchant.models.factorisation.neumf import NeuMF
from penchant.nn.neumf.fold_in import LEAST_RIDGE, RATE, STEPS


def neumf(model: NeuMF, history: History) -> str:
    """Scores of the row that tells a history's items from drawn ones."""
    g, state = history.graph, model.fitted_state()
    examples = examples_of(history, Interaction(), model.negatives, model.seed)
    items, weights, truth = examples.items, examples.weights, examples.truth
    n = g.sum(examples.there, 1)
    ridge = g.op("Mul", n, g.floats(2 * (model.l2 + LEAST_RIDGE)))

    layers = _Layers(model, g)
    padding = np.zeros((1, layers.width))
    table = np.concatenate([model.item_rows_, padding])
    base = np.append(model.popularity_ + state["offset_"], 0)
    products = g.op("Gather", g.floats(table[:, : model.dim] * state["products_"]), items)
    first = None
    if layers.weights:
        seen = table[:, model.dim :] @ layers.of_items.T + layers.biases[0]
        first = g.op("Gather", g.floats(seen), items)
    known = g.op("Gather", g.floats(base), items)
    usual = g.floats(model.usual_row()[None])

    def slopes(body: Graph, rows: str) -> str:
        p = body.columns(rows, 0, model.dim)
        last, column = body.integers([2]), body.integers([1])
        odds = body.op("MatMul", products, body.op("Unsqueeze", p, last))
        odds = body.op("Add", body.op("Squeeze", odds, last), known)
        units: list[str] = []
        if first is not None:
            mine = body.columns(rows, model.dim, layers.width)
            mine = body.op("Unsqueeze", body.op("MatMul", mine, layers.of_users), column)
            units = layers.forward(body, body.op("Add", first, mine))
            odds = body.op("Add", odds, body.op("MatMul", units[-1], layers.last))
        slope = body.op("Mul", weights, body.op("Sub", body.op("Sigmoid", odds), truth))
        each = body.op("Unsqueeze", slope, column)
        found = body.op("Squeeze", body.op("MatMul", each, products), column)
        if units:
            back = layers.backward(body, body.op("Unsqueeze", slope, last), units)
            total = body.op("ReduceSum", back, column, keepdims=0)
            of_mine = body.op("MatMul", total, layers.to_users)
            found = body.op("Concat", found, of_mine, axis=1)
        gone = body.op("Mul", ridge, body.op("Sub", rows, usual))
        return body.op("Add", found, gone)

    start = g.op("Add", history.rows_of(layers.width), usual)
    rows = adam(g, start, slopes, steps=STEPS, rate=RATE, least=1e-8, kept=0.999)
    p = g.columns(rows, 0, model.dim)
    scores = g.linear(p, model.item_rows_[:, : model.dim] * state["products_"], base[:-1])
    if first is None:
        return scores
    mine = g.op("MatMul", g.columns(rows, model.dim, layers.width), layers.of_users)
    mine = g.op("Unsqueeze", mine, g.integers([1]))
    units = layers.forward(g, g.op("Add", g.floats(seen[:-1]), mine))
    return g.op("Add", scores, g.op("MatMul", units[-1], layers.last))


class _Layers:
    """The dense layers of a model as constants of a graph.

    Args:
        model: fitted.
        g: the graph.
    """

    def __init__(self, model: NeuMF, g: Graph) -> None:
        state = model.fitted_state()
        every = range(len(model.hidden))
        self.weights = [state[f"layers_{n}_weight_"] for n in every]
        self.biases = [state[f"layers_{n}_bias_"] for n in every]
        self.width = model.dim
        if not self.weights:
            return
        self.width += model.mlp_dim
        self.of_items = self.weights[0][:, model.mlp_dim :]
        self.of_users = g.floats(self.weights[0][:, : model.mlp_dim].T)
        self.to_users = g.floats(self.weights[0][:, : model.mlp_dim])
        self.last = g.floats(state["units_"])
        self._to_next = [g.floats(weight.T) for weight in self.weights[1:]]
        self._to_former = [g.floats(weight) for weight in self.weights[1:]]
        self._biases = [g.floats(bias) for bias in self.biases[1:]]

    def forward(self, g: Graph, x: str) -> list[str]:
        """The units of each layer, of what the first one takes its activation of."""
        units = [g.op("Relu", x)]
        for weight, bias in zip(self._to_next, self._biases, strict=True):
            units.append(g.op("Relu", g.op("Add", g.op("MatMul", units[-1], weight), bias)))
        return units

    def backward(self, g: Graph, slopes: str, units: list[str]) -> str:
        """What slopes of the log-odds, float32[..., 1], are by the sums that enter the layers."""
        change = g.op("Mul", slopes, self.last)
        for n in range(len(units) - 1, -1, -1):
            there = g.cast(g.op("Greater", units[n], g.floats(0)), "float")
            change = g.op("Mul", change, there)
            if n:
                change = g.op("MatMul", change, self._to_former[n - 1])
        return change
