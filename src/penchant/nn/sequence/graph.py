"""Gated networks on the graphs of what sequences have gone through up to each of their events."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.sequence.dropout import ByteDropout
from penchant.nn.sequence.encoder import SequenceEncoder


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges that end, or that begin, at each node of some graphs.

    Attributes:
        ends: int64[n_edges], the nodes at their other ends, by the node.
        offsets: int64[n_nodes], where those of each node begin.
    """

    ends: Tensor
    offsets: Tensor

    @classmethod
    def of(cls, nodes: Tensor, ends: Tensor, n_nodes: int) -> Edges:
        """The edges between int64[n_edges] nodes and others, by the former."""
        counts = torch.bincount(nodes, minlength=n_nodes)
        return cls(ends[nodes.argsort(stable=True)], counts.cumsum(0) - counts)

    def means(self, x: Tensor) -> Tensor:
        """float32[n_nodes, dim], the mean over the edges of each; zeros where there is none."""
        return functional.embedding_bag(self.ends, x, self.offsets, mode="mean")


@dataclass(frozen=True, eq=False)
class PrefixGraphs:
    """For each event a graph of the items of its sequence up to it, with an edge for each step.

    Nodes are numbered graph after graph.

    Attributes:
        places: int64[n_nodes], where in the flattened inputs the item of each node comes first.
        graphs: int64[n_nodes], ascending.
        counts: float32[n_nodes], how many events of the graph have the item.
        last: int64[n_graphs], the node of the last event of each.
        incoming: from which nodes one came to each.
        outgoing: to which nodes one went from each.
    """

    places: Tensor
    graphs: Tensor
    counts: Tensor
    last: Tensor
    incoming: Edges
    outgoing: Edges

    @classmethod
    def of(cls, items: Tensor, places: Tensor) -> PrefixGraphs:
        """The graphs that end at int64[n_graphs] places of int64[n, length] items."""
        length = items.shape[1]
        # uint8[n, length, length]: argmax gives the first of several.
        first = (items[:, :, None] == items[:, None, :]).to(torch.uint8).argmax(2)
        n_events = places % length + 1
        stops = n_events.cumsum(0)
        graph = torch.repeat_interleave(n_events)
        starts = (stops - n_events)[graph]
        position = torch.arange(len(graph), device=items.device) - starts
        place = (places - n_events + 1)[graph] + position
        first_position = first.flatten()[place]
        is_node = first_position == position
        number = is_node.cumsum(0) - 1
        node = number[starts + first_position]
        to = position.nonzero()[:, 0]  # each event but the first of a graph ends an edge
        n_nodes = int(number[-1]) + 1
        return cls(
            places=place[is_node],
            graphs=graph[is_node],
            counts=torch.bincount(node, minlength=n_nodes).float(),
            last=node[stops - 1],
            incoming=Edges.of(node[to], node[to - 1], n_nodes),
            outgoing=Edges.of(node[to - 1], node[to], n_nodes),
        )


class GraphEncoder(SequenceEncoder):
    """A gated network on the graph of a sequence's items, read out by attention from the last.

    Wu et al., "Session-based Recommendation with Graph Neural Networks" (2019), eqs. 1 to 7. The
    linear maps of eq. 1 are left out, since those of the gates follow at once and do the same.

    Args:
        dim: length of the vectors.
        steps: how often each node hears of its neighbours.
        dropout: share of the inputs' and outputs' units that training leaves out.
        generator: decides which units are left out.
    """

    def __init__(
        self, dim: int, steps: int, dropout: float, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.steps = steps
        self.dropout = ByteDropout(dropout, generator)
        self.cell = nn.GRUCell(2 * dim, dim)
        self.query, self.key = nn.Linear(dim, dim), nn.Linear(dim, dim, bias=False)
        self.attention = nn.Linear(dim, 1, bias=False)
        self.out = nn.Linear(2 * dim, dim)

    def states(self, x: Tensor, items: Tensor, places: Tensor) -> Tensor:
        """float32[n_places, dim], each from the graph of the sequence up to its place."""
        if not len(places):
            return x.new_zeros(0, x.shape[-1])
        graphs = PrefixGraphs.of(items, places)
        nodes = functional.embedding(graphs.places, self.dropout(x).flatten(0, 1))
        for _ in range(self.steps):
            heard = [edges.means(nodes) for edges in (graphs.incoming, graphs.outgoing)]
            nodes = self.cell(torch.cat(heard, 1), nodes)
        last = functional.embedding(graphs.last, nodes)
        seen = functional.embedding(graphs.graphs, self.query(last)) + self.key(nodes)
        weights = self.attention(torch.sigmoid(seen)) * graphs.counts[:, None]
        whole = torch.zeros_like(last).index_add(0, graphs.graphs, weights * nodes)
        found: Tensor = self.out(self.dropout(torch.cat([last, whole], 1)))
        return found
