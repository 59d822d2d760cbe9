"""Whole epochs of learning from pairs of items, one pair after the other, by compiled loops."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from penchant.nn.known_pairs import known_pairs
from penchant.nn.pairwise import Loss, PairwiseFactors
from penchant.nn.pairwise_loops import Groups, PairwiseSettings, Tables, learn_epoch
from penchant.typing import Int32

MOST_GROUPS: Final = 16  # and with it the most threads
_IN_A_GROUP = 64  # users or items, at least, so that there are items to draw


class PairwiseEpochs:
    """A step that is given all events of an epoch.

    Of each event and each of the items drawn for it, the rows of a user and two items are changed
    at once, by the losses of `PairwiseStep`. Users and items are in up to sixteen groups, and
    drawn items are of the group of the event's item. The groups of items are drawn anew for each
    epoch, so that each item without an event of the user is as likely as another; an event for
    which none is found is left out.

    Args:
        network: what is trained.
        loss: see `PairwiseStep`.
        learning_rate: of AdaGrad.
        l2: weight of the squares of rows, for each pair.
        negatives: items that are drawn for an event.
        users: int64[n_events], of training events.
        items: int64[n_events].
        generator: decides groups, the order of events and what is drawn.
    """

    def __init__(
        self,
        network: PairwiseFactors,
        loss: Loss,
        *,
        learning_rate: float,
        l2: float,
        negatives: int,
        users: Tensor,
        items: Tensor,
        generator: torch.Generator,
    ) -> None:
        self.settings = PairwiseSettings(
            loss == "warp", np.float32(learning_rate), np.float32(l2), negatives
        )
        self.generator = generator
        arrays = (network.users, network.items, network.user_squares, network.item_squares)
        self._tables = Tables(*(x.numpy() for x in arrays))
        self._known = known_pairs(users, items, (len(network.users), len(network.items)))
        counts = torch.bincount(users, minlength=len(network.users))
        self._items = torch.unique(items).to(torch.int32)
        fewest = min(int(torch.count_nonzero(counts)), len(self._items))
        self.n_groups = max(1, min(MOST_GROUPS, fewest // _IN_A_GROUP))
        self._of_users = self._groups_of_users(counts)

    def _groups_of_users(self, counts: Tensor) -> Int32:
        """int32[n_users], at random, with about as many events in one group as in another."""
        order = torch.randperm(len(counts), generator=self.generator)
        before = counts[order].cumsum(0) - counts[order]
        groups = torch.empty(len(counts), dtype=torch.int32)
        groups[order] = (before * self.n_groups // counts.sum().clamp(min=1)).to(torch.int32)
        return groups.clamp_(max=self.n_groups - 1).numpy()

    def _groups(self) -> Groups:
        """Of users as they are, and of items at random."""
        n = len(self._items)
        members = self._items[torch.randperm(n, generator=self.generator)].numpy()
        offsets = np.arange(self.n_groups + 1) * n // self.n_groups
        of_items = np.zeros(len(self._tables.q), np.int32)
        of_items[members] = np.repeat(np.arange(self.n_groups), np.diff(offsets))
        return Groups(self._of_users, of_items, offsets, members)

    def __call__(self, users: Tensor, items: Tensor) -> Tensor:
        """Learn from int64[n_events] users and items; the mean of the losses before each pair."""
        seed = np.uint64(int(torch.randint(2**62, (), generator=self.generator)))
        losses = np.zeros((self.n_groups, self.n_groups))
        learn_epoch(
            users.numpy(),
            items.numpy(),
            self._known,
            self._groups(),
            self._tables,
            self.settings,
            seed,
            losses,
        )
        each = 1 if self.settings.warp else self.settings.negatives
        return torch.tensor(losses.sum() / (len(users) * each))
