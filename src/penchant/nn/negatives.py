"""Negatives: pairs of users and items without a training event, drawn afresh each epoch."""

from __future__ import annotations

from functools import cached_property

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
_LARGE = 2**22  # events from which on a compiled loop draws, which needs less memory


class UniformNegatives:
    """Draws items uniformly from those without a training event of the user.

    Where users × items are few, a table says what is an event, and otherwise a search.

    Args:
        users: int[n_events], the training events' users.
        items: int[n_events], their items.
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
        self.users, self.items = users, items
        self.n_items, self.generator = n_items, generator
        self._draws_by_loop = AVAILABLE and len(users) > _LARGE
        self._table: Tensor | None = None
        if self._draws_by_loop:
            return
        cells = int(self._keys[-1]) + 1 if len(self._keys) else 0
        if cells <= min(_TABLE_CELLS, _TABLE_SHARE * len(self._keys)):
            self._table = torch.zeros(cells + 1, dtype=torch.bool)
            self._table[self._keys] = True

    @cached_property
    def _keys(self) -> Tensor:
        """int64[n_pairs], ascending numbers of pairs with an event."""
        keys: Tensor = torch.unique(self.users.long() * self.n_items + self.items)
        return keys

    @cached_property
    def _known(self) -> KnownPairs:
        n_users = 1 + int(self.users.max()) if len(self.users) else 0
        return known_pairs(self.users, self.items, (n_users, self.n_items))

    def beside(self, users: Tensor, items: Tensor) -> UniformNegatives:
        """For the users of int64[n] pairs alone, one that draws none of these pairs either."""
        theirs = _are_among(self.users, users)
        both = torch.cat([self.users[theirs], users]), torch.cat([self.items[theirs], items])
        return UniformNegatives(*both, self.n_items, self.generator)

    def _is_event(self, keys: Tensor) -> Tensor:
        """bool[n], whether each of int64[n] numbers of pairs is one of the training events."""
        if self._table is not None:
            return self._table.index_select(0, keys.clamp(max=len(self._table) - 1))
        place = torch.searchsorted(self._keys, keys).clamp_(max=len(self._keys) - 1)
        found: Tensor = self._keys[place] == keys
        return found

    def draw(self, users: Tensor, rounds: int = _ROUNDS) -> Tensor:
        """int64[n], an item for each of int64[n] users.

        Draws that hit a training event are repeated `rounds` times; what still hits one is kept,
        so that a user who has everything does not stop the training.
        """
        if self._draws_by_loop:
            return self._drawn(users, 1, rounds)[:, 0]
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
        return self._drawn(users, 1 + per_event, _ROUNDS, items)

    def _drawn(self, users: Tensor, width: int, rounds: int, items: Tensor | None = None) -> Tensor:
        """int64[n, width], drawn by the loop, the first ones the items where these are given."""
        seed = np.uint64(int(torch.randint(2**62, (), generator=self.generator)))
        found = np.empty((len(users), width), np.int64)
        drawn = found
        if items is not None:
            found[:, 0] = items
            drawn = found[:, 1:]
        draw_negatives(users.numpy(), self._known, self.n_items, rounds, seed, drawn)
        return torch.from_numpy(found)

    def mix(self, users: Tensor, items: Tensor, per_event: int) -> Tensors:
        """Events with `per_event` negatives each: int64 users, int64 items, float32 0 or 1."""
        return labelled_examples(users, items, self.draw(users.repeat(per_event)))


class WarmNegatives:
    """Draws items that have training events, though none of the user.

    So a new item's position follows from its content, and not from its having had no events yet.

    Args:
        users: int[n_events], the users of the training events.
        items: int[n_events], their items.
        per_event: how many are drawn for each event.
        generator: decides what is drawn.
    """

    def __init__(
        self, users: Tensor, items: Tensor, per_event: int, generator: torch.Generator
    ) -> None:
        self.users, self.items, self.per_event = users, items, per_event
        self.warm = torch.nonzero(torch.bincount(items))[:, 0]
        self.generator = generator

    @cached_property
    def _sampler(self) -> UniformNegatives:
        place = torch.searchsorted(self.warm, self.items.long())
        return UniformNegatives(self.users, place, len(self.warm), self.generator)

    def epoch(self, users: Tensor | None = None) -> Tensor:
        """int64[per_event * n], for int64[n] users, by default of the training events.

        All of them come `per_event` times over.
        """
        users = self.users if users is None else users
        drawn: Tensor = self.warm[self._sampler.draw(users.repeat(self.per_event))]
        return drawn

    def draw_for(self, users: Tensor, items: Tensor) -> Tensor:
        """The same for held-out int64[n] users and items, which are no negatives themselves."""
        theirs = _are_among(self.users, users)
        place = torch.searchsorted(self.warm, items).clamp_(max=len(self.warm) - 1)
        known = self.warm[place] == items
        sampler = UniformNegatives(
            torch.cat([self.users[theirs].long(), users[known]]),
            torch.cat([torch.searchsorted(self.warm, self.items[theirs].long()), place[known]]),
            len(self.warm),
            self.generator,
        )
        drawn: Tensor = self.warm[sampler.draw(users.repeat(self.per_event))]
        return drawn


def _are_among(owners: Tensor, users: Tensor) -> Tensor:
    """bool[n], whether each of int[n] owners is one of some users."""
    wanted = torch.zeros(1 + (int(owners.max()) if len(owners) else 0), dtype=torch.bool)
    wanted[users[(users >= 0) & (users < len(wanted))]] = True
    return wanted.index_select(0, owners)


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
