from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated

import numpy as np
import polars as pl
import pytest
import torch
from pydantic import Field
from safetensors.numpy import load_file
from scipy import sparse

from penchant.bundle import describe, restore, save
from penchant.data.holdout import Rows
from penchant.data.target import Adjusted, Like, Target
from penchant.errors import BundleError, NotFittedError
from penchant.models import EASE, DotProduct, MajorityClass, Popular, find
from penchant.models.base import Recommender
from penchant.models.parameters import parameters_of
from penchant.models.protocols import Explains, RatesRows

ARRAYS = "arrays.safetensors"
KINDS = (
    *("popular", "bias", "item-knn", "ials", "rbm", "dot", "autorec", "mult-vae", "per-user"),
    *("sequential-rules", "boosted-trees", "gaussian-process", "hybrid", "blend"),
)
"""Models of all kinds of state: counts, matrices, networks, trees, and models inside of others."""


def cheap(name: str) -> Recommender:
    """A model of the table that learns fast."""
    cls = find(name)
    small = {"epochs": 3, "dim": 5, "kept": 9, "neighbours": 7, "folds": 2, "samples": 9}
    return cls(seed=3, **{n: v for n, v in small.items() if n in parameters_of(cls)})


def assert_same(a: Recommender, b: Recommender) -> None:
    """Whatever one asks, both answer the same, bit for bit."""
    assert type(a) is type(b)
    assert a.params() == b.params()
    assert repr(a) == repr(b)
    assert list(a.fitted_state()) == list(b.fitted_state())
    some = [a.items_[0], a.items_[5]]
    for one, other in (
        (a.histories_, b.histories_),
        (a.history(some), b.history(some)),
        (a.history(some, [5, 2]), b.history(some, [5, 2])),
    ):
        scores, again = a.scores(one), b.scores(other)
        assert again.dtype == scores.dtype
        assert np.array_equal(scores, again)
    assert a.recommend(k=4, titles=True).equals(b.recommend(k=4, titles=True))
    assert a.similar_items(some, titles=True).equals(b.similar_items(some, titles=True))
    if isinstance(a, RatesRows) and isinstance(b, RatesRows):
        history = np.arange(20, dtype=np.int32)
        rows = Rows(a.histories_, history, (history % len(a.items_)).astype(np.int32))
        assert np.array_equal(a.predict(rows), b.predict(rows))
        assert a.target == b.target
    if isinstance(a, Explains) and isinstance(b, Explains):
        items = np.arange(len(a.items_), dtype=np.int32)
        for user in (a.histories_.block(4, 5), a.history(some, [5, 2])):
            assert np.array_equal(a.contributions(user, items), b.contributions(user, items))


@pytest.mark.parametrize("name", KINDS)
def test_models_of_texts_come_back(name, text_log, tmp_path):
    """`tests/contract` restores every model of a log with whole numbers as ids."""
    model = cheap(name).fit(text_log)
    folder = save(model, tmp_path / "bundle")
    restored = restore(folder)
    assert_same(model, restored)
    for attribute, value in model.fitted_state().items():
        kept = getattr(restored, attribute)
        assert type(kept) is type(value)
        if isinstance(value, np.ndarray):
            assert kept.dtype == value.dtype
            # How sums are rounded depends on how numbers lie in memory.
            assert kept.shape == value.shape
            assert kept.strides == value.strides or not value.size
            assert np.array_equal(kept, value, equal_nan=value.dtype.kind == "f")
    assert restored.histories_.times.dtype == np.int64
    assert np.array_equal(restored.histories_.times, model.histories_.times)
    assert restored.users_ == model.users_
    assert restored.items_ == model.items_
    assert restored.item_table_.equals(model.item_table_)
    assert restored.item_table_.schema == model.item_table_.schema
    assert restored.item_table_["genres"].to_list() == model.item_table_["genres"].to_list()
    again = save(restored, tmp_path / "again")
    assert (again / ARRAYS).read_bytes() == (folder / ARRAYS).read_bytes()
    told, of_first = describe(again), describe(folder)
    assert all(told[part] == of_first[part] for part in ("model", "parameters", "state"))


@pytest.mark.parametrize("missing", ["times", "some times", "table", "ratings"])
def test_logs_that_lack_something(missing, log, tmp_path):
    from penchant.data.dataset import Dataset

    frame, table = log.frame(), log.item_table
    if missing == "some times":
        frame = frame.with_columns(time=pl.when(pl.col("row") > 3).then("time"))
    elif missing != "table":
        frame = frame.drop(missing.removesuffix("s"))
    else:
        table = None
    model = EASE().fit(Dataset.from_frame(frame, item_table=table))
    restored = restore(save(model, tmp_path / "it"))
    assert_same(model, restored)
    assert (restored.histories_.times is None) == ("times" in missing)
    assert (restored.histories_.ratings is None) == (missing == "ratings")
    assert (restored.item_table_ is None) == (missing == "table")


