"""Which histories are prefixes of one sequence."""

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.histories import Histories
from penchant.data.prefix_groups import prefix_groups


def groups_of(sequences, order=None):
    """The groups of sequences whose last items are held out, in the order of their lines."""
    lengths = np.array([len(s) - 1 for s in sequences])
    histories = Histories(
        users=np.arange(len(sequences), dtype=np.int32),
        offsets=np.append(0, np.cumsum(lengths)),
        items=np.concatenate([s[:-1] for s in sequences]).astype(np.int32),
        ratings=None,
        times=None,
        n_items=100,
    )
    items = np.array([s[-1] for s in sequences], np.int32)
    rows = np.arange(len(sequences)) if order is None else np.array(order)
    return prefix_groups(histories, np.arange(len(sequences) + 1), items, rows)


@pytest.mark.parametrize("step", [1, -1])
def test_prefixes_of_a_neighbour_belong_together(step):
    lines = [[5, 6, 7, 8], [5, 6, 7], [5, 6], [9, 6], [5, 8, 7], [5, 8]][::step]
    groups = groups_of(lines)
    assert groups.tolist() == ([0, 0, 0, 1, 2, 2] if step == 1 else [0, 0, 1, 2, 2, 2])


def test_lines_that_were_left_out_between_do_not_matter():
    assert groups_of([[1, 2, 3, 4, 5], [1, 2], [7, 8, 9]]).tolist() == [0, 0, 1]


def test_the_order_of_rows_counts_and_not_that_of_users():
    lines = [[5, 6], [9, 6, 1], [5, 6, 7], [9, 6]]
    assert groups_of(lines) is None
    assert groups_of(lines, order=[10, 40, 20, 30]).tolist() == [0, 1, 0, 1]


def test_other_sequences_of_one_beginning_do_not_belong_together():
    assert groups_of([[1, 2, 3], [1, 2, 4], [1, 3], [1, 3]]) is None
    assert groups_of([[1, 2, 3]]) is None


def test_a_few_coincidences_mean_nothing():
    lines = [[n, n + 1, n + 2] for n in range(0, 60, 3)]
    assert groups_of([*lines, [57, 58]]) is None
    assert groups_of([*lines, [57, 58], [90, 91, 92], [90, 91], [80, 81, 82], [80, 81]]).max() == 21


def test_people_are_independent():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"user": np.repeat(np.arange(80), 6), "item": rng.integers(0, 50, 480)})
    split = pn.split_leave_last_out(pn.Dataset.from_frame(frame))
    assert split.test.prefix_groups is None
