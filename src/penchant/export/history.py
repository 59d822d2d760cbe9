"""The part of a graph that reads histories, the same for all models."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from penchant.export.graph import Graph

UNWEIGHTED = -1.0
"""The weight of an event that has none."""


class History:
    """Histories of new users, as inputs of a graph and what follows from them.

    Values mirror `penchant.data.histories.Histories`. Padded events have weights of 0, and an item
    of their own behind all others.

    Attributes:
        items: int64[n_users, length], `n_items` where padded.
        valid: bool[n_users, length], false where padded.
        shape: int64[2] of these.
        positive: bool[n_users, length], events that models of interactions learn from.

    Args:
        graph: what grows.
        n_items: the size of the catalogue.
        ratings: whether there is an input of ratings.
    """

    def __init__(self, graph: Graph, n_items: int, *, ratings: bool) -> None:
        self.graph, self.n_items = graph, n_items
        items = graph.input("items", "int64", ["n_users", "length"])
        self._given = graph.input("weights", "float", ["weight_rows", "weight_length"], [[-1.0]])
        self.ratings = graph.input("ratings", "float", ["n_users", "length"]) if ratings else ""
        self.valid = graph.op("GreaterOrEqual", items, graph.integers(0))
        self.items = graph.op("Where", self.valid, items, graph.integers(n_items))
        self.shape = graph.op("Shape", items)
        has_weight = graph.op("Not", graph.op("Equal", self._given, graph.floats(0)))
        self.positive = graph.op("And", self.valid, has_weight)

    def as_floats(self, truth: str) -> str:
        """0 and 1."""
        return self.graph.cast(truth, "float")

    def after(self, events: str) -> str:
        """float32[n_users, length], how many of some events, given as floats, come after each."""
        axis = self.graph.integers(1)
        return self.graph.op("CumSum", events, axis, exclusive=1, reverse=1)

    @cached_property
    def _n_users(self) -> str:
        return self.graph.op(
            "Slice", self.shape, self.graph.integers([0]), self.graph.integers([1])
        )

    def rows_of(self, width: int) -> str:
        """float32[n_users, width] of zeros."""
        shape = self.graph.op("Concat", self._n_users, self.graph.integers([width]), axis=0)
        return self.graph.zeros(shape)

    def row_of(self, values: str, reduction: str = "add") -> str:
        """float32[n_users, n_items], sums of values of events by item."""
        g = self.graph
        found = g.op(
            "ScatterElements",
            self.rows_of(self.n_items + 1),
            self.items,
            values,
            axis=1,
            reduction=reduction,
        )
        return g.op("Slice", found, *(g.integers([n]) for n in (0, self.n_items, 1)))

    def of_events(self, table: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
        """The rows of a table of items that belong to the events; zeros where padded."""
        padding = np.zeros((1, *table.shape[1:]), table.dtype)
        return self.graph.op(
            "Gather", self.graph.constant(np.concatenate([table, padding])), self.items
        )

    @cached_property
    def _places(self) -> str:
        """float32[n_users, length], the number of each place, from 1."""
        g = self.graph
        ones = g.op("Add", g.zeros(self.shape), g.floats(1))
        return g.op("CumSum", ones, g.integers(1))

    @cached_property
    def _last_places(self) -> str:
        """float32[n_users, n_items], the last place of each item, 0 for none."""
        return self.row_of(self._places, "max")

    @cached_property
    def seen(self) -> str:
        """bool[n_users, n_items]."""
        return self.graph.op("Greater", self._last_places, self.graph.floats(0))

    @cached_property
    def relative_weights(self) -> str:
        """float32[n_users, length], weights in parts of the mean over positive events."""
        g = self.graph
        one = g.floats(1)
        raw = g.op("Where", g.op("Less", self._given, g.floats(0)), one, self._given)
        counted = g.op("Mul", raw, self.as_floats(self.positive))
        n_events = g.sum(self.as_floats(self.positive), 1)
        mean = g.op("Div", g.sum(counted, 1), g.op("Max", n_events, one))
        return g.op("Div", counted, g.op("Where", g.op("Greater", mean, g.floats(0)), mean, one))

    @cached_property
    def is_latest(self) -> str:
        """bool[n_users, length], whether no later event has the same item; true where padded."""
        g = self.graph
        bin_of_padding = g.op("Concat", self._last_places, self.rows_of(1), axis=1)
        last = g.op("GatherElements", bin_of_padding, self.items, axis=1)
        return g.op("LessOrEqual", last, self._places)

    @cached_property
    def latest(self) -> str:
        """bool[n_users, length], the last event with each item."""
        return self.graph.op("And", self.valid, self.is_latest)

    @cached_property
    def _counts(self) -> str:
        """float32[n_users, length], what events count before the mean is taken out."""
        g = self.graph
        once = self.as_floats(self.is_latest)
        unweighted = g.op("Less", self._given, g.floats(0))
        counts = g.op("Where", unweighted, once, self._given)
        return g.op("Mul", counts, self.as_floats(self.valid))

    @cached_property
    def _totals(self) -> str:
        return self.row_of(self._counts)

    @cached_property
    def has_item(self) -> str:
        """float32[n_users, n_items], 1 where an event with the item counts."""
        return self.as_floats(self.graph.op("Greater", self._totals, self.graph.floats(0)))

    @cached_property
    def n_distinct(self) -> str:
        """float32[n_users, 1], the number of items that count."""
        return self.graph.sum(self.has_item, 1)

    @cached_property
    def _mean(self) -> str:
        """float32[n_users, 1], the mean weight of an item; 1 where there is none."""
        g = self.graph
        one = g.floats(1)
        mean = g.op("Div", g.sum(self._counts, 1), g.op("Max", self.n_distinct, one))
        return g.op("Where", g.op("Greater", mean, g.floats(0)), mean, one)

    @cached_property
    def event_weights(self) -> str:
        """float32[n_users, length], as `Histories.event_weights`."""
        return self.graph.op("Div", self._counts, self._mean)

    @cached_property
    def row(self) -> str:
        """float32[n_users, n_items], as `Histories.matrix("weight")`."""
        return self.graph.op("Div", self._totals, self._mean)
