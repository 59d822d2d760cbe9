"""Histories in a random order keep what they hold, and their times and sessions."""

from collections import Counter

import numpy as np
import pytest

from penchant.data.histories import Histories
from penchant.data.shuffled_histories import shuffled_histories


@pytest.fixture
def histories():
    """An empty history, one of one event, and two long ones with repeats, ties and sessions."""
    rng = np.random.default_rng(0)
    lengths = np.array([0, 1, 40, 60])
    n = int(lengths.sum())
    offsets = np.append(0, np.cumsum(lengths))
    return Histories(
        users=np.arange(4, dtype=np.int32),
        offsets=offsets,
        items=rng.integers(0, 25, n).astype(np.int32),
        ratings=np.arange(n, dtype=np.float32),
        times=np.concatenate([np.sort(rng.integers(0, 20, length)) for length in lengths]),
        n_items=25,
        weights=np.arange(1, n + 1, dtype=np.float32),
        baskets=np.concatenate([np.arange(length) // 3 for length in lengths]).astype(np.int32),
        quantities=np.arange(2, n + 2, dtype=np.float32),
        in_sessions=True,
    )


def test_items_move_with_their_ratings_weights_and_quantities(histories):
    other = shuffled_histories(histories, np.random.default_rng(1))
    np.testing.assert_array_equal(other.weights, other.ratings + 1)
    np.testing.assert_array_equal(other.quantities, other.ratings + 2)
    np.testing.assert_array_equal(other.items, histories.items[other.ratings.astype(int)])
    for n, length in enumerate(histories.lengths):
        assert Counter(other.block(n, n + 1).ratings) == Counter(histories.block(n, n + 1).ratings)
        assert other.lengths[n] == length
    assert (other.items != histories.items).mean() > 0.8


def test_times_and_sessions_stay_in_place(histories):
    other = shuffled_histories(histories, np.random.default_rng(1))
    np.testing.assert_array_equal(other.times, histories.times)
    np.testing.assert_array_equal(other.baskets, histories.baskets)
    np.testing.assert_array_equal(other.last_session.lengths, histories.last_session.lengths)
    assert other.in_sessions


def test_what_a_user_said_last_of_an_item_stays_the_last(histories):
    rated = shuffled_histories(histories, np.random.default_rng(1))
    matrices = [h.matrix("rating").toarray() for h in (histories, rated)]
    np.testing.assert_array_equal(*matrices)
    latest = [sorted(h.ratings[h.is_latest]) for h in (histories, rated)]
    assert latest[0] == latest[1]


def test_every_order_is_about_as_likely():
    history = Histories.of([0, 1, 2], n_items=3)
    rng = np.random.default_rng(0)
    orders = Counter(tuple(shuffled_histories(history, rng).items.tolist()) for _ in range(3000))
    assert len(orders) == 6
    assert min(orders.values()) > 400


def test_the_seed_decides_the_order(histories):
    one, same, other = (
        shuffled_histories(histories, np.random.default_rng(seed)).items for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_histories_without_events_are_taken(histories):
    empty = shuffled_histories(histories.block(0, 1), np.random.default_rng(0))
    assert empty.lengths.tolist() == [0]
