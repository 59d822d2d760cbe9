from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from penchant.nn import weighted_events
from penchant.nn.weighted_events import WeightedEvents, relative_weights


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.integers(0, 99))
def test_each_event_is_there_as_often_as_its_weight_says(weights, seed):
    n = len(weights)
    events = WeightedEvents((np.arange(n),), np.array(weights, np.float32), generator(seed))
    (drawn,) = events.epoch()
    expected = n * np.array(weights) / np.sum(weights)
    counts = np.bincount(drawn.numpy(), minlength=n)
    assert counts.sum() == n
    assert (np.abs(counts - expected) < 1 + 1e-3).all()
    assert (np.diff(drawn.numpy()) >= 0).all()


def test_on_average_the_counts_are_the_weights():
    weights = np.array([0.25, 0.5, 2.25, 1.0], np.float32)
    events = WeightedEvents((np.arange(4), np.arange(4) + 10), weights, generator())
    total = np.zeros(4)
    for _ in range(2000):
        number, other = events.epoch()
        assert (other == number + 10).all()
        total += np.bincount(number.numpy(), minlength=4)
    np.testing.assert_allclose(total / 2000, weights, atol=0.04)


def test_events_without_weights_stay_as_they_are_and_draw_nothing():
    source = generator()
    state = source.get_state()
    events = WeightedEvents((np.array([3, 1], np.int32), np.array([0.5, 1])), None, source)
    assert [column.tolist() for column in events.epoch()] == [[3, 1], [0.5, 1]]
    (block,) = events.blocks(2)
    assert [column.tolist() for column in block] == [[3, 1], [0.5, 1]]
    assert block[0].dtype == torch.int64
    assert torch.equal(source.get_state(), state)


def test_blocks_have_each_event_once_and_from_all_over(monkeypatch):
    monkeypatch.setattr(weighted_events, "_NEIGHBOURS", 8)
    n = 1003
    numbers = np.arange(n, dtype=np.int32)
    events = WeightedEvents((numbers, numbers / n), None, generator())
    first, second = (list(events.blocks(100)) for _ in range(2))
    for blocks in (first, second):
        assert len(blocks) == 11
        assert max(len(block[0]) for block in blocks) <= 100
        found = torch.cat([block[0] for block in blocks])
        assert torch.equal(found.sort().values, torch.arange(n))
        for place, share in blocks:
            assert torch.equal(share, place.double() / n)
    assert not torch.equal(first[0][0], second[0][0])
    assert np.ptp(first[0][0].numpy()) > n // 2


def test_weights_of_blocks_are_those_of_the_whole(monkeypatch):
    monkeypatch.setattr(weighted_events, "_NEIGHBOURS", 8)
    weights = np.random.default_rng(0).gamma(2, size=400).astype(np.float32)
    events = WeightedEvents((np.arange(400),), weights, generator())
    total = np.zeros(400)
    for _ in range(500):
        drawn = torch.cat([block for (block,) in events.blocks(64)]).numpy()
        assert abs(len(drawn) - 400) < 20
        total += np.bincount(drawn, minlength=400)
    np.testing.assert_allclose(total / 500, weights / weights.mean(), atol=0.1)


def test_weights_are_relative_to_the_mean_of_their_user():
    users = np.array([0, 1, 0, 3])
    found = relative_weights(np.array([1, 5, 3, 2], np.float32), users)
    np.testing.assert_allclose(found, [0.5, 1, 1.5, 1])
    assert relative_weights(None, users) is None
    assert relative_weights(np.full(4, 0.1, np.float32), users) is None
    assert relative_weights(np.array([2, 9, 2, 4], np.float32), users) is None  # each user alike
    assert relative_weights(np.zeros(0, np.float32), users[:0]) is None
