"""Compiled loops over pairs of items."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from penchant.compiled import compiled, compiled_in_order, compiled_inline, loop_range
from penchant.nn.known_pairs import KnownPairs, is_known
from penchant.nn.splitmix64 import GAMMA, below, splitmix64
from penchant.typing import Float32, Float64, Int32, Int64

DRAWS = 10  # of an item that is none of the user's, before the event is left out
_AT_ONCE = 256  # events for which items are drawn ahead: many lookups at a time are faster
_LARGE = 1e200  # a product of which the logarithm is taken, instead of those of its factors


class Groups(NamedTuple):
    """Which users and items are in which group; as many groups of the ones as of the others.

    Attributes:
        of_users: int32[n_users].
        of_items: int32[n_items], of those with events.
        offsets: int64[n_groups + 1], of `members`.
        members: int32[n_items_with_events], the items of one group after those of another.
    """

    of_users: Int32
    of_items: Int32
    offsets: Int64
    members: Int32


class Tables(NamedTuple):
    """What is trained, and AdaGrad's sums of squares.

    Attributes:
        p: float32[n_users, dim].
        q: float32[n_items, dim + 1], with the bias in the last column.
        p_squares: float32[n_users].
        q_squares: float32[n_items].
    """

    p: Float32
    q: Float32
    p_squares: Float32
    q_squares: Float32


class PairwiseSettings(NamedTuple):
    """How a pair is learned from.

    Attributes:
        warp: whether by the loss of that name, instead of that of Bayesian ranking.
        rate: the learning rate.
        l2: weight of the squares of rows.
        negatives: items that are drawn for an event.
    """

    warp: bool
    rate: np.float32
    l2: np.float32
    negatives: int


@compiled
def learn_epoch(
    users: Int64,
    items: Int64,
    known: KnownPairs,
    groups: Groups,
    tables: Tables,
    settings: PairwiseSettings,
    seed: np.uint64,
    losses: Float64,
) -> None:
    """Learn from all events once.

    In a stage, each group of users meets one group of items, so that no row is changed by two
    threads, and the result is the same on any number of them.

    Args:
        users: int64[n_events].
        items: int64[n_events].
        known: what is not drawn.
        groups: of users and items; a drawn item is of the group of the event's item.
        tables: changed.
        settings: the loss and how it is learned by.
        seed: decides the order of events and what is drawn.
        losses: float64[n_groups, n_groups], the sums of losses before each pair, written.
    """
    n_groups = len(losses)
    bounds = np.arange(n_groups + 1) * len(users) // n_groups
    # In the order of blocks: an event of a block is in the cache when the one before it was.
    pairs = np.empty((len(users), 2), np.int32)
    starts = np.zeros((n_groups, n_groups * n_groups), np.int64)
    for part in loop_range(n_groups):
        for place in range(bounds[part], bounds[part + 1]):
            starts[part, _block(users[place], items[place], groups, n_groups)] += 1
    _sum_before(starts)
    ends = starts.copy()
    for part in loop_range(n_groups):
        for place in range(bounds[part], bounds[part + 1]):
            block = _block(users[place], items[place], groups, n_groups)
            pairs[ends[part, block], 0] = users[place]
            pairs[ends[part, block], 1] = items[place]
            ends[part, block] += 1
    for stage in range(n_groups):
        for group in loop_range(n_groups):
            other = (group + stage) % n_groups
            block = group * n_groups + other
            losses[group, other] = _learn_block(
                pairs[starts[0, block] : ends[-1, block]],
                groups.members[groups.offsets[other] : groups.offsets[other + 1]],
                known,
                tables,
                settings,
                splitmix64(seed + np.uint64(block) * GAMMA),
            )


@compiled_inline
def _block(user: int, item: int, groups: Groups, n_groups: int) -> int:
    return int(groups.of_users[user]) * n_groups + int(groups.of_items[item])


@compiled_in_order
def _sum_before(counts: Int64) -> None:
    """Turn counts of parts and blocks into where a block, and in it a part, begins."""
    total = 0
    for block in range(counts.shape[1]):
        for part in range(len(counts)):
            counts[part, block], total = total, total + counts[part, block]


@compiled_in_order
def _learn_block(
    events: Int32,
    members: Int32,
    known: KnownPairs,
    tables: Tables,
    settings: PairwiseSettings,
    state: np.uint64,
) -> float:
    """Learn from events of a group of users and one of items in random order; the sum of losses."""
    for last in range(len(events) - 1, 0, -1):
        state += GAMMA
        other = below(splitmix64(state), last + 1)
        for column in range(2):
            moved = events[last, column]
            events[last, column] = events[other, column]
            events[other, column] = moved
    p, q, p_squares, q_squares = tables.p, tables.q, tables.p_squares, tables.q_squares
    drawn = np.empty((_AT_ONCE, settings.negatives), np.int32)
    total, product = 0.0, 1.0
    for start in range(0, len(events), _AT_ONCE):
        some = events[start : start + _AT_ONCE]
        for n in range(len(some)):
            for trial in range(settings.negatives):
                drawn[n, trial] = -1
                for _ in range(DRAWS):
                    state += GAMMA
                    item = members[below(splitmix64(state), len(members))]
                    if not is_known(known, some[n, 0], item):
                        drawn[n, trial] = item
                        break
        for n in range(len(some)):
            for trial in range(settings.negatives):
                user, item, other = some[n, 0], some[n, 1], drawn[n, trial]
                if other < 0 or (settings.warp and _gap(p[user], q[item], q[other]) >= 1):
                    continue
                loss, exponential = learn_pair(
                    p[user],
                    q[item],
                    q[other],
                    p_squares[user:],
                    q_squares[item:],
                    q_squares[other:],
                    warp_weight(trial, len(q)) if settings.warp else np.float32(0),
                    settings.rate,
                    settings.l2,
                )
                total += float(loss)
                product *= 1 + float(exponential)
                if product > _LARGE:
                    total += float(np.log(product))
                    product = 1.0
                if settings.warp and loss > 0:
                    break
    return total + float(np.log(product))


@compiled_inline
def _gap(p: Float32, q: Float32, r: Float32) -> Any:
    """float32, by how much the item's score is above the drawn one's."""
    above = q[len(p)] - r[len(p)]
    for k in range(len(p)):
        above += p[k] * (q[k] - r[k])
    return above


@compiled_inline
def warp_weight(trial: int, n_items: int) -> Any:
    """float32, the logarithm of the rank that a place among drawn items tells of, at most 1."""
    rank = np.float32(max(1, (n_items - 1) // (trial + 1)))
    return np.log1p(rank) / np.log(np.float32(max(2, n_items)))


@compiled_inline
def learn_pair(
    p: Float32,
    q: Float32,
    r: Float32,
    p_squares: Float32,
    q_squares: Float32,
    r_squares: Float32,
    warp_weight: np.float32,
    rate: np.float32,
    l2: np.float32,
) -> tuple[np.float32, np.float32]:
    """One step of AdaGrad, with one rate for each row.

    Args:
        p: float32[dim], the user's row, changed.
        q: float32[dim + 1], the item's, changed.
        r: float32[dim + 1], the drawn item's, changed.
        p_squares: the sum of squares of the user's changes in its first place, changed.
        q_squares: likewise.
        r_squares: likewise.
        warp_weight: of the difference to 1, where this is the loss; 0 for the logistic loss.
        rate: the learning rate.
        l2: weight of the squares of rows.

    Returns:
        a and b of a + log(1 + b), the loss before.
    """
    dim, zero, one, two = len(p), np.float32(0), np.float32(1), np.float32(2)
    # Mean squares of changes follow from products of the rows, in one pass with their difference.
    pp, pq, pd, qq, rr, dd = zero, zero, zero, zero, zero, zero
    for k in range(dim):
        difference = q[k] - r[k]
        pp += p[k] * p[k]
        pq += p[k] * q[k]
        pd += p[k] * difference
        qq += q[k] * q[k]
        rr += r[k] * r[k]
        dd += difference * difference
    above = pd + q[dim] - r[dim]
    if warp_weight > 0:
        if above >= one:
            return zero, zero
        slope, loss, exponential = warp_weight, warp_weight * (one - above), zero
    else:
        exponential = np.exp(-abs(above))
        slope = (exponential if above > 0 else one) / (one + exponential)
        loss = max(-above, zero)
    bias_q, bias_r = slope - l2 * q[dim], -slope - l2 * r[dim]
    change_p = slope * (slope * dd - two * l2 * pd) + l2 * l2 * pp
    change_q = slope * (slope * pp - two * l2 * pq) + l2 * l2 * qq
    change_r = slope * (slope * pp + two * l2 * (pq - pd)) + l2 * l2 * rr
    p_squares[0] += max(change_p, zero) / np.float32(dim)
    q_squares[0] += (max(change_q, zero) + bias_q * bias_q) / np.float32(dim + 1)
    r_squares[0] += (max(change_r, zero) + bias_r * bias_r) / np.float32(dim + 1)
    rate_p, rate_q, rate_r = (
        rate / np.sqrt(p_squares[0]),
        rate / np.sqrt(q_squares[0]),
        rate / np.sqrt(r_squares[0]),
    )
    keep_p, keep_q, keep_r = one - rate_p * l2, one - rate_q * l2, one - rate_r * l2
    rate_p, rate_q, rate_r = rate_p * slope, rate_q * slope, rate_r * slope
    for k in range(dim):
        p_k, q_k, r_k = p[k], q[k], r[k]
        p[k] = keep_p * p_k + rate_p * (q_k - r_k)
        q[k] = keep_q * q_k + rate_q * p_k
        r[k] = keep_r * r_k - rate_r * p_k
    q[dim] = keep_q * q[dim] + rate_q
    r[dim] = keep_r * r[dim] - rate_r
    return loss, exponential


@compiled
def write_losses(
    users: Int64, items: Int64, others: Int64, p: Float32, q: Float32, warp: bool, losses: Float32
) -> None:
    """Write the loss of each event to float32[n]; other items are int64[n, negatives]."""
    for n in loop_range(len(users)):
        losses[n] = 0
        for trial in range(others.shape[1]):
            above = _gap(p[users[n]], q[items[n]], q[others[n, trial]])
            if not warp:
                losses[n] = max(-above, np.float32(0)) + np.log1p(np.exp(-abs(above)))
                break
            if above < 1:
                losses[n] = warp_weight(trial, len(q)) * (np.float32(1) - above)
                break
