from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.testing import planted_ratings


@pytest.fixture(scope="module")
def log():
    return planted_ratings()


@pytest.fixture(scope="module")
def named():
    """Ids that are words, and times."""
    frame = pl.DataFrame(
        {
            "user": ["ann", "ann", "bob"],
            "item": ["x", "y", "x"],
            "rating": [5.0, 3.0, 4.0],
            "time": [datetime(2020, 1, day) for day in (1, 2, 3)],
        }
    )
    return Dataset.from_frame(frame)


def from_module(name: str, **attributes: Any) -> Any:
    """An object as another library has it."""
    return type("Dataset", (SimpleNamespace,), {"__module__": name})(**attributes)


def events(log: Dataset) -> list[tuple[Any, ...]]:
    columns = [c for c in ("user", "item", "rating", "weight", "time") if c in log.frame().columns]
    return sorted(log.frame().select(columns).rows())


@pytest.mark.parametrize(
    ("library", "columns"),
    [
        ("pandas", ["user", "item", "rating", "time"]),
        ("surprise", ["user", "item", "rating"]),
        ("lenskit", ["user_id", "item_id", "rating", "timestamp"]),
        ("rectools", ["user_id", "item_id", "weight", "datetime"]),
    ],
)
def test_frames_have_the_names_of_each_library(named, library, columns):
    frame = pn.to_library(named, library)
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == columns
    assert frame.iloc[:, 0].tolist() == ["ann", "ann", "bob"]
    assert frame.iloc[:, 2].tolist() == [5, 3, 4]
    if library in ("pandas", "lenskit", "rectools"):
        assert frame.iloc[2, 3] == pd.Timestamp(2020, 1, 3)


def test_frames_come_back(named):
    assert events(pn.from_library(pn.to_library(named, "pandas"))) == events(named)
    assert events(pn.from_library(named.frame())) == events(named)


def test_rectools_gets_weights_and_times_where_there_are_none():
    bare = Dataset.from_frame(pl.DataFrame({"user": [1, 2], "item": [3, 3]}))
    frame = pn.to_library(bare, "rectools")
    assert frame["weight"].tolist() == [1, 1]
    assert frame["datetime"].is_monotonic_increasing


def test_cornac_gets_tuples(named, log):
    assert pn.to_library(named, "cornac")[0] == ("ann", "x", 5.0, 1577836800)
    assert len(pn.to_library(log, "cornac")[0]) == (4 if log.has_times else 3)


def test_what_is_no_library_and_no_log(named):
    with pytest.raises(ParameterError, match="library is one of"):
        pn.to_library(named, "sklearn")
    with pytest.raises(DataError, match="is no log that is known"):
        pn.from_library(object())
    bare = Dataset.from_frame(pl.DataFrame({"user": [1], "item": [3]}))
    with pytest.raises(DataError, match="Surprise predicts ratings"):
        pn.to_library(bare, "surprise")


def test_logs_of_surprise(named):
    raw = [(u, i, r, t.timestamp()) for u, i, r, t in _rows(named)]
    data = from_module("surprise.dataset", raw_ratings=raw)
    assert [row[:3] for row in events(pn.from_library(data))] == [r[:3] for r in events(named)]
    train = from_module(
        "surprise.trainset",
        all_ratings=lambda: iter([(0, 1, 5.0), (1, 0, 2.0)]),
        to_raw_uid=["ann", 7].__getitem__,
        to_raw_iid=["x", "y"].__getitem__,
    )
    assert events(pn.from_library(train)) == [("7", "x", 2.0), ("ann", "y", 5.0)]


def test_logs_of_cornac():
    data = from_module(
        "cornac.data.dataset",
        uir_tuple=(np.array([0, 1]), np.array([1, 0]), np.array([4.0, 2.0])),
        uid_map={"a": 0, "b": 1},
        iid_map={"x": 0, "y": 1},
        timestamps=np.array([0, 86_400]),
    )
    assert events(pn.from_library(data)) == [
        ("a", "y", 4.0, datetime(1970, 1, 1)),
        ("b", "x", 2.0, datetime(1970, 1, 2)),
    ]


def test_logs_of_rectools_and_lenskit():
    frame = pd.DataFrame(
        {
            "user_id": [10, 20],
            "item_id": [1, 2],
            "weight": [1.0, 3.0],
            "datetime": pd.to_datetime(["2021-01-01", "2021-01-02"]),
        }
    )
    data = from_module("rectools.dataset.dataset", get_raw_interactions=lambda: frame)
    assert events(pn.from_library(data))[1] == (20, 2, 3.0, datetime(2021, 1, 2))
    rated = pd.DataFrame({"user_id": [1], "item_id": [2], "rating": [4.5], "timestamp": [86_400]})
    data = from_module(
        "lenskit.data.dataset", interaction_table=lambda *, format, original_ids: rated
    )
    assert events(pn.from_library(data)) == [(1, 2, 4.5, datetime(1970, 1, 2))]


