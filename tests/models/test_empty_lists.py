"""Users for whom nothing is left, by name and with the reason."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.vocabulary import Vocabulary
from penchant.like_lists import likes
from penchant.models import EASE, make
from penchant.models.empty_lists import EmptyList, empty_lists, report_empty_lists


@pytest.fixture(scope="module")
def model():
    had = {"a": "xy", "b": "x", "d": "xyz", "e": "zxy"}
    pairs = [(user, item) for user, items in had.items() for item in items]
    return EASE(l2=1.0).fit(Dataset.from_frame(pl.DataFrame(pairs, ["user", "item"], orient="row")))


AGAIN = "(repeats='allowed' or --repeats allowed lists them again)"


def test_a_user_who_has_had_every_item_is_named_once(model, caplog):
    found = model.recommend(["d", "a"])
    assert found.columns == ["user", "item", "rank", "score", "fallback"]
    assert found["user"].to_list() == ["a"]
    assert caplog.messages == [f"User d: all 3 items are in the history {AGAIN}."]
    assert caplog.records[0].levelname == "WARNING"


@pytest.mark.parametrize(
    ("users", "options", "messages"),
    [
        (None, {}, [f"2 users without a list (d, e): all 3 items are in the history {AGAIN}."]),
        (["d"], {"repeats": "allowed"}, []),
        (["a", "b"], {}, []),
        (
            ["a", "b"],
            {"candidates": ["x"]},
            [
                "2 users without a list (a, b): the one item to choose from is in the history "
                "(repeats='allowed' or --repeats allowed lists it again)."
            ],
        ),
        (["b"], {"candidates": []}, ["User b: there is no item to choose from."]),
    ],
)
def test_who_has_no_list_and_why(model, caplog, users, options, messages):
    model.recommend(users, **options)
    assert caplog.messages == messages


def test_somebody_new_has_no_name(model, caplog):
    model.recommend(model.history(["x", "y", "z"]))
    assert caplog.messages == [
        f"Someone with this history: all 3 items are in the history {AGAIN}."
    ]


def test_items_that_a_model_never_recommends(caplog, model, monkeypatch):
    monkeypatch.setattr(type(model), "_scores", lambda _, users: np.full((len(users), 3), -np.inf))
    assert not len(model.recommend(["b"]))
    assert caplog.messages == ["User b: the model recommends none of what is left."]


def test_likes_name_who_has_none(caplog):
    rows = [("a", "x", 5.0), ("a", "y", 1.0), ("b", "x", 4.0), ("b", "y", 2.0), ("b", "z", 5.0)]
    frame = pl.DataFrame(rows, ["user", "item", "rating"], orient="row")
    model = make("user-majority").fit(Dataset.from_frame(frame))
    assert likes(model)["user"].to_list() == ["a"]
    assert caplog.messages == [f"User b: all 3 items are in the history {AGAIN}."]


def test_a_message_names_three_users(caplog):
    empty = [EmptyList(n, None if n else "a", "nothing is left") for n in range(1200)]
    report_empty_lists(empty, 1200)
    assert caplog.messages == [
        "1,200 users without a list (a, history 1, history 2 and 1,197 more): nothing is left."
    ]


@given(
    st.lists(st.lists(st.integers(0, 4), max_size=8), min_size=1, max_size=5),
    st.none() | st.sets(st.integers(0, 4), min_size=1),
    st.sampled_from(["excluded", "allowed"]),
)
def test_the_reason_is_the_history_where_it_has_all(had, chosen, repeats):
    histories = Histories(
        users=np.arange(len(had), dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum([len(items) for items in had])]).astype(np.int64),
        items=np.array([item for items in had for item in items], np.int32),
        ratings=None,
        times=None,
        n_items=5,
    )
    users = Vocabulary([f"u{n}" for n in range(len(had))], noun="user")
    indices = None if chosen is None else np.array(sorted(chosen), np.int32)
    found = empty_lists(
        users, histories, range(len(had)), indices, repeats=repeats, otherwise="other"
    )
    wanted = set(range(5)) if chosen is None else chosen
    assert [each.user for each in found] == [f"u{n}" for n in range(len(had))]
    for each, items in zip(found, had, strict=True):
        assert (each.reason != "other") == (repeats == "excluded" and wanted <= set(items))
