"""Fitted attributes are checked against what their model declares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from penchant.models import TABLE, make
from penchant.models.fitted_attributes import (
    Array,
    Sizes,
    booleans,
    check_fitted_state,
    floats,
    integers,
    offsets,
    plain,
    signatures,
    sparse_matrix,
)

KNOWN = {"users": 3, "items": 4, "dim": 2}


def check(declared, **state):
    check_fitted_state(declared, state, KNOWN)


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        (floats("users", "dim"), np.zeros((3, 2), np.float32)),
        (floats("items+1"), np.zeros(5, np.float32)),
        (floats("users|items"), np.zeros(4, np.float32)),
        (floats("items", missing=True), np.full(4, np.nan, np.float32)),
        (floats("n", low=0, dtype="float64"), np.zeros(0)),
        (integers("n", below="items"), np.array([0, 3])),
        (integers(), np.int64(7)),
        (booleans("users"), np.ones(3, bool)),
        (signatures(), np.zeros(3, np.uint64)),
        (offsets("users+1", of="n"), np.array([0, 0, 2, 5])),
        (sparse_matrix("users", "items"), sparse.csr_array((3, 4), dtype=np.float32)),
        (plain(float), 1),
        (plain(float, infinite=True), np.inf),
        (plain(list[str], 2), ["a", "b"]),
    ],
)
def test_values_as_declared(declaration, value):
    check({"a_": declaration}, a_=value)


@pytest.mark.parametrize(
    ("declaration", "value", "words"),
    [
        (floats("users", "dim"), np.zeros((2, 2), np.float32), r"float32\[2, 2\] instead of"),
        (floats("users"), np.zeros(3), "float64"),
        (floats("users"), np.zeros((3, 1), np.float32), r"\[3, 1\]"),
        (floats("users"), [0.0, 0.0, 0.0], "list instead of an array"),
        (floats("items+1"), np.zeros(4, np.float32), "instead"),
        (floats("users|items"), np.zeros(5, np.float32), "instead"),
        (floats("users"), np.array([0, np.inf, 0], np.float32), "no finite number"),
        (floats("users"), np.array([0, 1e19, 0], np.float32), "beyond 1e"),
        (floats("users"), np.array([0, np.nan, 0], np.float32), "no finite number"),
        (floats("users", missing=True), np.array([0, np.inf, 0], np.float32), "no finite"),
        (floats("users", low=0), np.array([0, -1, 0], np.float32), "below 0"),
        (integers("n", below="items"), np.array([0, 4]), "not below 4"),
        (integers("n"), np.array([-1]), "below 0"),
        (offsets("users+1", of="n"), np.array([0, 3, 2, 5]), "rise"),
        (offsets("users+1", of="n"), np.array([1, 2, 2, 5]), "rise"),
        (sparse_matrix("users", "items"), sparse.csr_array((4, 3), dtype=np.float32), "instead"),
        (sparse_matrix("users", "items"), np.zeros((3, 4), np.float32), "sparse matrix"),
        (
            sparse_matrix("users", "items"),
            sparse.csr_array(np.full((3, 4), np.nan, np.float32)),
            "no finite number",
        ),
        (plain(float), "1", "number"),
        (plain(float), np.nan, "finite"),
        (plain(int), True, "integer"),
        (plain(list[str], 2), ["a"], "1 values instead of 2"),
    ],
)
def test_other_values_are_refused(declaration, value, words):
    with pytest.raises(ValueError, match=f"a_ .*{words}"):
        check({"a_": declaration}, a_=value)


def test_a_name_means_one_length():
    declared = {"weight_*_": floats("n_*", "n_inputs"), "bias_*_": floats("n_*")}
    two, three = np.zeros(2, np.float32), np.zeros(3, np.float32)
    wide, narrow = np.zeros((3, 7), np.float32), np.zeros((2, 7), np.float32)
    check(declared, weight_0_=wide, weight_1_=narrow, bias_0_=three, bias_1_=two)
    with pytest.raises(ValueError, match="bias_1_"):
        check(declared, weight_0_=wide, weight_1_=narrow, bias_0_=three, bias_1_=three)


def test_lists_say_lengths():
    declared = {
        "sizes_": plain(list[int], "n_columns", lengths_of="n_labels_*"),
        "labels_*_": integers("n_*", below="n_labels_*"),
    }
    check(declared, sizes_=[2, 3], labels_0_=np.array([1]), labels_1_=np.array([2, 2]))
    with pytest.raises(ValueError, match="labels_0_ has a value that is not below 2"):
        check(declared, sizes_=[2, 3], labels_0_=np.array([2]), labels_1_=np.array([2, 2]))


def test_missing_and_further_attributes_are_refused():
    declared = {"a_": plain(int), "b_": plain(int, optional=True)}
    check(declared, a_=1)
    with pytest.raises(ValueError, match="a_ is missing"):
        check(declared, b_=1)
    with pytest.raises(ValueError, match="c_ is not among"):
        check(declared, a_=1, c_=1)


def test_what_is_divided_by_is_declared_above_zero():
    spreads = [
        declaration
        for name in TABLE
        for attribute, declaration in (make(name).declared_attributes() or {}).items()
        if "spread" in attribute
    ]
    assert len(spreads) >= 8
    for declaration in spreads:
        zero = 0.0
        if isinstance(declaration, Array):
            zero = np.zeros([1] * len(declaration.shape), declaration.dtypes[0])
        with pytest.raises(ValueError, match=r"below|greater than 0"):
            declaration.check(zero, Sizes({}))
