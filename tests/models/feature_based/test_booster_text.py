from __future__ import annotations

import re

import numpy as np
import pytest

from penchant.errors import BundleError
from penchant.models.feature_based import booster_text as module
from penchant.models.feature_based.booster_text import (
    check_text,
    n_numbers,
    raw_predictions,
    split_gains,
)

lightgbm = pytest.importorskip("lightgbm")

SETTINGS = {"objective": "binary", "verbose": -1, "num_leaves": 5, "num_threads": 1}


@pytest.fixture(scope="module")
def features():
    x = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    x[::5, 1] = np.nan
    return x


@pytest.fixture(scope="module")
def booster(features):
    truth = (features[:, 0] + np.nan_to_num(features[:, 1], nan=2) > 0).astype(float)
    return lightgbm.train(SETTINGS, lightgbm.Dataset(features, truth), 6)


@pytest.fixture(scope="module")
def text(booster):
    return module.text_of(booster, 6)


def test_text_predicts_what_the_booster_does(booster, text, features):
    check_text(text, 3)
    expected = booster.predict(features, raw_score=True)
    np.testing.assert_array_equal(raw_predictions(text, features), expected)
    first = module.text_of(booster, 2)
    expected = booster.predict(features, raw_score=True, num_iteration=2)
    np.testing.assert_array_equal(raw_predictions(first, features), expected)


def test_numbers_and_gains_are_the_boosters(booster, text):
    leaves = sum(tree["num_leaves"] for tree in booster.dump_model()["tree_info"])
    assert n_numbers(text) == 3 * leaves - 2 * 6
    expected = booster.feature_importance("gain")
    np.testing.assert_allclose(split_gains(text, 3), expected, rtol=1e-3)


def test_a_tree_of_one_leaf(features):
    """Where nothing can be learned LightGBM writes a constant."""
    booster = lightgbm.train(SETTINGS, lightgbm.Dataset(features, np.arange(400) % 2), 1)
    flat = lightgbm.train(
        SETTINGS | {"min_data_in_leaf": 399}, lightgbm.Dataset(features, np.arange(400) % 2), 2
    )
    for one in (booster, flat):
        check_text(module.text_of(one, 2), 3)
    assert n_numbers(module.text_of(flat, 2)) <= 2


def _changed(text: str, line: str, new: str) -> str:
    """The first line of a kind with other values, and the sizes made to fit."""
    found = re.search(rf"^{line}=.*$", text, re.MULTILINE)
    changed = text[: found.start()] + f"{line}={new}" + text[found.end() :]
    return _resized(changed)


def _resized(text: str) -> str:
    head, *trees = re.split(r"(?=^Tree=)", text[: text.index("end of trees")], flags=re.MULTILINE)
    sizes = " ".join(str(len(tree)) for tree in trees)
    head = re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", head)
    return head + "".join(trees) + "end of trees\n"


def test_resizing_changes_nothing(text):
    assert _resized(text) == text


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("left_child", "900000 -2 -3 -1"),
        ("left_child", "0 2 3 -1"),
        ("left_child", "1 2 3 -9"),
        ("left_child", "-1 -1 -1 -1"),
        ("right_child", ""),
        ("split_feature", "3 0 0 0"),
        ("split_feature", "-1 0 0 0"),
        ("split_feature", "0 0 0"),
        ("decision_type", "1 2 2 2"),
        ("decision_type", "99 2 2 2"),
        ("threshold", "nan 1 1 1"),
        ("threshold", "0.5"),
        ("leaf_value", "inf 0 0 0 0"),
        ("leaf_value", "1e999 0 0 0 0"),
        ("leaf_value", "0x10 0 0 0 0"),
        ("num_leaves", "900000"),
        ("num_leaves", "0"),
        ("num_leaves", "6"),
        ("num_cat", "1\ncat_boundaries=0 9\ncat_threshold=1"),
        ("is_linear", "1"),
        ("Tree", "4"),
        ("shrinkage", "import os"),
        ("leaf_value", "1 2 3 4 5\nleaf_value=1 2 3 4 5"),
        ("objective", "custom"),
        ("objective", "binary sigmoid:1\nobjective=regression"),
        ("max_feature_idx", "99"),
        ("num_class", "7"),
        ("num_tree_per_iteration", "9"),
        ("version", "v9"),
        ("feature_names", "Column_0 Column_1"),
        ("feature_names", "a b c"),
    ],
)
def test_a_hostile_text_is_refused(text, line, new, features):
    with pytest.raises(BundleError, match=r"boosted trees .* cannot be used: .*fit it again\."):
        raw_predictions(_changed(text, line, new), features)


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: "",
        lambda t: "tree\n" * 1000,
        lambda t: t[: len(t) // 2],
        lambda t: t + "x",
        lambda t: t.replace("end of trees", "Tree=9\nend of trees"),
        lambda t: t.replace("tree_sizes=", "tree_sizes=999999999 "),
        lambda t: re.sub(r"tree_sizes=\d+", "tree_sizes=0", t),
        lambda t: t.replace("tree_sizes=", "tree_sizes=1 "),
        lambda t: t.replace("leaf_value", "leaf_valve", 1),
        lambda t: t.replace("0", "٠", 3),
    ],
)
def test_a_damaged_text_is_refused(text, damage):
    with pytest.raises(BundleError, match="cannot be used"):
        check_text(damage(text), 3)


def test_other_features_are_refused(text):
    with pytest.raises(BundleError, match="not of 4 features"):
        check_text(text, 4)


def test_random_damage_never_reaches_lightgbm_unless_it_is_harmless(text, features):
    """Any single changed character is refused, or leads to finite predictions."""
    rng = np.random.default_rng(0)
    harmless = 0
    for _ in range(300):
        place = int(rng.integers(len(text)))
        letter = chr(int(rng.integers(32, 127)))
        changed = text[:place] + letter + text[place + 1 :]
        try:
            found = raw_predictions(changed, features[:5])
        except BundleError:
            continue
        harmless += 1
        assert np.isfinite(found).all()
    assert harmless < 150
