from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from penchant.nn.weighted_events import WeightedEvents, relative_weights


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.integers(0, 99))
def test_each_event_is_there_as_often_as_its_weight_says(weights, seed):
    n = len(weights)
    events = WeightedEvents((torch.arange(n),), np.array(weights, np.float32), generator(seed))
    (drawn,) = events.epoch()
    expected = n * np.array(weights) / np.sum(weights)
    counts = np.bincount(drawn.numpy(), minlength=n)
    assert counts.sum() == n
    assert (np.abs(counts - expected) < 1 + 1e-3).all()
    assert (np.diff(drawn.numpy()) >= 0).all()


def test_on_average_the_counts_are_the_weights():
    weights = np.array([0.25, 0.5, 2.25, 1.0], np.float32)
    events = WeightedEvents((torch.arange(4), torch.arange(4) + 10), weights, generator())
    total = np.zeros(4)
    for _ in range(2000):
        number, other = events.epoch()
        assert (other == number + 10).all()
        total += np.bincount(number.numpy(), minlength=4)
    np.testing.assert_allclose(total / 2000, weights, atol=0.04)


def test_events_without_weights_stay_as_they_are_and_draw_nothing():
    source = generator()
    state = source.get_state()
    columns = (torch.tensor([3, 1]),)
    assert WeightedEvents(columns, None, source).epoch() is columns
    assert torch.equal(source.get_state(), state)


def test_weights_are_relative_to_the_mean_of_their_user():
    users = np.array([0, 1, 0, 3])
    found = relative_weights(np.array([1, 5, 3, 2], np.float32), users)
    np.testing.assert_allclose(found, [0.5, 1, 1.5, 1])
    assert relative_weights(None, users) is None
    assert relative_weights(np.full(4, 0.1, np.float32), users) is None
    assert relative_weights(np.array([2, 9, 2, 4], np.float32), users) is None  # each user alike
    assert relative_weights(np.zeros(0, np.float32), users[:0]) is None
