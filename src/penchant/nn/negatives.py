"""Negatives: pairs of users and items without a training event, drawn afresh each epoch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from penchant.compiled import AVAILABLE
from penchant.nn.known_pairs import KnownPairs, known_pairs
from penchant.nn.loop import Tensors
from penchant.nn.negative_loops import draw_negatives

_ROUNDS = 4  # how often a drawn item of the user's own is replaced
_TABLE_CELLS = 2**27  # the most users × items of which a table of events is made, 128 MB
_TABLE_SHARE = 64  # and the most of them for each event


class UniformNegatives:
    """Draws items uniformly from those without a training event of the user.

    Where users × items are few, a table says what is an event, and otherwise a search.

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
        self.n_items, self.generator = n_items, generator
        self.keys = torch.unique(users * n_items + items)
        self._table: Tensor | None = None
        self._known: KnownPairs | None = None
        cells = int(self.keys[-1]) + 1 if len(self.keys) else 0
        if cells <= min(_TABLE_CELLS, _TABLE_SHARE * len(self.keys)):
            self._table = torch.zeros(cells + 1, dtype=torch.bool)
            self._table[self.keys] = True

    def beside(self, users: Tensor, items: Tensor) -> UniformNegatives:
        """One that draws none of these int64[n] pairs either, by the same generator."""
        of_users, of_items = self.keys // self.n_items, self.keys % self.n_items
        both = torch.cat([of_users, users]), torch.cat([of_items, items])
        return UniformNegatives(*both, self.n_items, self.generator)

    def _is_event(self, keys: Tensor) -> Tensor:
        """bool[n], whether each of int64[n] numbers of pairs is one of the training events."""
        if self._table is not None:
            return self._table.index_select(0, keys.clamp(max=len(self._table) - 1))
        place = torch.searchsorted(self.keys, keys).clamp_(max=len(self.keys) - 1)
        found: Tensor = self.keys[place] == keys
        return found

    def draw(self, users: Tensor, rounds: int = _ROUNDS) -> Tensor:
        """int64[n], an item for each of int64[n] users.

        Draws that hit a training event are repeated `rounds` times; what still hits one is kept,
        so that a user who has everything does not stop the training.
        """
        items = torch.randint(self.n_items, (len(users),), generator=self.generator)
        for _ in range(rounds):
            key = users * self.n_items + items
            hit = torch.nonzero(self._is_event(key))[:, 0]
            if not len(hit):
                break
            items[hit] = torch.randint(self.n_items, (len(hit),), generator=self.generator)
        return items

    def with_negatives(self, users: Tensor, items: Tensor, per_event: int) -> Tensor:
        """int64[n, 1 + per_event], the items of int64[n] events, and behind each the drawn ones.

        By a compiled loop where there is one, which draws others, as well distributed.
        """
        if not AVAILABLE:
            drawn = self.draw(users.repeat(per_event)).view(per_event, -1)
            return torch.cat([items[None], drawn]).T.contiguous()
        if self._known is None:
            of_users, of_items = self.keys // self.n_items, self.keys % self.n_items
            shape = int(of_users.max()) + 1, self.n_items
            self._known = known_pairs(of_users, of_items, shape)
        seed = np.uint64(int(torch.randint(2**62, (), generator=self.generator)))
        found = np.empty((len(users), 1 + per_event), np.int64)
        found[:, 0] = items
        draw_negatives(users.numpy(), self._known, self.n_items, _ROUNDS, seed, found[:, 1:])
        return torch.from_numpy(found)

    def mix(self, users: Tensor, items: Tensor, per_event: int) -> Tensors:
        """Events with `per_event` negatives each: int64 users, int64 items, float32 0 or 1."""
        return labelled_examples(users, items, self.draw(users.repeat(per_event)))


class WarmNegatives:
    """Draws items that have training events, though none of the user.

    So a new item's position follows from its content, and not from its having had no events yet.

    Args:
        users: int64[n_events], the users of the training events.
        items: int64[n_events], their items.
        per_event: how many are drawn for each event.
        generator: decides what is drawn.
    """

    def __init__(
        self, users: Tensor, items: Tensor, per_event: int, generator: torch.Generator
    ) -> None:
        self.users, self.per_event = users, per_event
        self.warm, self.place = torch.unique(items, return_inverse=True)
        self.sampler = UniformNegatives(users, self.place, len(self.warm), generator)

    def epoch(self, users: Tensor | None = None) -> Tensor:
        """int64[per_event * n], for int64[n] users, by default of the training events.

        All of them come `per_event` times over.
        """
        users = self.users if users is None else users
        drawn: Tensor = self.warm[self.sampler.draw(users.repeat(self.per_event))]
        return drawn

    def draw_for(self, users: Tensor, items: Tensor) -> Tensor:
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


def labelled_examples(users: Tensor, items: Tensor, negatives: Tensor) -> Tensors:
    """Users, items and labels: events as ones, and the negatives drawn for them as zeros."""
    repeated = users.repeat(len(negatives) // max(1, len(users)))
    labels = torch.zeros(len(users) + len(negatives))
    labels[: len(users)] = 1
    return torch.cat([users, repeated]), torch.cat([items, negatives]), labels


def pairwise_examples(users: Tensor, items: Tensor, negatives: Tensor) -> Tensors:
    """Users, the items of their events, and the negative drawn against each of them."""
    times = len(negatives) // max(1, len(users))
    return users.repeat(times), items.repeat(times), negatives
