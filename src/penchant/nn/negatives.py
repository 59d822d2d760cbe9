"""Negatives: pairs of users and items without a training event, drawn afresh each epoch."""

from __future__ import annotations

import torch
from torch import Tensor


class UniformNegatives:
    """Draws items uniformly from those without a training event of the user.

    Args:
        users: int64[n_events], the training events' users.
        items: int64[n_events], their items.
        n_items: size of the catalogue.
        generator: decides what is drawn.
    """

    def __init__(
        self,
        users: Tensor,
        items: Tensor,
        n_items: int,
        generator: torch.Generator,
    ) -> None:
        self.keys = torch.unique(users * n_items + items)
        self.n_items, self.generator = n_items, generator

    def draw(self, users: Tensor, rounds: int = 4) -> Tensor:
        """int64[n], an item for each of int64[n] users.

        Draws that hit a training event are repeated `rounds` times; what still hits one is kept,
        so that a user who has everything does not stop the training.
        """
        items = torch.randint(self.n_items, (len(users),), generator=self.generator)
        for _ in range(rounds):
            key = users * self.n_items + items
            place = torch.searchsorted(self.keys, key).clamp_(max=len(self.keys) - 1)
            hit = torch.nonzero(self.keys[place] == key)[:, 0]
            if not len(hit):
                break
            items[hit] = torch.randint(self.n_items, (len(hit),), generator=self.generator)
        return items

    def mix(self, users: Tensor, items: Tensor, per_event: int) -> tuple[Tensor, Tensor, Tensor]:
        """Events with `per_event` negatives each: int64 users, int64 items, float32 0 or 1."""
        repeated = users.repeat(per_event)
        truth = torch.zeros(len(users) * (1 + per_event))
        truth[: len(users)] = 1
        drawn = self.draw(repeated)
        return torch.cat([users, repeated]), torch.cat([items, drawn]), truth
