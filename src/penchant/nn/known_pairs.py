"""The pairs of users and items that have an event, for compiled loops that draw others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from torch import Tensor

from penchant.compiled import compiled_in_order, compiled_inline
from penchant.data.sorting import position_type
from penchant.nn.splitmix64 import GAMMA, splitmix64
from penchant.typing import Int32, Int64, UInt8

_BITS = (
    16  # of the Bloom filter, for each pair: one in 16 of other pairs, at most, has to be searched
)


class KnownPairs(NamedTuple):
    """The pairs of users and items with an event.

    Attributes:
        offsets: int64[n_users + 1], where a user's items begin.
        items: int32[n_events], in order for each user.
        bloom: uint8[n], the bits of a Bloom filter with one hash.
        shift: how many bits of a 64-bit hash are too many for a place in it.
    """

    offsets: Int64
    items: Int32
    bloom: UInt8
    shift: np.uint64


@compiled_inline
def _bit(user: int, item: int, shift: np.uint64) -> np.uint64:
    return splitmix64(np.uint64(user) * GAMMA + np.uint64(item)) >> shift


@compiled_in_order
def set_bits(offsets: Int64, items: Int32, bloom: UInt8, shift: np.uint64) -> None:
    """Set those of all pairs; see `KnownPairs`."""
    for user in range(len(offsets) - 1):
        for place in range(offsets[user], offsets[user + 1]):
            bit = _bit(user, items[place], shift)
            bloom[bit >> np.uint64(3)] |= np.uint8(1 << (bit & np.uint64(7)))


@compiled_inline
def is_known(known: KnownPairs, user: int, item: int) -> bool:
    """Whether the user has an event with the item."""
    bit = _bit(user, item, known.shift)
    if not (known.bloom[bit >> np.uint64(3)] >> (bit & np.uint64(7))) & 1:
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
    """Those of int[n] users and items, of so many users and items."""
    ones = np.ones(len(users), bool)
    small = position_type(max(*shape, len(users)))
    index = tuple(side.numpy().astype(small, copy=False) for side in (users, items))
    matrix = sparse.coo_array((ones, index), shape).tocsr()
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
