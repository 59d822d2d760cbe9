"""Graphs of prefixes are those of the paper, and so are the states."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from penchant.nn.sequence.graph import GraphEncoder, PrefixGraphs

ITEMS = torch.tensor([[4, 7, 4, 2, 2, 7], [1, 1, 1, 3, 0, 0]])
PLACES = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])  # the second sequence has two padded places


def _adjacency(history: list[int]) -> tuple[list[int], np.ndarray, np.ndarray]:
    """The items in the order of their first events, and the shares of edges in and out."""
    nodes = list(dict.fromkeys(history))
    steps = np.zeros((len(nodes), len(nodes)), np.float32)
    for source, target in pairwise(history):
        steps[nodes.index(source), nodes.index(target)] += 1
    incoming, outgoing = (
        part / np.maximum(part.sum(1, keepdims=True), 1) for part in (steps.T, steps)
    )
    return nodes, incoming, outgoing


def _history(place: int) -> list[int]:
    row, column = divmod(place, ITEMS.shape[1])
    return ITEMS[row, : column + 1].tolist()


def _plain_state(encoder: GraphEncoder, vectors: Tensor, history: list[int]) -> Tensor:
    """The state after one history, by products with dense tables."""
    nodes, incoming, outgoing = _adjacency(history)
    x = vectors[nodes]
    for _ in range(encoder.steps):
        heard = torch.cat([torch.from_numpy(table) @ x for table in (incoming, outgoing)], 1)
        x = encoder.cell(heard, x)
    events = x[[nodes.index(item) for item in history]]
    last = events[-1]
    weights = encoder.attention(torch.sigmoid(encoder.query(last) + encoder.key(events)))
    found: Tensor = encoder.out(torch.cat([last, (weights * events).sum(0)]))
    return found


def test_edges_are_the_steps_of_each_prefix() -> None:
    graphs = PrefixGraphs.of(ITEMS, PLACES)
    flat = ITEMS.flatten()
    for graph, place in enumerate(PLACES.tolist()):
        history = _history(place)
        nodes, incoming, outgoing = _adjacency(history)
        own = (graphs.graphs == graph).nonzero()[:, 0]
        assert flat[graphs.places[own]].tolist() == nodes
        assert graphs.counts[own].tolist() == [history.count(item) for item in nodes]
        assert int(flat[graphs.places[graphs.last[graph]]]) == history[-1]
        one_hot = torch.zeros(len(graphs.graphs), len(nodes))
        one_hot[own] = torch.eye(len(nodes))
        np.testing.assert_allclose(graphs.incoming.means(one_hot)[own], incoming, rtol=1e-6)
        np.testing.assert_allclose(graphs.outgoing.means(one_hot)[own], outgoing, rtol=1e-6)


def test_states_and_gradients_are_those_of_dense_tables() -> None:
    generator = torch.Generator().manual_seed(0)
    for steps in (1, 3):
        encoder = GraphEncoder(6, steps, 0.0)
        for weight in encoder.parameters():
            weight.data.normal_(0, 0.5, generator=generator)
        vectors = torch.randn(8, 6, generator=generator, requires_grad=True)
        found = encoder.states(vectors[ITEMS], ITEMS, PLACES)
        wanted = torch.stack(
            [_plain_state(encoder, vectors, _history(place)) for place in PLACES.tolist()]
        )
        torch.testing.assert_close(found, wanted)
        parts = [vectors, *encoder.parameters()]
        slopes = torch.autograd.grad(found.square().sum(), parts)
        for one, other in zip(
            slopes, torch.autograd.grad(wanted.square().sum(), parts), strict=True
        ):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_any_places_may_be_asked_for() -> None:
    encoder = GraphEncoder(6, 1, 0.0)
    x = torch.randn(2, 6, 6, generator=torch.Generator().manual_seed(0))
    every = encoder.states(x, ITEMS, PLACES)
    torch.testing.assert_close(encoder.states(x, ITEMS, PLACES[[9, 2]]), every[[9, 2]])
    assert encoder.states(x, ITEMS, PLACES[:0]).shape == (0, 6)
