"""Scores under several draws of a factorisation machine, and rows for users it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from penchant.typing import AnyFloat, AnyInt, Float32, Float64, Int64


@dataclass(frozen=True, eq=False)
class Events:
    """Rated events of users whose rows are wanted.

    Attributes:
        offsets: int64[n_users + 1], where each user's events start and end.
        items: int[n_events], rows of items.
        times: int[n_events], rows of times.
        targets: what to fit some of the events to, given which ones and float64[n_draws, n_some]
            scores: float64 of the same shape or float64[n_some]; None where nothing is known.
        rounds: in how many rounds targets and rows follow each other; 1 where targets do not
            depend on the scores.
    """

    offsets: Int64
    items: AnyInt
    times: AnyInt
    targets: Callable[[slice, Float64], Float64] | None
    rounds: int = 1


@dataclass(frozen=True, eq=False)
class Side:
    """Rows of one block under all draws.

    Attributes:
        vectors: float16 or float32[n_draws, n_rows, dim].
        biases: float32[n_draws, n_rows].
    """

    vectors: AnyFloat
    biases: Float32

    def of(self, rows: AnyInt) -> Side:
        """Some of the rows."""
        return Side(self.vectors[:, rows], self.biases[:, rows])


@dataclass(frozen=True, eq=False)
class UserPrior:
    """What is known of users' own features before any event, under all draws.

    Attributes:
        mean: float32[n_draws, dim], of their vectors.
        precision: float32[n_draws, dim + 1], of their vectors and, last, of their linear weights.
        noise_precision: float32[n_draws], of targets.
        met_vectors: float16[n_draws, n_items, dim], of the features that say which items a user
            has met; None where there are none.
        met_weights: float32[n_draws, n_items], their linear weights.
    """

    mean: Float32
    precision: Float32
    noise_precision: Float32
    met_vectors: AnyFloat | None
    met_weights: Float32 | None


def float32(values: AnyFloat) -> Tensor:
    """A tensor of float32 with these values."""
    return torch.from_numpy(np.ascontiguousarray(values)).float()


def pair_scores(
    offsets: Float32, users: Side, items: Side, times: Side, rows: tuple[AnyInt, AnyInt, AnyInt]
) -> Float32:
    """float32[n_draws, n_rows], the score of each row under each draw.

    Args:
        offsets: float32[n_draws], added to all scores.
        users: rows of users.
        items: rows of items.
        times: rows of times.
        rows: int[n_rows] each, the row of the user, of the item and of the time.
    """
    found = np.empty((len(offsets), len(rows[0])), np.float32)
    index = [torch.from_numpy(np.asarray(row, np.int64)) for row in rows]
    for draw, offset in enumerate(offsets):
        u, i, t = (
            float32(side.vectors[draw])[at]
            for side, at in zip((users, items, times), index, strict=True)
        )
        score = (u * (i + t)).sum(1) + (i * t).sum(1)
        for side, at in zip((users, items, times), rows, strict=True):
            score += float32(side.biases[draw][at])
        found[draw] = score.numpy() + offset
    return found


def all_scores(offset: float, draw: int, users: Side, items: Side, times: Side) -> Tensor:
    """float32[n_users, n_items], the scores under one draw at the last row of times."""
    u, i, t = float32(users.vectors[draw]), float32(items.vectors[draw]), times.vectors[draw, -1]
    now = torch.from_numpy(t).float()
    found = u @ i.T
    found += (i @ now + float32(items.biases[draw]))[None]
    found += (u @ now + float32(users.biases[draw]) + (offset + float(times.biases[draw, -1])))[
        :, None
    ]
    return found


def folded_in(
    offsets: Float32, start: Side, items: Side, times: Side, prior: UserPrior, events: Events
) -> Side:
    """Rows of users from their events, all else as it was drawn.

    Under each draw a user's own vector and weight are at the mean of their distribution, given
    the events and the draw of everything else: a ridge regression of the user's targets. Where
    targets are not known but follow from scores, this and their means take turns, which ends where
    vector and weight are likeliest (expectation maximisation).

    Args:
        offsets: float32[n_draws], added to all scores.
        start: rows of these users as they are without any event.
        items: rows of items.
        times: rows of times.
        prior: of users' own features.
        events: of the users.
    """
    n_draws, n_users, dim = start.vectors.shape
    vectors = np.empty((n_draws, n_users, dim), np.float32)
    biases = np.empty((n_draws, n_users), np.float32)
    for user, (low, high) in enumerate(zip(events.offsets[:-1], events.offsets[1:], strict=True)):
        of_items, of_times = events.items[low:high], events.times[low:high]
        base = start.vectors[:, user].astype(np.float64)
        bias = start.biases[:, user].astype(np.float64)
        rest = base - prior.mean  # of the vector, beside the user's own feature
        if prior.met_vectors is not None and prior.met_weights is not None and high > low:
            length = 1 / np.sqrt(high - low)
            each = prior.met_vectors[:, of_items].astype(np.float64) * length
            met = each.sum(axis=1)
            pairs = (np.square(met) - np.square(each).sum(axis=1)).sum(axis=1) / 2
            bias += prior.met_weights[:, of_items].sum(axis=1) * length + pairs
            bias += (met * base).sum(axis=1)
            base, rest = base + met, rest + met
        if events.targets is not None and high > low:
            i = items.vectors[:, of_items].astype(np.float64)
            t = times.vectors[:, of_times].astype(np.float64)
            without = items.biases[:, of_items] + times.biases[:, of_times] + (i * t).sum(axis=2)
            without += np.einsum("sk,snk->sn", base, i + t) + (bias + offsets)[:, None]
            ones = np.ones((n_draws, high - low, 1))
            x = np.concatenate([i + t + rest[:, None], ones], axis=2)
            noise = prior.noise_precision[:, None, None].astype(np.float64)
            system = noise * (x.transpose(0, 2, 1) @ x)
            diagonal = np.arange(dim + 1)
            system[:, diagonal, diagonal] += prior.precision
            solved = np.linalg.solve(system, noise * x.transpose(0, 2, 1))
            own = np.zeros((n_draws, dim + 1))
            for _ in range(events.rounds):
                scores = without + np.einsum("snk,sk->sn", x, own)
                away = events.targets(slice(low, high), scores) - without
                own = np.einsum("skn,sn->sk", solved, away)
            bias += own[:, dim] + (own[:, :dim] * rest).sum(axis=1)
            base = base + own[:, :dim]
        vectors[:, user], biases[:, user] = base, bias
    return Side(vectors, biases)
