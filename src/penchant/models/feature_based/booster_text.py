"""Gradient-boosted trees as LightGBM's own text, checked before LightGBM may read it.

LightGBM trusts the text of a model: an index that leads outside a tree is followed. Here every
line must be one that LightGBM writes, every index must lead where a tree has something, and every
number that counts must be finite, so that a damaged or hostile text is refused instead.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from penchant.errors import BundleError, require
from penchant.run import Run
from penchant.typing import Float32, Float64

if TYPE_CHECKING:
    from lightgbm import Booster


_FEW = 20_000
_END = "end of trees\n"
_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_NUMBERS = rf"(?:{_NUMBER}(?: {_NUMBER})*)?"
_EDGE = rf"(?:{_NUMBER}|-?inf)"  # infinite where a split divides known from missing numbers
_EDGES = rf"(?:{_EDGE}(?: {_EDGE})*)?"
_GAIN = rf"(?:{_NUMBER}|-?inf|-?nan)"
_GAINS = rf"(?:{_GAIN}(?: {_GAIN})*)?"
_INFO = rf"(?:none|\[{_NUMBER}:{_NUMBER}\])"
_WHOLE = r"(?:-?\d{1,9}(?: -?\d{1,9})*)?"
_HEADER = re.compile(
    r"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
    r"max_feature_idx=(?P<last>\d{1,6})\nobjective=(?:binary sigmoid:1|regression)\n"
    r"feature_names=(?P<names>Column_\d+(?: Column_\d+)*)\n"
    rf"feature_infos={_INFO}(?: {_INFO})*\n"
    r"tree_sizes=(?P<sizes>\d{1,9}(?: \d{1,9})*)\n\n",
    re.ASCII,
)
_TREE = re.compile(
    r"Tree=(?P<place>\d+)\nnum_leaves=(?P<leaves>\d{1,6})\nnum_cat=0\n"
    rf"split_feature=(?P<feature>{_WHOLE})\nsplit_gain={_GAINS}\n"
    rf"threshold=(?P<threshold>{_EDGES})\ndecision_type=(?P<decision>{_WHOLE})\n"
    rf"left_child=(?P<left>{_WHOLE})\nright_child=(?P<right>{_WHOLE})\n"
    rf"leaf_value=(?P<value>{_NUMBERS})\nleaf_weight=(?P<weight>{_NUMBERS})\n"
    rf"leaf_count=(?P<count>{_WHOLE})\ninternal_value=(?P<inner_value>{_NUMBERS})\n"
    rf"internal_weight=(?P<inner_weight>{_NUMBERS})\ninternal_count=(?P<inner_count>{_WHOLE})\n"
    rf"is_linear=0\nshrinkage={_NUMBER}\n\n\n?",
    re.ASCII,
)
_AT_A_LEAF, _AT_A_SPLIT = ("value",), ("feature", "threshold", "decision", "left", "right")
_OPTIONAL_AT_A_LEAF = ("weight", "count")
_OPTIONAL_AT_A_SPLIT = ("inner_value", "inner_weight", "inner_count")


def text_of(booster: Booster, trees: int) -> str:
    """The text of the first `trees` trees, without what concerns training alone."""
    text: str = booster.model_to_string(num_iteration=trees)
    return text[: text.index(_END) + len(_END)]


def threads_for(rows: int, run: Run) -> int:
    """The run's threads; one for few rows, which gain nothing from more, or else 0: all."""
    return run.threads or (1 if rows < _FEW else 0)


def raw_predictions(text: str, features: Float32) -> Float64:
    """float64[n], the sum of the trees' leaves: log-odds of a like, or a rating.

    Args:
        text: as `text_of` gives it.
        features: float32[n, n_features].

    Raises:
        BundleError: the text is no booster's, or a booster's of other features.
    """
    if not len(features):
        return np.empty(0)
    booster = _booster(text, features.shape[1])
    found = booster.predict(features, raw_score=True, num_threads=threads_for(len(features), Run()))
    return np.asarray(found, np.float64)


