"""Vectors of users, of items that lead to others, and of items that are led to."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.loop import TrainingStep
from penchant.nn.ranking_factors import RankingFactors, adagrad_
from penchant.nn.sampled_softmax import Candidates, softmax_changes
from penchant.typing import Bool


class MarkovFactors(nn.Module):
    """u . v + c . w + b, c being a weighted mean of the vectors of the items before.

    Args:
        n_users: users in the vocabulary.
        n_items: items in the vocabulary.
        dim: length of the vectors.
        generator: source of the initial vectors.

    Attributes:
        sources: float32[n_items, dim], the vectors of items that lead to others.
        base: the users' vectors, float32[n_users, dim], and the items', v, w and b side by side:
            float32[n_items, 2 dim + 1].
    """

    sources: Tensor
    source_squares: Tensor

    def __init__(self, n_users: int, n_items: int, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        self.base = RankingFactors(n_users, n_items, 2 * dim, generator)
        self.base.users = self.base.users[:, :dim].clone()
        sources = torch.randn(n_items, dim, generator=generator) * (0.1 / math.sqrt(dim))
        self.register_buffer("sources", sources)
        self.register_buffer("source_squares", torch.full((n_items,), 0.1))

    def zero_untrained(self, users: Bool, items: Bool) -> None:
        """Leave nothing of chance in rows that nothing teaches; see `RankingFactors`."""
        self.base.zero_untrained(users, items)
        self.sources[torch.from_numpy(~items)] = 0


def contexts(
    items: Tensor, starts: Tensor, places: Tensor, decays: Tensor
) -> tuple[Tensor, Tensor]:
    """The items before some places of sequences, and what each counts.

    Args:
        items: int[n_events], sequences one after another.
        starts: int[n], where the sequence of each place begins.
        places: int64[n], up to `n_events`.
        decays: float32[window], what the items before count, the nearest first.

    Returns:
        int64[n, window] items and float32[n, window] weights, which sum to 1, or are all 0 where
        nothing is before.
    """
    before = places[:, None] - 1 - torch.arange(len(decays))
    weights = decays * (before >= starts[:, None])
    weights = weights / weights.sum(1, keepdim=True).clamp_(min=1e-12)
    return items[before.clamp_(min=0)].long(), weights


def weighted_rows(table: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
    """float32[n, dim], sums of rows of a table, int64[n, k] and float32[n, k]."""
    return functional.embedding_bag(rows, table, mode="sum", per_sample_weights=weights)


def markov_step(
    network: MarkovFactors,
    sequences: tuple[Tensor, Tensor, Tensor],
    decays: Tensor,
    candidates: Candidates,
    *,
    learning_rate: float,
    l2: float,
    id_dropout: float,
    generator: torch.Generator,
) -> TrainingStep:
    """A step of AdaGrad, with one rate for each row, on a batch of events; see `softmax_step`.

    Args:
        network: what is trained.
        sequences: int[n_events] items and users, and where each event's sequence begins.
        decays: float32[window], what the items before an event count, the nearest first.
        candidates: what is drawn for each batch.
        learning_rate: of AdaGrad.
        l2: weight of the squares of an event's vectors.
        id_dropout: share of the events that are shown without the user's vector.
        generator: decides which.
    """
    items, users, starts = sequences
    base = network.base
    dim = network.sources.shape[1]

    @torch.no_grad()
    def step(places: Tensor, weights: Tensor) -> Tensor:
        """Learn from the events at int64[n] places; the mean loss before."""
        rows, shares = contexts(items, starts[places], places, decays)
        who = users[places].long()
        shown = (torch.rand(len(places), 1, generator=generator) >= id_dropout).float()
        p = torch.cat([base.users[who] * shown, weighted_rows(network.sources, rows, shares)], 1)
        found = softmax_changes(p, base.items, items[places].long(), weights, candidates, l2)
        adagrad_(base.users, base.user_squares, who, found.states[:, :dim] * shown, learning_rate)
        changes = (found.states[:, None, dim:] * shares[:, :, None]).flatten(0, 1)
        adagrad_(network.sources, network.source_squares, rows.flatten(), changes, learning_rate)
        adagrad_(base.items, base.item_squares, found.rows, found.items, learning_rate)
        return found.losses.mean()

    return step
