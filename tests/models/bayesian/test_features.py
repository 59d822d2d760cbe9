"""Blocks of features, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from penchant.models.bayesian.features import DAY, attributes, side, time_edges, time_rows


def test_a_side_has_ids_then_whom_it_met_then_its_table():
    seen = sparse.csr_array(np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], np.float32))
    table = pl.DataFrame({"user": [1, 2, 3], "job": ["a", "a", "b"], "age": [10, 20, 90]})
    block = side(seen, list(attributes(table, "user", 3, 2)), met=True)
    np.testing.assert_allclose(
        block.matrix.toarray(),
        [
            [1, 0, 0, 2**-0.5, 2**-0.5, 0, 0, 1, 0],
            [0, 1, 0, 0, 0, 0, 0, 0, 1],
            [0, 0, 1, 0.5, 0.5, 0.5, 0.5, 0, 1],
        ],
    )
    assert [(g.start, g.stop, g.disjoint) for g in block.groups] == [
        (0, 3, True),
        (3, 7, False),
        (7, 9, True),
    ]
    assert side(seen, [], met=False).matrix.toarray().tolist() == np.eye(3).tolist()


def test_several_labels_share_a_length_of_one():
    table = pl.DataFrame({"item": [1, 2, 3], "genres": [["x", "y"], ["x"], ["y", "x"]]})
    (genres,) = attributes(table, "item", 3, 2)
    np.testing.assert_allclose(genres.toarray(), [[2**-0.5, 2**-0.5], [1, 0], [2**-0.5, 2**-0.5]])


def test_days_are_never_divided():
    times = np.array([0, 1, 2, 3, 4, 5, DAY, DAY + 1, 2 * DAY, 3 * DAY], np.int64)
    assert time_edges(times, 10).tolist() == [DAY, 2 * DAY, 3 * DAY]
    edges = time_edges(times, 2)
    assert edges.tolist() == []  # more than half of the events are on the first day
    assert time_edges(times, 3).tolist() == [DAY]
    edges = np.array([DAY, 2 * DAY])
    asked = np.array([-5, DAY - 1, DAY, 9 * DAY])
    assert time_rows(edges, asked, 4).tolist() == [0, 0, 1, 2]
    assert time_rows(edges, None, 2).tolist() == [3, 3]
