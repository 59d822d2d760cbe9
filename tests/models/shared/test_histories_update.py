"""Models that read new events in histories, with the weights that they have."""

from __future__ import annotations

import logging

import numpy as np
import polars as pl
import pytest

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.models import make

SMALL = "dim=8,epochs=2,batch_size=64"
SPECS = (
    f"gru4rec:{SMALL},hidden=8",
    f"sasrec:{SMALL},scale=10,negatives=none",
    f"sr-gnn:{SMALL},negatives=4",
    f"fpmc:{SMALL}",
    f"lightgcn:{SMALL}",
)
NEWCOMER, NEW_ITEM = 99, -1


def _log(rows: list[tuple[int, int]], start: int) -> Dataset:
    frame = pl.DataFrame(rows, ["user", "item"], orient="row")
    times = pl.Series("time", [3_600_000_000 * (start + n) for n in range(len(rows))])
    return Dataset.from_frame(frame.with_columns(times.cast(pl.Datetime("us"))))


@pytest.fixture(scope="module")
def log() -> Dataset:
    rng = np.random.default_rng(0)
    return _log([(int(u), int(i)) for u, i in rng.integers(0, 12, (150, 2))], 0)


@pytest.mark.parametrize("spec", SPECS)
def test_scores_are_those_of_the_longer_histories(spec: str, log: Dataset, tmp_path) -> None:
    model = make(spec).fit(log)
    weights = {
        name: value
        for name, value in model.fitted_state().items()
        if name not in model.bookkeeping and isinstance(value, np.ndarray)
    }
    old = model.histories_of([3])
    items = [*model.items_.take(old.items).to_list(), 5, 7]
    known = model.history(items)
    known = known.select(old.users, known.offsets, slice(None))
    expected = model.scores(known)
    of_new = model.scores(model.history([2, 9]))
    model.update(_log([(3, 5), (3, 7), (NEWCOMER, 2), (NEWCOMER, 9)], 1000))
    assert model.update_kind == "histories"
    np.testing.assert_allclose(model.scores(model.histories_of([3])), expected, atol=1e-5)
    np.testing.assert_allclose(model.scores(model.histories_of([NEWCOMER])), of_new, atol=1e-5)
    for name, value in weights.items():
        assert np.array_equal(getattr(model, name)[: len(value)], value), name
    back = restore(save(model, tmp_path / "bundle"))
    np.testing.assert_array_equal(back.scores(back.histories_), model.scores(model.histories_))


@pytest.mark.parametrize("spec", SPECS)
def test_new_items_come_last_and_others_keep_their_places(spec, log, caplog) -> None:
    model = make(spec).fit(log)
    before = model.scores(model.history([4, 6]))[0]
    vectors = model.item_vectors()
    with caplog.at_level(logging.WARNING):
        model.update(_log([(3, NEW_ITEM), (3, 100), (NEWCOMER, 100)], 1000))
    assert "2 new items have no vector" in caplog.text
    assert "until it is fitted again" in caplog.text
    assert (model.items_[0], model.items_[len(model.items_) - 1]) == (NEW_ITEM, 100)
    scores = model.scores(model.history([4, 6]))[0]
    np.testing.assert_allclose(scores[1:-1], before, atol=1e-5)
    assert max(scores[0], scores[-1]) < scores[1:-1].min()
    np.testing.assert_array_equal(model.item_vectors()[1:-1], vectors)
    # What has no vector is not read.
    alone, ignored = model.history([4, 6]), model.history([100, 4, NEW_ITEM, 6])
    if not spec.startswith(("fpmc", "lightgcn")):  # where it counts for a place, or in a mean
        np.testing.assert_allclose(model.scores(ignored), model.scores(alone), atol=1e-5)
    assert np.isfinite(model.scores(ignored)).all()
    caplog.clear()
    model.update(_log([(3, NEW_ITEM)], 2000))
    assert not caplog.text


@pytest.mark.parametrize("spec", SPECS)
def test_popularity_answers_who_has_items_without_vectors_alone(spec, log) -> None:
    model = make(spec).fit(log)
    model.update(_log([(NEWCOMER, 100), (NEWCOMER + 1, 100), (NEWCOMER + 1, 4)], 1000))
    users = model.histories_of([NEWCOMER, NEWCOMER + 1, 3])
    assert model.has_evidence(users).tolist() == [False, True, True]
    assert model.has_evidence(model.history([100, 100])).tolist() == [False]
    assert model.has_evidence(model.history([])).tolist() == [False]
    lists = model.recommend([NEWCOMER], k=3)
    assert lists["fallback"].to_list() == [True] * 3
    assert lists["score"].null_count() == 3
    popularity = np.sort(np.delete(model.histories_.popularity, users.block(0, 1).items))
    found = model.histories_.popularity[model.items_.indices(lists["item"])]
    assert found.tolist() == popularity[::-1][:3].tolist()