@pytest.mark.parametrize("target", [Like(1 / 3 + 3), Adjusted(3, 1.7, 1, 5), Like(1e-9)])
def test_parameters_are_exact(target, log, tmp_path):
    model = DotProduct(target=target, epochs=1, dim=2, l2=0.1 + 0.2, patience=None).fit(log)
    restored = restore(save(model, tmp_path / "it"))
    assert restored.params() == model.params()
    assert restored.target == target
    assert restored.l2 == 0.1 + 0.2
    assert restored.patience is None


def test_numbers_that_are_only_almost_the_same_type(log, tmp_path):
    model = MajorityClass(threshold=4).fit(log)
    restored = restore(save(model, tmp_path / "it"))
    assert type(restored.threshold) is type(model.threshold)


class Mine(Recommender):
    """A class that penchant does not know."""

    strength: Annotated[float, Field(gt=0)] = 1.5
    names: tuple[str, ...] = ("a",)

    def _fit(self, train, validation, run):
        x = train.histories.matrix()
        self.order_ = np.asfortranarray((x.T @ x).toarray())
        self.sparse_ = (x.T @ x).tocsr()
        self.wide_ = sparse.csr_array(self.sparse_.astype(bool), dtype=bool)
        self.tensor_ = torch.arange(6, dtype=torch.float64).reshape(2, 3)
        self.hashes_ = np.array([2**64 - 1, 0], np.uint64)
        self.flags_ = np.array([True, False])
        self.half_ = np.zeros((0, 3), np.float16)
        self.big_endian_ = np.arange(3, dtype=">i4")
        self.reversed_ = np.arange(6)[::-2]
        self.scalar_ = np.float32(0.1)
        self.single_ = np.array(7, np.int8)
        self.number_, self.text_, self.truth_, self.nothing_ = -0.0, "ü\n\0", True, None
        self.curve_ = [{"epoch": 1.0, "loss": float("nan")}, {"epoch": 2.0, "loss": -np.inf}]
        self.curve_[1]["loss"] = float("-inf")
        self.nested_ = {"a": [1, 2.5, None, {"b": []}]}
        self.table_ = pl.DataFrame({"k": [1, 2], "v": [0.5, None]})
        self.other_ = train.histories.take([3, 1])

    def _scores(self, users):
        return np.asarray(users.matrix() @ self.order_, np.float32) * np.float32(self.strength)


def test_an_own_class_with_all_kinds_of_state(log, tmp_path):
    model = Mine(strength=0.1, names=("x", "y")).fit(log)
    folder = save(model, tmp_path / "mine")
    restored = restore(folder, model=Mine)
    assert_same(model, restored)
    assert_same(model, restore(folder, model=[Popular, Mine]))
    assert restored.names == ("x", "y")
    for name, value in model.fitted_state().items():
        kept = getattr(restored, name)
        if sparse.issparse(value):
            for part in ("data", "indices", "indptr"):
                one, other = getattr(value, part), getattr(kept, part)
                assert one.dtype == other.dtype
                assert np.array_equal(one, other)
            assert kept.shape == value.shape
        elif isinstance(value, torch.Tensor):
            assert torch.equal(kept, value)
            assert kept.dtype == value.dtype
        elif isinstance(value, np.ndarray | np.generic):
            assert type(kept) is type(value)
            assert kept.dtype == value.dtype.newbyteorder("=")
            assert np.array_equal(kept, value, equal_nan=value.dtype.kind == "f")
    assert restored.order_.flags.f_contiguous
    assert not restored.order_.flags.c_contiguous
    assert str(restored.number_) == "-0.0"
    assert (restored.text_, restored.truth_, restored.nothing_) == ("ü\n\0", True, None)
    assert np.isnan(restored.curve_[0]["loss"])
    assert restored.curve_[1] == model.curve_[1]
    assert restored.nested_ == model.nested_
    assert restored.table_.equals(model.table_)
    assert np.array_equal(restored.other_.items, model.other_.items)
    assert restored.other_.users.tolist() == [3, 1]


def test_a_sparse_matrix_with_room_to_grow(log, tmp_path):
    model = Mine().fit(log)
    indptr = np.array([0, 2, 2, 3], np.int64)
    model.sparse_ = sparse.csr_array((np.ones(5), np.arange(5), indptr), shape=(3, 9))
    kept = restore(save(model, tmp_path / "it"), model=Mine).sparse_
    assert np.array_equal(kept.toarray(), model.sparse_.toarray())


