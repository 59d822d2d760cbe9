"""The pairs of users and items that have an event, for compiled loops that draw others.

Random numbers are hashes of a counter, so that each loop has its own and the order of loops says
nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from torch import Tensor

from penchant.compiled import compiled_in_order, compiled_inline
from penchant.typing import Int32, Int64, UInt8

STEP = np.uint64(0x9E3779B97F4A7C15)  # of the counter of which `scrambled` makes random numbers
_BITS = 16  # of the filter, for each pair: one in 16 of other pairs, at most, has to be searched


class KnownPairs(NamedTuple):
    """The pairs of users and items with an event.

    Attributes:
        offsets: int64[n_users + 1], where a user's items begin.
        items: int32[n_events], in order for each user.
        filter: uint8[n], bits, of which those of all pairs are set; most others are not.
        shift: how many bits of a 64-bit hash are too many for a place in it.
    """

    offsets: Int64
    items: Int32
    filter: UInt8
    shift: np.uint64


@compiled_inline
def scrambled(number: np.uint64) -> np.uint64:
    """A number of 64 bits that tells nothing of the given one."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@compiled_inline
def below(number: np.uint64, limit: int) -> int:
    """From 0 to limit - 1, as evenly as 32 bits allow."""
    return int(((number >> np.uint64(32)) * np.uint64(limit)) >> np.uint64(32))


@compiled_inline
def _bit(user: int, item: int, shift: np.uint64) -> np.uint64:
    return scrambled(np.uint64(user) * STEP + np.uint64(item)) >> shift


@compiled_in_order
def set_bits(offsets: Int64, items: Int32, filter: UInt8, shift: np.uint64) -> None:
    """Set those of all pairs; see `KnownPairs`."""
    for user in range(len(offsets) - 1):
        for place in range(offsets[user], offsets[user + 1]):
            bit = _bit(user, items[place], shift)
            filter[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))


@compiled_inline
def is_known(known: KnownPairs, user: int, item: int) -> bool:
    """Whether the user has an event with the item."""
    bit = _bit(user, item, known.shift)
    if not (known.filter[bit >> np.uint64(3)] >> (bit & np.uint64(7))) & 1:
        return False
    start, stop = known.offsets[user], known.offsets[user + 1]
    while start < stop:
        middle = (start + stop) >> 1
        if known.items[middle] < item:
            start = middle + 1
        else:
            stop = middle
    return bool(start < known.offsets[user + 1] and known.items[start] == item)


def known_pairs(users: Tensor, items: Tensor, shape: tuple[int, int]) -> KnownPairs:
    """Those of int64[n] users and items, of so many users and items."""
    ones = np.ones(len(users), bool)
    matrix = sparse.coo_array((ones, (users.numpy(), items.numpy())), shape).tocsr()
    matrix.sort_indices()
    bits = max(3, (_BITS * len(users)).bit_length())
    known = KnownPairs(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        np.zeros(2 ** (bits - 3), np.uint8),
        np.uint64(64 - bits),
    )
    set_bits(*known)
    return known
