"""What models learn of a new history: its events with their targets, and items drawn against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.target import Adjusted, Interaction, Like, Target
from penchant.export.graph import Graph
from penchant.export.history import History

LONGEST = 2000
"""Places of a history for which negatives are there; the graph of a longer one fails."""


@dataclass(frozen=True)
class Examples:
    """Pairs of a user and an item with targets, padded.

    Attributes:
        items: int64[n_users, n].
        there: float32[n_users, n], 1 where there is an example.
        weights: float32[n_users, n], what the loss of each counts, 0 where there is none.
        truth: float32[n_users, n].
    """

    items: str
    there: str
    weights: str
    truth: str


def examples_of(
    history: History, target: Target, negatives: int, seed: int, *, weighted: bool = True
) -> Examples:
    """The events of histories and, where interactions are learned, drawn items.

    Args:
        history: of the users.
        target: what is learned of an event.
        negatives: items drawn for an event.
        seed: of the draws.
        weighted: whether events of ratings count by their weights, as interactions do.
    """
    g = history.graph
    items, there = history.items, history.as_floats(history.positive)
    weights = history.relative_weights
    if isinstance(target, Interaction):
        drawn = drawn_examples(history, negatives, seed)
        fresh = history.as_floats(drawn.fresh)
        truth = g.op("Concat", there, g.op("Mul", fresh, g.floats(0)), axis=1)
        weights, there = (g.op("Concat", part, fresh, axis=1) for part in (weights, there))
        items = g.op("Concat", items, drawn.items, axis=1)
        return Examples(items, there, weights, truth)
    if not weighted:
        weights = there = history.as_floats(history.valid)
    truth = of_ratings(g, target, history.ratings)
    return Examples(items, there, weights, g.op("Where", history.valid, truth, g.floats(0)))


def of_ratings(g: Graph, target: Target, ratings: str) -> str:
    """Float32 of the same shape, the target of each rating."""
    if isinstance(target, Like):
        return g.cast(g.op("GreaterOrEqual", ratings, g.floats(target.threshold)), "float")
    if isinstance(target, Adjusted):
        above = g.op("Sub", ratings, g.floats(target.inflection))
        share = g.op("Sigmoid", g.op("Mul", above, g.floats(target.steepness)))
        share = g.op("Mul", share, g.floats(target.high - target.low))
        return g.op("Add", share, g.floats(target.low))
    return ratings


@dataclass(frozen=True)
class Drawn:
    """What is drawn for the events of histories: `nn.dot.fold_in.UserEvents.with_negatives`.

    Attributes:
        items: int64[n_users, n], drawn items.
        fresh: bool[n_users, n], whether they are drawn for the user and not in the history.
        own: int64[n_users, n], a place among the user's positive events for each, in turn.
    """

    items: str
    fresh: str
    own: str


def drawn_examples(history: History, per_event: int, seed: int) -> Drawn:
    """The items that a model draws for histories, always the same for a length."""
    g = history.graph
    drawn = np.random.default_rng(seed).integers(history.n_items, size=LONGEST * per_event)
    one = g.integers([1])
    length = g.op("Slice", history.shape, one, g.integers([2]))
    n = g.op("Mul", length, g.integers([per_event]))
    n_users = g.op("Slice", history.shape, g.integers([0]), one)
    shape = g.op("Concat", n_users, n, axis=0)
    items = g.op("Expand", g.op("Slice", g.integers(drawn), g.integers([0]), n), shape)
    n_events = g.sum(g.cast(history.positive, "int64"), 1)
    place = g.op("Range", g.integers(0), g.op("Squeeze", n), g.integers(1))
    inside = g.op("Less", place, g.op("Mul", n_events, g.integers(per_event)))
    has_item = history.row_of(history.as_floats(history.positive), "max")
    had = g.op("GatherElements", has_item, items, axis=1)
    fresh = g.op("And", inside, g.op("Equal", had, g.floats(0)))
    number = g.op("CumSum", g.cast(fresh, "int64"), g.integers(1), exclusive=1)
    own = g.op("Mod", number, g.op("Max", n_events, g.integers(1)))
    return Drawn(items, fresh, own)
