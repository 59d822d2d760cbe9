"""What networks of order do with logs and histories beyond the contract."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError, ParameterError
from penchant.explanation import explain
from penchant.models import make
from penchant.models.sequence.base import SequenceNetworkModel

NETWORKS = ("sasrec", "esasrec", "gru4rec", "sr-gnn")
SMALL = "dim=16,max_length=10,epochs=15,learning_rate=0.01,batch_size=100,dropout=0.1"
CYCLE = 12


def _frame(n_users: int = 40, length: int = 15) -> pl.DataFrame:
    """Users go round one circle of items, from different places."""
    rows = [
        {"user": user, "item": (user + step) % CYCLE, "time": step}
        for user in range(n_users)
        for step in range(length)
    ]
    return pl.DataFrame(rows).with_columns(pl.from_epoch("time", "d"))


def _fitted(name: str, more: str = "", log: Dataset | None = None) -> SequenceNetworkModel:
    model = make(f"{name}:{SMALL}{more}").fit(Dataset.from_frame(_frame()) if log is None else log)
    assert isinstance(model, SequenceNetworkModel)
    return model


def _next(model: SequenceNetworkModel, *items: int) -> int:
    found = model.recommend(model.history(list(items)), k=1, repeats="allowed")
    return int(found["item"][0])


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("sasrec", ",scale=10"),
        ("sasrec", ",negatives=none"),
        ("sasrec", ",negatives=none,precision=bfloat16"),
        ("sasrec", ",negatives=5,neighbours=2"),
        ("sasrec", ",negatives=5,ema_decay=0.5"),
        ("gru4rec", ",negatives=none,ema_decay=0.8"),
        ("gru4rec", ",negatives=none,neighbours=2,scale=10"),
        ("esasrec", ""),
        ("esasrec", ",negatives=5,heads=2"),
        ("esasrec", ",precision=bfloat16"),
        ("gru4rec", ",negatives=5,scale=10"),
        ("gru4rec", ",layers=2,cell=lstm"),
        ("sr-gnn", ""),
        ("sr-gnn", ",negatives=5,scale=none,steps=2"),
    ],
)
def test_the_next_item_of_a_circle_is_found(name: str, more: str) -> None:
    model = _fitted(name, more)
    assert [_next(model, n, (n + 1) % CYCLE) for n in range(CYCLE)] == [
        (n + 2) % CYCLE for n in range(CYCLE)
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_only_the_last_events_of_a_long_history_are_read(name: str) -> None:
    model = _fitted(name)
    rng = np.random.default_rng(0)
    last = [(3 + n) % CYCLE for n in range(10)]
    earlier = rng.integers(0, CYCLE, 10_000).tolist()
    long = Histories.of([*earlier, *last], n_items=len(model.items_))
    short = Histories.of(last, n_items=len(model.items_))
    np.testing.assert_allclose(model.scores(long), model.scores(short), rtol=1e-4, atol=1e-5)


def test_the_same_seed_gives_the_same_network() -> None:
    one, same, other = (_fitted("sasrec", f",seed={seed}") for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.item_vectors_, same.item_vectors_)
    assert not np.array_equal(one.item_vectors_, other.item_vectors_)


def test_reasons_name_the_last_event() -> None:
    model = _fitted("gru4rec")
    found = explain(model, model.history([2, 9, 4, 5]), 6)
    assert [reason.item for reason in found.reasons][:1] == [5]


def test_items_without_events_come_last_unless_labels_tell_of_them() -> None:
    table = pl.DataFrame(
        {
            "item": range(CYCLE + 1),
            "colour": [["red", "green", "blue"][n % 3] for n in range(CYCLE)] + ["blue"],
        }
    )
    log = Dataset.from_frame(_frame(), item_table=table)
    plain = _fitted("sasrec", log=log)
    users = plain.history([0, 1])
    assert plain.scores(users)[0].argmin() == CYCLE
    assert plain.item_vectors()[CYCLE].tolist() == [0] * 16
    labelled = _fitted("sasrec", ",attributes=true", log=log)
    order = np.argsort(-labelled.scores(labelled.history([0, 1]))[0]).tolist()
    assert order[0] % 3 == 2
    # Blue items come after green ones, and the new one is blue.
    assert order.index(CYCLE) < CYCLE // 2
    assert np.any(labelled.item_vectors()[CYCLE])


def test_attributes_need_labels() -> None:
    with pytest.raises(DataError, match="give an item table, or leave them out"):
        _fitted("sasrec", ",attributes=true")


def test_rare_items_are_helped_by_their_neighbours() -> None:
    rare = CYCLE + 1
    once = pl.DataFrame({"user": 99, "item": [4, rare, 5], "time": [0, 1, 2]})
    seen = once.with_columns(pl.from_epoch("time", "d"))
    log = Dataset.from_frame(pl.concat([_frame(), seen], how="vertical_relaxed"))
    near = []
    for more in ("", ",neighbours=4"):
        model = _fitted("sasrec", more + ",scale=10", log=log)
        vectors = model.item_vectors()
        place = model.items_.index(rare)
        near.append(vectors[place] @ vectors[[model.items_.index(n) for n in (4, 5)]].mean(0))
    assert near[1] > near[0]


def test_heads_divide_the_vectors() -> None:
    with pytest.raises(ParameterError, match="dim=10 cannot be divided among heads=4"):
        make("sasrec:dim=10,heads=4")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_log_of_single_events_is_answered_by_popularity(name: str) -> None:
    frame = pl.DataFrame({"user": range(6), "item": [0, 0, 0, 1, 1, 2]})
    model = _fitted(name, log=Dataset.from_frame(frame))
    assert model.curve_ == []
    assert model.recommend(model.history([]), k=2)["item"].to_list() == [0, 1]