@lru_cache(maxsize=4)
def _booster(text: str, n_features: int) -> Booster:
    check_text(text, n_features)
    lightgbm = require("lightgbm", "trees")
    booster: Booster = lightgbm.Booster(model_str=text)
    return booster


def n_numbers(text: str) -> int:
    """How many numbers trees have learned: a feature and a threshold a split, a value a leaf."""
    leaves = [int(n) for n in re.findall(r"^num_leaves=(\d{1,6})$", text, re.MULTILINE)]
    return sum(3 * n - 2 for n in leaves)


def split_gains(text: str, n_features: int) -> Float64:
    """float64[n_features], how much the splits at each feature have reduced the training loss.

    Raises:
        BundleError: the text is no booster's, or a booster's of other features.
    """
    check_text(text, n_features)
    lines = (
        re.findall(rf"^{key}=(.*)$", text, re.MULTILINE) for key in ("split_feature", "split_gain")
    )
    features, gains = (np.array(" ".join(found).split(), np.float64) for found in lines)
    return np.bincount(features.astype(np.int64), gains, n_features).astype(np.float64)


def check_text(text: str, n_features: int) -> None:
    """Refuse a text that LightGBM has not written for so many features.

    Raises:
        BundleError: see above.
    """
    header = _HEADER.match(text)
    if header is None or not text.endswith(_END):
        raise _damaged("the text has another form than LightGBM's")
    if int(header["last"]) + 1 != n_features or len(header["names"].split()) != n_features:
        raise _damaged(f"they are not of {n_features} features")
    start = header.end()
    for place, size in enumerate(map(int, header["sizes"].split())):
        stop = start + size
        tree = _TREE.fullmatch(text, start, min(stop, len(text)))
        if tree is None or stop > len(text) or int(tree["place"]) != place:
            raise _damaged(f"tree {place} has another form than LightGBM's")
        if flaw := _flaw(tree, n_features):
            raise _damaged(f"tree {place} {flaw}")
        start = stop
    if text[start:].lstrip("\n") != _END:
        raise _damaged("something stands behind the last tree")


def _flaw(tree: re.Match[str], n_features: int) -> str:
    """What is wrong with a tree, or nothing."""
    n = int(tree["leaves"])
    if n < 1:
        return "has no leaf"
    lengths = [(name, n) for name in _AT_A_LEAF] + [(name, n - 1) for name in _AT_A_SPLIT]
    for names, size in ((_OPTIONAL_AT_A_LEAF, n), (_OPTIONAL_AT_A_SPLIT, n - 1)):
        lengths += [(name, size) for name in names if tree[name]]
    numbers = {name: np.array(tree[name].split(), np.float64) for name, _ in lengths}
    if any(len(numbers[name]) != size for name, size in lengths):
        return "has lines of other lengths than its leaves ask for"
    if not all(np.isfinite(v).all() for name, v in numbers.items() if name != "threshold"):
        return "has a number that is not finite"
    feature, decision = numbers["feature"], numbers["decision"]
    if ((feature < 0) | (feature >= n_features)).any():
        return "asks for a feature that does not exist"
    if ((decision < 0) | (decision > 15) | (decision % 2 != 0)).any():
        return "has an unknown kind of decision"
    # A split comes after the one above it, and everything but the root stands below exactly one.
    children = np.concatenate([numbers["left"], numbers["right"]])
    above = np.tile(np.arange(n - 1), 2)
    inner = children >= 0
    once = np.sort(children)
    if not np.array_equal(once, np.setdiff1d(np.arange(-n, n - 1), [0] if n > 1 else [-1])):
        return "is no tree"
    return "is no tree" if (children[inner] <= above[inner]).any() else ""


def _damaged(what: str) -> BundleError:
    return BundleError(f"The boosted trees of this model cannot be used: {what}; fit it again.")
