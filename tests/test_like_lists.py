"""Which unseen items are said to be liked, against the models' own predictions."""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.errors import NotFittedError, ParameterError, PenchantError, UnknownIdError
from penchant.like_lists import likes, likes_in_parts
from penchant.models import make
from penchant.testing import planted_attributes
from penchant.topk import tie_order

SPECS = (
    "per-user:epochs=10,learning_rate=0.01",
    "attribute-network:epochs=4,batch_size=64",
    "dot:target=like>=4,dim=4,epochs=4,batch_size=64",
    "dot:target=like>=4,loss=mse,dim=4,epochs=15,batch_size=32,learning_rate=0.05,l2=0",
    "majority:threshold=3",
    "user-majority",
)


@pytest.fixture(scope="module")
def log():
    return planted_attributes(n_users=20, n_items=30, per_user=10)


@pytest.fixture(scope="module")
def model(log):
    return make("attribute-network:epochs=40,batch_size=32,learning_rate=0.01").fit(log)


@pytest.mark.parametrize("spec", SPECS)
def test_every_unseen_item_once_by_its_chance(spec, log):
    model = make(spec).fit(log)
    found = likes(model, [7, 3])
    assert found["user"].unique(maintain_order=True).to_list() == [7, 3]
    everything, order = np.arange(log.n_items, dtype=np.int32), tie_order(log.n_items)
    for user in (7, 3):
        mine = found.filter(user=user)
        history = model.histories_of([user])
        chance = model.predict(Rows(history, np.zeros_like(everything), everything))
        items = model.items_.indices(mine["item"])
        expected = np.setdiff1d(everything, history.items)
        assert sorted(items) == sorted(expected)
        chances = mine["chance"].to_numpy()
        np.testing.assert_allclose(chances, chance[items].clip(0, 1), atol=1e-6)
        keys = list(zip(-chances, order[items], strict=True))
        assert keys == sorted(keys)
        assert mine["rank"].to_list() == list(range(1, len(items) + 1))
        np.testing.assert_array_equal(mine["like"], chances >= 0.5)
        sure = np.where(chances >= 0.5, chances, 1 - chances)
        np.testing.assert_array_equal(mine["confidence"], sure)
        assert mine["title"].to_list() == log.titles(items)


def test_chances_come_from_what_was_planted(log, model):
    found = likes(model, repeats="allowed")
    rated = log.frame().select("user", "item", "rating")
    joined = found.join(rated, on=["user", "item"]).filter(pl.col("rating") != 3)
    assert ((joined["rating"] >= 4) == joined["like"]).mean() > 0.65


def test_the_surest_likes_and_dislikes(model):
    whole = likes(model)
    some = likes(model, k=3)
    assert some.filter("like").group_by("user").len()["len"].max() == 3
    for user in some["user"].unique():
        mine = whole.filter(user=user)
        expected = pl.concat([mine.filter("like").head(3), mine.filter(~pl.col("like")).tail(3)])
        assert some.filter(user=user).equals(expected)
    best = likes(model, k=3, dislikes=False)
    assert best.equals(some.filter("like"))
    assert likes(model, dislikes=False).equals(whole.filter("like"))


def test_another_threshold(model):
    whole = likes(model, [3])
    strict = likes(model, [3], threshold=0.7)
    assert strict.drop("like", "confidence").equals(whole.drop("like", "confidence"))
    assert strict["like"].to_list() == (whole["chance"] >= 0.7).to_list()
    assert strict["like"].sum() < whole["like"].sum()


def test_a_threshold_of_ratings_is_none_of_chances(log):
    model = make("majority:threshold=2").fit(log)
    assert model.threshold_ == 2
    assert likes(model, [3])["like"].all()


def test_histories_of_somebody_new(model):
    first, second = model.history([1, 2, 3], [5, 1, 4]), model.history([])
    found = likes(model, first)
    assert found.columns[0] == "history"
    assert found["history"].unique().to_list() == [0]
    assert not set(found["item"]) & {1, 2, 3}
    assert len(likes(model, second)) == 30
    known = likes(model, model.histories_of([3, 7]), k=2)
    assert known.drop("history").equals(likes(model, [3, 7], k=2).drop("user"))


