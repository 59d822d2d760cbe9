from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, VALIDATION
from penchant.data.splitting import split_cold_items
from penchant.errors import DataError, ParameterError
from penchant.models import EASE, ContentEASE, ItemKNN, Popular
from penchant.testing import planted_pairs


def log_of(items, times=None):
    columns = {"user": [n % 4 for n in range(len(items))], "item": items}
    if times is not None:
        columns["time"] = pl.Series(times, dtype=pl.Int64).cast(pl.Datetime("us"))
    return Dataset.from_frame(pl.DataFrame(columns))


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 30)), min_size=8, max_size=60),
    st.sampled_from(["time", "random"]),
    st.integers(0, 5),
)
def test_items_are_held_out_whole(events, order, seed):
    items, times = zip(*events, strict=True)
    log = log_of(list(items), list(times))
    try:
        split = split_cold_items(log, validation=0.2, test=0.3, order=order, seed=seed)
    except DataError:
        assert len(set(items)) < 4
        return
    side_of: dict[int, int] = {}
    for item, side in zip(items, split.sides.tolist(), strict=True):
        assert side_of.setdefault(item, side) == side
    held = list(side_of.values())
    assert held.count(TEST) == max(1, round(len(side_of) * 0.3))
    assert held.count(VALIDATION) == max(1, round(len(side_of) * 0.2))
    if order == "time":
        first = {i: min(t for j, t in events if j == i) for i in side_of}
        newest_trained = max(first[i] for i, side in side_of.items() if side == TRAIN)
        assert newest_trained <= min(first[i] for i, side in side_of.items() if side != TRAIN)


def test_the_pool_is_the_cold_items():
    log = planted_pairs()
    split = split_cold_items(log, validation=0.1, test=0.2, seed=3)
    for holdout, side in ((split.validation, VALIDATION), (split.test, TEST)):
        cold = np.unique(log.events["item"].to_numpy()[split.sides == side])
        assert holdout.item_pool.tolist() == cold.tolist()
        assert (split.train.item_counts[cold] == 0).all()
        assert holdout.subset(np.arange(len(holdout)) % 2 == 0).item_pool is holdout.item_pool
    assert split.fingerprint == split_cold_items(log, validation=0.1, test=0.2, seed=3).fingerprint
    assert split.fingerprint != split_cold_items(log, validation=0.1, test=0.2, seed=4).fingerprint


def log_of_tastes():
    """90 users who each take items of one of three genres, which the table of items tells."""
    rng = np.random.default_rng(3)
    rows = [
        (user, int(item))
        for user in range(90)
        for item in rng.choice(np.arange(user % 3, 60, 3), 12, replace=False)
    ]
    frame = pl.DataFrame(rows, schema=["user", "item"], orient="row")
    genres = [[["Drama"], ["Comedy"], ["Horror"]][item % 3] for item in range(60)]
    table = pl.DataFrame({"item": range(60), "genres": genres})
    return Dataset.from_frame(frame, item_table=table)


@pytest.fixture(scope="module")
def result():
    split = split_cold_items(log_of_tastes(), validation=0.1, test=0.2, seed=1)
    models = {"content": ContentEASE(l2=10), "ease": EASE(l2=10), "knn": ItemKNN()}
    return pn.evaluate(models, split, ["ndcg@5", "coverage@5"], replicates=200)


def test_metrics_among_cold_items_and_among_all(result):
    table = result.table()
    assert table.metrics == ("ndcg@5 (cold items)", "ndcg@5 (all items)", "coverage@5 (all items)")
    test = result.split.test
    for name, model in result.models.items():
        for metric, pool in (("(cold items)", test.item_pool), ("(all items)", None)):
            lists, _ = model.top_items(test.histories, 5, candidates=pool)
            values = []
            for position, places in enumerate(lists):
                wanted = test.items[test.offsets[position] : test.offsets[position + 1]]
                gain = sum(1 / np.log2(n + 2) for n, i in enumerate(places) if i in wanted)
                ideal = sum(1 / np.log2(n + 2) for n in range(min(5, len(set(wanted)))))
                values.append(gain / ideal)
            shown = table[name].metrics[f"ndcg@5 {metric}"]
            assert shown.value == pytest.approx(np.mean(values))
            assert shown.low <= shown.value <= shown.high


def test_who_can_tell_cold_items_apart_is_said(result):
    notes = " ".join(result.notes)
    assert "ease and knn give all cold items one score" in notes
    assert "content gives cold items different scores" in notes
    assert result.table()["content"].verdict == "beats"
    assert result.table()["ease"].verdict != "beats"
    json.dumps(result.to_dict(), allow_nan=False)
    assert result.best_name() == "content"


def test_a_page_can_be_written(result, tmp_path):
    page = pn.report(result, tmp_path / "page.html")
    assert "cold items" in page.read_text()


def test_the_audit_knows_what_was_meant():
    findings = pn.audit(split_cold_items(planted_pairs(n_users=150), test=0.2))
    by_rule = {finding.rule: finding for finding in findings}
    assert by_rule["cold-items"].level == "note"
    assert "as this split means it to be" in by_rule["cold-items"].sentence
    assert by_rule["popularity-shift"].level == "not checkable"
    assert by_rule["split-stated"].level == "note"


def test_tuning_goes_by_cold_items():
    split = split_cold_items(planted_pairs(), validation=0.2, test=0.2)
    tuning = pn.tune(ContentEASE(), split, "ndcg@5", space={"l2": [10.0, 100.0]})
    model = ContentEASE(l2=tuning.best().l2).fit(split.train, split.validation)
    lists, _ = model.top_items(split.validation.histories, 5, candidates=split.validation.item_pool)
    hits = [
        np.isin(lists[n], split.validation.items[low:high]).any()
        for n, (low, high) in enumerate(
            zip(split.validation.offsets, split.validation.offsets[1:], strict=False)
        )
    ]
    assert (np.mean(hits) > 0) == (tuning.best_trial.score > 0)


@pytest.mark.parametrize(
    ("log", "options", "error"),
    [
        (log_of([1, 2, 1, 2, 1]), {"test": 0.4, "validation": 0.4}, DataError),
        (log_of([1] * 9), {}, DataError),
        (log_of([1, 2, 3]), {}, DataError),
        (log_of(list(range(9))), {"order": "time"}, ParameterError),
        (log_of(list(range(9))), {"test": 1.5}, ParameterError),
    ],
)
def test_impossible_wishes(log, options, error):
    with pytest.raises(error):
        split_cold_items(log, **options)


def test_popular_is_chance_there():
    split = split_cold_items(planted_pairs(), test=0.2)
    assert (
        Popular().fit(split.train).scores(split.test.histories)[:, split.test.item_pool] == 0
    ).all()


def test_events_without_a_user_train_where_their_item_is_not_held_out():
    items = [n % 10 for n in range(40)]
    frame = log_of(items).frame()
    log = Dataset.from_frame(frame, anonymous=pl.DataFrame({"item": [*range(10), *range(10)]}))
    split = split_cold_items(log, validation=0.2, test=0.3)
    held_out = {side: set(log.events["item"].filter(pl.Series(split.sides == side)))
                for side in (VALIDATION, TEST)}  # fmt: skip
    trained = set(split.train.anonymous["item"])
    assert trained == set(range(10)) - held_out[VALIDATION] - held_out[TEST]
    assert set(split.train_and_validation.anonymous["item"]) == set(range(10)) - held_out[TEST]
