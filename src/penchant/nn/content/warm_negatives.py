"""Negatives among items that have training events, so that new items are not learned to be bad."""

from __future__ import annotations

import torch
from torch import Tensor

from penchant.nn.loop import Arrays
from penchant.nn.negatives import UniformNegatives


class WarmNegatives:
    """Draws items that have training events and that a user does not have.

    A new item's place comes from what its content says, and not from nobody having had it.

    Args:
        users: int64[n_events], the users of the training events.
        items: int64[n_events], their items.
        per_event: how many are drawn for each event.
        generator: decides what is drawn.
    """

    def __init__(
        self, users: Tensor, items: Tensor, per_event: int, generator: torch.Generator
    ) -> None:
        self.users, self.items, self.per_event = users, items, per_event
        self.warm, self.place = torch.unique(items, return_inverse=True)
        self.sampler = UniformNegatives(users, self.place, len(self.warm), generator)

    def epoch(self) -> Tensor:
        """int64[per_event * n_events], for the training events `per_event` times over."""
        drawn: Tensor = self.warm[self.sampler.draw(self.users.repeat(self.per_event))]
        return drawn

    def held(self, users: Tensor, items: Tensor) -> Tensor:
        """The same for held-out int64[n] users and items, which are no negatives themselves."""
        place = torch.searchsorted(self.warm, items).clamp_(max=len(self.warm) - 1)
        known = self.warm[place] == items
        sampler = UniformNegatives(
            torch.cat([self.users, users[known]]),
            torch.cat([self.place, place[known]]),
            len(self.warm),
            self.sampler.generator,
        )
        drawn: Tensor = self.warm[sampler.draw(users.repeat(self.per_event))]
        return drawn


def told_apart(users: Tensor, items: Tensor, drawn: Tensor) -> Arrays:
    """Users, items and truths: events as ones, and what was drawn for them as zeros."""
    repeated = users.repeat(len(drawn) // max(1, len(users)))
    truth = torch.zeros(len(users) + len(drawn))
    truth[: len(users)] = 1
    return torch.cat([users, repeated]), torch.cat([items, drawn]), truth


def in_pairs(users: Tensor, items: Tensor, drawn: Tensor) -> Arrays:
    """Users, the items of their events, and what was drawn against each of them."""
    times = len(drawn) // max(1, len(users))
    return users.repeat(times), items.repeat(times), drawn
