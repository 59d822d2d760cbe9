"""Logs with something planted in them."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.testing import planted_sequences


@pytest.fixture(scope="module")
def sequences():
    return planted_sequences().histories.items.reshape(120, 12)


@pytest.fixture(scope="module")
def following(sequences):
    """Which item came most often after each one."""
    pairs = np.zeros((42, 42), int)
    np.add.at(pairs, (sequences[:, :-1].ravel(), sequences[:, 1:].ravel()), 1)
    return pairs.argmax(axis=1)


def test_every_item_of_planted_sequences_is_followed_by_another_one_on_a_single_circle(following):
    item, circle = 0, []
    for _ in range(42):
        circle.append(item)
        item = following[item]
    assert item == 0
    assert sorted(circle) == list(range(42))


def test_half_of_the_events_of_planted_sequences_and_the_last_ones_are_steps(sequences, following):
    steps = following[sequences[:, :-1]] == sequences[:, 1:]
    assert steps[:, -1].all()
    assert steps[:, :-1].mean() == pytest.approx(0.5, abs=0.07)


def test_planted_sequences_repeat_nothing_and_have_no_popular_item(sequences):
    assert all(len(set(items)) == 12 for items in sequences.tolist())
    counts = np.bincount(sequences.ravel(), minlength=42)
    assert counts.max() < 1.6 * counts.mean()


def test_planted_sequences_keep_their_order_without_times(sequences):
    log = planted_sequences(with_times=False, with_ratings=False)
    assert not log.has_times
    assert np.array_equal(log.histories.items, sequences.ravel())
    assert not np.array_equal(planted_sequences(seed=1).histories.items, sequences.ravel())
