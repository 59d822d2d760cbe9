"""The network on the graph of a history's items."""

from __future__ import annotations

from typing import Any, NamedTuple

from penchant.export.graph import Graph
from penchant.models.sequence.sr_gnn import SRGNN


class LastEvents(NamedTuple):
    """The last events of each history, from the first place on.

    Attributes:
        length: int64, how many places there are.
        n_events: int64[n_users, 1], how many of them have events.
        rows: int64[n_users, length], above 0 for items, of which equal ones are the same.
        vectors: float32[n_users, length, dim], of the items.
    """

    length: str
    n_events: str
    rows: str
    vectors: str


def state_of_graph(model: SRGNN, g: Graph, read: LastEvents, last: str) -> str:
    """float32[n_users, 1, dim], as `GraphEncoder.states`, with matrices in the place of edges.

    The node of an item is at the place where the item comes first; other places have no edges.

    Args:
        model: whose weights are taken.
        g: what grows.
        read: the histories.
        last: float32[n_users, 1, length], 1 at the last event of each.
    """
    state = model.fitted_state()
    one, zero = g.integers([1]), g.integers([0])
    row, column = (g.op("Unsqueeze", read.rows, g.integers([axis])) for axis in (2, 1))
    alike = g.cast(g.op("Equal", row, column), "float")
    first = g.op("ArgMax", alike, axis=2, keepdims=1)
    every = g.op("Range", g.integers(0), read.length, g.integers(1))
    is_event = g.cast(g.op("Greater", row, g.integers(0)), "float")
    # float32[n_users, length, length], the node of each event.
    node_of = g.op("Mul", g.cast(g.op("Equal", first, every), "float"), is_event)
    n_places = g.op("Unsqueeze", read.length, zero)
    before = g.op("Slice", node_of, zero, g.op("Sub", n_places, one), one)
    after = g.op("Slice", node_of, one, n_places, one)
    # An edge ends where there is an event; the node before it is there in any case.
    edges = g.op("MatMul", g.op("Transpose", after, perm=[0, 2, 1]), before)
    heard_from = [_shares(g, edges), _shares(g, g.op("Transpose", edges, perm=[0, 2, 1]))]
    nodes = read.vectors
    for _ in range(model.steps):
        heard = g.op("Concat", *(g.op("MatMul", m, nodes) for m in heard_from), axis=2)
        nodes = _gated_unit(g, state, heard, nodes)
    end = g.op("MatMul", g.op("MatMul", last, node_of), nodes)
    query = g.linear(end, state["query_weight_"], state["query_bias_"])
    seen = g.op("Sigmoid", g.op("Add", query, g.linear(nodes, state["key_weight_"])))
    counts = g.op("Transpose", g.sum(node_of, 1), perm=[0, 2, 1])
    weights = g.op("Mul", g.linear(seen, state["attention_weight_"]), counts)
    whole = g.sum(g.op("Mul", weights, nodes), 1)
    both = g.op("Concat", end, whole, axis=2)
    return g.linear(both, state["out_weight_"], state["out_bias_"])


def _shares(g: Graph, edges: str) -> str:
    """float32[n_users, length, length], each edge of a node as a share of them."""
    return g.op("Div", edges, g.op("Max", g.sum(edges, 2), g.floats(1)))


def _gated_unit(g: Graph, state: dict[str, Any], inputs: str, units: str) -> str:
    """float32[n_users, length, dim], units after they have heard of the inputs; as GRUCell."""
    given, own = (
        g.ops(
            "Split",
            [g.linear(x, state[f"cell_weight_{kind}_"], state[f"cell_bias_{kind}_"])],
            3,
            axis=2,
            num_outputs=3,
        )
        for x, kind in ((inputs, "ih"), (units, "hh"))
    )
    reset, kept = (g.op("Sigmoid", g.op("Add", given[n], own[n])) for n in (0, 1))
    new = g.op("Tanh", g.op("Add", given[2], g.op("Mul", reset, own[2])))
    return g.op("Add", new, g.op("Mul", kept, g.op("Sub", units, new)))
