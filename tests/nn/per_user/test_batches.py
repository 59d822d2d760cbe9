"""Rows of a batch: equal patterns once, and prefixes that are shared."""

from __future__ import annotations

import numpy as np

from penchant.nn.per_user.batches import UserBatches, UserData
from support.user_networks import (
    LSTM,
)


def test_equal_patterns_of_a_batch_are_one_row(data):
    patterns, _ = data
    user = UserData(np.array([4, 2, 4, 4, 2]), np.array([True, False, False, True, True]), 0)
    users = UserBatches([user], patterns, batch_size=10, dropout=0.0, shape=LSTM)
    (batch,) = users.epoch([user.rng(0)])
    rows = sorted(zip(batch.counts[0].tolist(), batch.likes[0].tolist(), strict=True))
    assert rows == [(2, 1), (3, 2)]
    assert batch.rows.sizes[-1] == 2


def test_sequences_that_begin_alike_share_rows():
    patterns = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [1, 1, 0, 0]], np.uint8)
    user = UserData(np.repeat(np.arange(4), 10), np.ones(40, bool), 0)
    users = UserBatches([user], patterns, batch_size=40, dropout=0.0, shape=LSTM)
    (batch,) = users.epoch([user.rng(0)])
    assert batch.rows.sizes == (2, 4, 4, 4)  # 2, 3, 3, 4, made even
    assert batch.counts[0].tolist() == [10, 10, 10, 10]
    ends = batch.rows.inputs[0].split(batch.rows.sizes)
    assert sorted(zip(*(end[-4:].tolist() for end in ends[1:]), strict=True)) == [
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 1),
        (1, 0, 0),
    ]