def test_logs_of_recbole():
    tokens = {"user_id": ["[PAD]", "1", "2"], "item_id": ["[PAD]", "07", "8"]}
    data = from_module(
        "recbole.data.dataset.dataset",
        inter_feat={
            "user_id": [1, 2],
            "item_id": [2, 1],
            "rating": [3.0, 4.0],
            "timestamp": [0, 1],
        },
        id2token=lambda field, ids: np.array(tokens[field])[ids],
        uid_field="user_id",
        iid_field="item_id",
        config={"RATING_FIELD": "rating"},
        time_field="timestamp",
    )
    # A leading zero is part of an id, so that all of them stay text.
    times = [datetime(1970, 1, 1, second=second) for second in (0, 1)]
    assert events(pn.from_library(data)) == [(1, "8", 3.0, times[0]), (2, "07", 4.0, times[1])]


class Prediction(NamedTuple):
    """As Surprise has it."""

    uid: object
    iid: object
    r_ui: float | None
    est: float
    details: dict[str, object]


def test_predictions():
    found = pn.predictions_from([Prediction("ann", "x", 4.0, 3.5, {"was_impossible": False})])
    assert found.rows() == [("ann", "x", 3.5, 4.0)]
    assert found.columns == ["user", "item", "prediction", "rating"]
    unrated = [Prediction("ann", "x", None, 3.5, {"was_impossible": False})]
    assert pn.predictions_from(unrated).rows() == [("ann", "x", 3.5)]
    table = pd.DataFrame({"user_id": [1, 2], "item_id": [5, 6], "score": [0.5, np.nan]})
    collection = SimpleNamespace(to_df=lambda: table)
    for result in (table, collection, pl.from_pandas(table)):
        found = pn.predictions_from(result)
        assert found.columns == ["user", "item", "prediction"]
        assert found["item"].to_list() == [5, 6]
    rated = pn.predictions_from(table.assign(rating=[4.0, 2.0]))
    assert rated["rating"].to_list() == [4.0, 2.0]
    with pytest.raises(DataError, match="no prediction column among"):
        pn.predictions_from(pd.DataFrame({"user": [1], "item": [2]}))
    with pytest.raises(DataError, match="is no table of results"):
        pn.predictions_from(3)


def test_predictions_with_their_ratings_are_judged_as_they_come():
    given = [Prediction(n % 9, n, float(n % 5), n % 5 + 0.5, {}) for n in range(90)]
    judged = pn.evaluate_predictions(pn.predictions_from(given), ["mae"], replicates=100)
    assert [entry.name for entry in judged.entries] == ["prediction"]
    assert judged["prediction"].metrics["mae"].value == pytest.approx(0.5)


def test_lists():
    expected = [(1, 30, 1), (1, 10, 2), (2, 20, 1)]
    by_rank = pd.DataFrame({"user_id": [2, 1, 1], "item_id": [20, 10, 30], "rank": [1, 2, 1]})
    by_score = pd.DataFrame({"user": [1, 1, 2], "item": [10, 30, 20], "score": [0.1, 0.9, 0.5]})
    by_line = pl.DataFrame({"user": [1, 1, 2], "item": [30, 10, 20]})
    rows = np.array([[30, 10], [20, -1]])
    for result in (by_rank, by_score, by_line, {1: [30, 10], 2: [20]}):
        assert pn.lists_from(result).rows() == expected
    assert pn.lists_from(rows, users=[1, 2]).rows() == expected
    tokens = np.array(["[PAD]", "a", "b"])
    found = pn.lists_from(np.array([[2, 1]]), users=["ann"], items=tokens)
    assert found.rows() == [("ann", "b", 1), ("ann", "a", 2)]


def test_what_is_no_list():
    with pytest.raises(ParameterError, match="say in users"):
        pn.lists_from(np.zeros((2, 3), int))
    with pytest.raises(DataError, match="is no lists"):
        pn.lists_from([1, 2])
    with pytest.raises(ParameterError, match="leave users away"):
        pn.lists_from(pd.DataFrame({"user": [1], "item": [1]}), users=[1])


def test_an_audit_takes_them(log):
    split = pn.split_random(log, validation=0)
    lists = {user: [0, 1, 2] for user in split.log.users.take(split.test.histories.users)}
    found = pn.audit(split, lists={"same for all": pn.lists_from(lists)})
    assert found["same-list"].level == "wrong" or found["same-list"].level == "doubtful"


def _rows(log: Dataset) -> list[tuple[Any, ...]]:
    return log.frame().select("user", "item", "rating", "time").rows()
