"""Lists of any model: for whom they can be asked, and from which items they are made."""

from __future__ import annotations

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import ParameterError, UnknownIdError
from penchant.models import EASE


@pytest.fixture(scope="module")
def model():
    pairs = [(u, i) for u, items in (("a", "xyz"), ("b", "xyw"), ("c", "xw")) for i in items]
    return EASE(l2=1.0).fit(Dataset.from_frame(pl.DataFrame(pairs, ["user", "item"], orient="row")))


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


def test_items_are_left_out(model, caplog):
    every = model.recommend(["a", "c"], k=9)
    some = model.recommend(["a", "c"], k=9, exclude=["w", "new"])
    assert some.drop("rank").equals(every.filter(pl.col("item") != "w").drop("rank"))
    assert caplog.messages == [
        "1 of the 2 items to exclude is not known and passed over: 'new'.",
        "User a: all 3 items to choose from are in the history (exclude_seen=False or "
        "--include-seen lists them again).",
    ]
    seen = model.recommend(["a"], k=9, exclude=pl.Series(["w"]), exclude_seen=False)
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