def test_further_columns(log, model):
    found = likes(model, [3])
    table = model.item_table_.rename({"title": "t"})
    joined = found.join(table.select("item", pl.col("genres").alias("g")), on="item")
    assert joined["genres"].equals(joined["g"], check_names=False)
    assert "year" not in found.columns
    dated = log.item_table.with_columns(year=pl.lit(1950) + pl.int_range(pl.len()))
    again = Dataset.from_frame(log.frame().drop("row"), item_table=dated, scale=(1, 5))
    years = likes(make("user-majority").fit(again), [3])
    assert (years["year"] - 1949 == years["item"]).all()
    bare = Dataset.from_frame(log.frame().drop("row"), scale=(1, 5))
    plain = likes(make("user-majority").fit(bare), [3])
    assert plain["title"].to_list() == plain["item"].cast(pl.String).to_list()
    assert "genres" not in plain.columns


@pytest.mark.parametrize("k", [None, 2])
def test_parts_make_up_the_whole(log, monkeypatch, k):
    model = make(SPECS[2]).fit(log)  # computes each row by itself, so that nothing is rounded
    whole = likes(model, k=k)
    for rows, n_parts in ((1, 20), (70, 10)):
        monkeypatch.setattr(sys.modules["penchant.like_lists"], "_ROWS", rows)
        parts = list(likes_in_parts(model, k=k))
        assert len(parts) == n_parts
        assert pl.concat(parts).equals(whole)
        histories = pl.concat(likes_in_parts(model, model.histories_of(), k))
        assert histories["history"].unique().to_list() == list(range(20))
        assert histories.drop("history").equals(whole.drop("user"))


def test_nobody_and_somebody_who_has_had_everything(log, model):
    none = likes(model, [])
    assert none.height == 0
    assert none.schema == likes(model, [3]).schema
    everything = model.history(model.items_.ids.to_list(), [4.0] * len(model.items_))
    assert likes(model, everything).height == 0
    assert likes(model, everything, repeats="allowed").height == log.n_items


def test_refusals(log, model):
    with pytest.raises(NotFittedError):
        likes(make("user-majority"), [3])
    for spec in ("popular", "dot:epochs=1", "dot:epochs=1,target=interaction", "bias"):
        with pytest.raises(ParameterError, match="such as per-user") as refusal:
            likes(make(spec).fit(log), [3])
    named = str(refusal.value).split("such as ")[1].rstrip(".").replace(" or ", ", ").split(", ")
    for spec in named:
        options = "" if "majority" in spec else f"{',' if ':' in spec else ':'}epochs=1"
        assert likes(make(spec + options).fit(log), [3]).height
    with pytest.raises(ParameterError, match="at least 1"):
        likes(model, [3], k=0)
    for threshold in (-0.1, 1.5, float("nan")):
        with pytest.raises(ParameterError, match="from 0 to 1"):
            likes(model, [3], threshold=threshold)
    with pytest.raises(UnknownIdError, match="999"):
        likes(model, [999])
    other = make("user-majority").fit(planted_attributes(n_users=8, n_items=12, per_user=4))
    with pytest.raises(ParameterError, match="own `history`"):
        likes(model, other.histories_of([3]))


def test_nan_is_refused(log):
    model = make("user-majority").fit(log)
    model.share_ = float("nan")
    with pytest.raises(PenchantError, match="NaN"):
        likes(model, model.history([1]))


def test_items_to_judge_are_chosen(model, caplog):
    every = likes(model, [7, 3], repeats="allowed")
    some = likes(model, [7, 3], repeats="allowed", candidates=[5, 2, 9, 999], exclude=[9])
    wanted = every.filter(pl.col("item").is_in([2, 5])).drop("rank")
    assert some.drop("rank").equals(wanted)
    assert some["rank"].to_list() == [1, 2, 1, 2]
    assert caplog.messages == ["1 of the 4 candidates is not known and passed over: 999."]
    with pytest.raises(UnknownIdError, match="None of the candidates is known: 999"):
        likes(model, [7], candidates=[999])
