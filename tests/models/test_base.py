"""Lists of any model: for whom they can be asked, and from which items they are made."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from penchant.data.dataset import Dataset
from penchant.errors import ParameterError, PenchantError, UnknownIdError
from penchant.models import EASE, make


@pytest.fixture(scope="module")
def log():
    pairs = [(u, i) for u, items in (("a", "xyz"), ("b", "xyw"), ("c", "xw")) for i in items]
    return Dataset.from_frame(pl.DataFrame(pairs, ["user", "item"], orient="row"))


@pytest.fixture(scope="module")
def model(log):
    return EASE(l2=1.0).fit(log)


@pytest.mark.parametrize("method", ["recommend", "histories_of", "history", "similar_items"])
@pytest.mark.parametrize("ids", ["ab", 42])
def test_a_single_id_is_refused(model, method, ids):
    noun = "user" if method in ("recommend", "histories_of") else "item"
    with pytest.raises(ParameterError, match=f"Give a list of {noun} ids: \\[{ids!r}\\] instead"):
        getattr(model, method)(ids)


@pytest.mark.parametrize("argument", ["candidates", "exclude"])
def test_a_single_item_is_refused_as_a_choice(model, argument):
    with pytest.raises(ParameterError, match=r"Give a list of item ids: \['x'\] instead of 'x'"):
        model.recommend(["a"], **{argument: "x"})


@pytest.mark.parametrize("k", [0, 2.5, 2.0, True, "2", None])
def test_lists_have_a_whole_number_of_items(model, k):
    words = f"k, the length of a list, must be a whole number of at least 1, not {k!r}"
    for make_lists in (lambda: model.recommend(k=k), lambda: model.similar_items(["x"], k=k)):
        with pytest.raises(ParameterError, match=words):
            make_lists()
    assert len(model.similar_items(["x"], k=np.int64(2))) == 2


def test_items_are_left_out(model, caplog):
    every = model.recommend(["a", "c"], k=9)
    some = model.recommend(["a", "c"], k=9, exclude=["w", "new"])
    assert some.drop("rank").equals(every.filter(pl.col("item") != "w").drop("rank"))
    assert caplog.messages == [
        "1 of the 2 items to exclude is not known and passed over: 'new'.",
        "User a: all 3 items to choose from are in the history (repeats='allowed' or "
        "--repeats allowed lists them again).",
    ]
    seen = model.recommend(["a"], k=9, exclude=pl.Series(["w"]), repeats="allowed")
    assert sorted(seen["item"]) == ["x", "y", "z"]
    one = model.recommend(["a", "c"], k=9, candidates=["w", "z"], exclude=["w"])
    assert one.select("user", "item").rows() == [("c", "z")]


def test_unknown_candidates_are_passed_over_unless_all_are(model, caplog):
    assert model.recommend(["c"], candidates=["new", "z"])["item"].to_list() == ["z"]
    assert caplog.messages == ["1 of the 2 candidates is not known and passed over: 'new'."]
    with pytest.raises(UnknownIdError, match="None of the candidates is known: 'new'"):
        model.recommend(["c"], candidates=["new"])


def test_similar_items_of_several_items(model):
    both = model.similar_items(["x", "z"], 2)
    one = pl.concat([model.similar_items([item], 2) for item in ("x", "z")])
    assert both.equals(one)
    with pytest.raises(UnknownIdError, match="does not know the items 'p', 'q'"):
        model.similar_items(["p", "x", "q"])


@pytest.mark.parametrize("name", ["ease", "item-knn", "content-ease", "ials:epochs=3"])
def test_items_of_which_nothing_is_known_are_not_similar(name, caplog):
    """Items without events, whose similarities are all 0, are like none, and none is like them."""
    table = pl.DataFrame({"item": ["x", "y", "z", "new", "newer"], "title": [*"XYZNM"]})
    rows = [(u, i) for u, items in (("a", "xy"), ("b", "xyz"), ("c", "yz")) for i in items]
    frame = pl.DataFrame(rows, ["user", "item"], orient="row")
    model = make(name).fit(Dataset.from_frame(frame, item_table=table))
    caplog.clear()
    found = model.similar_items(["x", "new", "newer"], 4)
    assert set(found["item"]) == {"x"}
    assert not set(found["similar"]) & {"x", "new", "newer"}
    assert caplog.messages == [
        "Items new, newer: the model knows of nothing alike.",
    ]


def test_new_weights_and_new_popularity_replace_what_was_computed_of_the_old(model):
    """A second fit, and a model whose arrays are exchanged, must not answer from the first."""
    pairs = [
        (u, i) for u, items in (("a", "wz"), ("b", "wz"), ("c", "x"), ("d", "y")) for i in items
    ]
    other = Dataset.from_frame(pl.DataFrame(pairs, ["user", "item"], orient="row"))
    again = model.clone().fit(other)
    expected = again.recommend(["a", "c"], k=3)
    again.fit(Dataset.from_frame(pl.DataFrame({"user": ["a", "b"], "item": ["z", "y"]})))
    again.recommend(["a"], k=3)
    assert again.fit(other).recommend(["a", "c"], k=3).equals(expected)


def test_a_place_without_evidence_has_no_score(model):
    new = model.recommend(model.history([]), k=2)
    assert new.columns == ["history", "item", "rank", "score", "fallback"]
    assert new["fallback"].to_list() == [True, True]
    assert new["score"].to_list() == [None, None]
    assert new.schema["score"] == pl.Float32
    known = model.recommend(["c"], k=1)
    assert known["fallback"].to_list() == [False]
    assert known["score"].null_count() == 0


def test_lists_of_few_users_leave_the_number_of_threads_alone(model):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model.recommend(["a"], k=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


class PaddedEASE(EASE):
    """With a column too many, as of an item that fills up short sequences."""

    def _scores(self, users):
        scores = super()._scores(users)
        return np.concatenate([scores, np.full((len(scores), 1), -9, np.float32)], axis=1)


def test_scores_of_another_shape_are_refused(log):
    padded = PaddedEASE(l2=1.0).fit(log)
    wanted = r"PaddedEASE gave scores of shape \(3, 5\) for 3 users and 4 items: _scores is to give"
    with pytest.raises(PenchantError, match=wanted):
        padded.recommend(["a", "b", "c"])
