from __future__ import annotations

import numpy as np
import pytest

from penchant.encoders.text.ragged import Ragged
from penchant.errors import ParameterError


def rows(ragged):
    return [part.tolist() for part in np.split(ragged.values, ragged.offsets[1:-1])]


@pytest.fixture
def ragged():
    return Ragged.of(np.array([2, 0, 4]), np.array([1, 2, 3, 4, 5, 6]))


def test_rows_are_taken_by_number_and_by_mark(ragged):
    assert rows(ragged.take(np.array([2, 2, 0]))) == [[3, 4, 5, 6], [3, 4, 5, 6], [1, 2]]
    assert rows(ragged.take(np.array([False, True, True]))) == [[], [3, 4, 5, 6]]
    assert len(ragged.take(np.array([], np.int64))) == 0


def test_values_are_left_out(ragged):
    assert rows(ragged.only(ragged.values % 2 == 0)) == [[2], [], [4, 6]]


@pytest.mark.parametrize(
    ("padding", "truncating", "expected"),
    [
        ("pre", "pre", [[0, 1, 2], [0, 0, 0], [4, 5, 6]]),
        ("post", "post", [[1, 2, 0], [0, 0, 0], [3, 4, 5]]),
        ("post", "pre", [[1, 2, 0], [0, 0, 0], [4, 5, 6]]),
    ],
)
def test_padding_is_that_of_keras(ragged, padding, truncating, expected):
    found = ragged.padded(3, padding=padding, truncating=truncating)
    assert found.tolist() == expected


def test_no_length(ragged):
    with pytest.raises(ParameterError, match="length of at least 1"):
        ragged.padded(0)
