from __future__ import annotations

import numpy as np
import polars as pl

from penchant.features.categorical import CategoricalFeatures


def test_ids_labels_and_intervals():
    table = pl.DataFrame(
        {
            "item": range(6),
            "kind": ["a", "b", "a", "b", None, "a"],
            "tags": [["x"], ["x", "y"], ["y"], [], ["x"], None],
            "year": [1.0, 2.0, 3.0, 4.0, None, 5.0],
        }
    )
    bags = CategoricalFeatures.of(table, "item", 6, bins=2)
    # Six ids, two kinds, two tags and two intervals.
    assert bags.size == 12
    features = [sorted(set(row.tolist()) - {12}) for row in bags.index]
    assert features == [
        [0, 6, 8, 10],
        [1, 7, 8, 9, 10],
        [2, 6, 9, 11],
        [3, 7, 11],
        [4, 8],
        [5, 6, 11],
        [],
    ]


def test_only_some_features():
    bags = CategoricalFeatures.of(None, "item", 3, bins=4)
    keep = np.array([True, False, True])
    assert bags.only(keep).index.tolist() == [[0], [3], [2], [3]]