@pytest.mark.parametrize("rating", [np.nan, np.inf, 1e20])
def test_ratings_beyond_all_scales_are_refused(rating, log, tmp_path):
    model = Popular().fit(log)
    ratings = model.histories_.ratings.copy()
    ratings[-1] = rating
    model.histories_ = replace(model.histories_, ratings=ratings)
    with pytest.raises(BundleError, match="histories_ has a rating that is no number"):
        save(model, tmp_path / "it")


def test_histories_of_wrong_types_are_named(log, tmp_path):
    model = Popular().fit(log)
    model.histories_ = replace(model.histories_, times=model.histories_.times.astype(float))
    with pytest.raises(BundleError, match=r"'histories_'.* its times are float64"):
        save(model, tmp_path / "it")
    model.histories_ = replace(log.histories, n_items=99)
    with pytest.raises(BundleError, match="histories_: it counts other items"):
        save(model, tmp_path / "it")


def test_an_own_class_must_be_given(log, tmp_path):
    folder = save(Mine().fit(log), tmp_path / "mine")
    with pytest.raises(BundleError, match="model=Mine"):
        restore(folder)
    with pytest.raises(BundleError, match="model=Mine"):
        restore(folder, model=EASE)
    folder = save(Popular().fit(log), tmp_path / "popular")
    with pytest.raises(BundleError, match="of the class Popular, not Mine"):
        restore(folder, model=Mine)
    assert isinstance(restore(folder, model=Popular), Popular)


class Bare(Mine):
    """Takes a target, but not the text of one."""

    aim: Target = Like(4)


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("set_", {1, 2}, "holds a set"),
        ("tuple_", (1, 2), "holds a tuple"),
        ("deep_", [[1, [object()]]], "holds a object"),
        ("keys_", {1: 2}, "keys"),
        ("dollar_", {"$float": "nan"}, "keys"),
        ("huge_", 2**64, "64 bits"),
        ("texts_", np.array(["a"]), "only whole, real and truth"),
        ("objects_", np.array([{}]), "only whole, real and truth"),
        ("complex_", np.ones(2, complex), "only whole, real and truth"),
        ("masked_", np.ma.masked_array([1], [True]), "masked"),
        ("csc_", sparse.csc_array(np.eye(2)), "csr_array alone"),
        ("matrix_", sparse.csr_matrix(np.eye(2)), "csr_array alone"),
        ("brain_", torch.ones(2, dtype=torch.bfloat16), "bfloat16"),
        ("sparse_tensor_", torch.eye(2).to_sparse(), "dense"),
        ("function_", len, "holds a builtin"),
        ("größe_", 1, "ASCII"),
        ("surrogate_", "\ud800", "not Unicode"),
        ("frame_", pl.DataFrame({"a": [object()]}, schema={"a": pl.Object}), "cast it to String"),
        ("loop_", [], "nested too deeply"),
    ],
)
def test_what_cannot_be_kept_is_named(attribute, value, words, log, tmp_path):
    model = Mine().fit(log)
    if attribute == "loop_":
        value.append(value)
    setattr(model, attribute, value)
    with pytest.raises(BundleError, match=words) as caught:
        save(model, tmp_path / "it")
    if attribute != "surrogate_":
        assert attribute in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_parameters_that_cannot_be_kept(log, tmp_path):
    model = Mine().fit(log)
    model.names = ({1},)
    with pytest.raises(BundleError, match="'names'"):
        save(model, tmp_path / "it")
    with pytest.raises(BundleError, match="its own parameters"):
        save(Bare().fit(log), tmp_path / "it")
    with pytest.raises(NotFittedError):
        save(Popular(), tmp_path / "it")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_what_other_tools_can_read(folder, log):
    assert {p.name for p in folder.iterdir()} == {"manifest.json", ARRAYS, "card.md"}
    arrays = load_file(folder / ARRAYS)
    assert arrays["weights_"].dtype == np.float32
    assert arrays["histories_.items"].tolist() == log.histories.items.tolist()
    content = json.loads((folder / "manifest.json").read_text())
    assert describe(folder) == {k: v for k, v in content.items() if k != "sha256"}
    assert content["model"] == {"name": "ease", "class": "EASE"}
    assert content["parameters"]["l2"] == 10.0
    assert content["training"]["fingerprint"] == log.fingerprint
    assert content["training"]["events"] == len(log)
    assert content["training"]["known_items"] == 24
    assert content["training"]["items"] == 22
    assert content["training"]["first"] == "2021-03-01T00:00:00"
    assert {"penchant", "torch", "numpy", "polars"} <= content["versions"].keys()
