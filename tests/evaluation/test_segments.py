"""Users with and without history stand apart, with figures that hold for them alone."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.evaluation.segments import popularity_notes
from penchant.metrics import NDCG, Ranked
from penchant.models import EASE, Bias, Popular
from penchant.results.evaluation_summary import EvaluationSummary
from penchant.testing import planted_ratings


def late_arrivals(n_late: int = 20) -> pn.Dataset:
    """A log whose last events are mostly of users without any earlier one."""
    frame = planted_ratings().frame().select("user", "item", "rating")
    rng = np.random.default_rng(0)
    frame = frame.with_columns(time=pl.Series(rng.permutation(len(frame))))
    late = frame.filter(pl.col("user") <= n_late).with_columns(
        user=pl.col("user") + 1_000_000, time=pl.col("time") + len(frame)
    )
    return pn.Dataset.from_frame(pl.concat([frame, late]))


@pytest.fixture(scope="module")
def split():
    log = late_arrivals()
    return pn.split_by_time(log, validation=0.1, test=0.25)


@pytest.fixture(scope="module")
def result(split):
    models = {"ease": EASE(l2=10), "bias": Bias()}
    return pn.evaluate(models, split, ["ndcg@10", "coverage@10", "rmse", "auc", "f1"])


def test_each_table_has_both_parts_of_its_users(result, split):
    known = split.test.histories.lengths > 0
    assert 10 < known.sum() < len(known) - 10
    for table in result.tables.values():
        assert list(table.segments) == ["with-history", "without-history"]
        users = [part.users for part in table.segments.values()]
        assert users == [known.sum(), (~known).sum()]
        assert sum(part.rows for part in table.segments.values()) == table.rows
        assert {e.name for e in table.entries} == {
            e.name for part in table.segments.values() for e in part.entries
        }


@pytest.mark.parametrize("segment", ["with-history", "without-history"])
def test_figures_are_those_of_the_users_alone(result, split, segment):
    test, model = split.test, result.models["ease"]
    users = np.flatnonzero((test.histories.lengths > 0) == (segment == "with-history"))
    lists, _ = model.top_items(test.histories, 10)
    values = NDCG(10)(Ranked.of(lists, test.offsets, test.items))[users]
    table = result.table().segments[segment]
    assert table["ease"].metrics["ndcg@10"].value == pytest.approx(values.mean())
    coverage = len(np.unique(lists[users])) / split.log.n_items
    assert table["ease"].metrics["coverage@10"].value == pytest.approx(coverage)
    rows = np.isin(test.rows.history, users)
    errors = result.models["bias"].predict(test.rows)[rows] - test.ratings[rows]
    rmse = result.table("rating").segments[segment]["bias"].metrics["rmse"].value
    assert rmse == pytest.approx(np.sqrt(np.mean(errors.astype(float) ** 2)))
    likes = result.table("like").segments[segment]["bias"]
    assert sum(likes.confusion) == rows.sum()


def test_users_without_history_get_figures_alone(result):
    for table in result.tables.values():
        for entry in table.segments["without-history"].entries:
            for value in entry.metrics.values():
                assert math.isfinite(value.value)
                assert math.isnan(value.low)
                assert math.isnan(value.gain)
            assert entry.verdict is None
        known = table.segments["with-history"]
        assert all(e.verdict or e.trivial for e in known.entries)
        assert all(math.isfinite(e.metrics[table.primary].low) for e in known.entries)


def test_the_best_trivial_answer_is_that_of_the_segment():
    """Items are popular among newcomers that nobody with a history takes."""
    rng = np.random.default_rng(1)
    rows = [(u, int(i), t) for t in range(40) for u in range(60) for i in [20 + (u + t) % 80]]
    rows += [(100 + n, int(i), n / 10) for n in range(300) for i in rng.permutation(10)[:6]]
    rows += [(u, 20 + (u + 41) % 80, 100.0) for u in range(60)]
    rows += [(1000 + n, int(i), 100.0) for n in range(60) for i in rng.permutation(10)[:6]]
    log = pn.Dataset.from_frame(
        pl.DataFrame(rows, schema=["user", "item", "time"], orient="row", strict=False)
    )
    split = pn.split_by_time(log, validation=0, test=sum(r[2] == 100.0 for r in rows) / len(rows))
    table = pn.evaluate([EASE(l2=10)], split, ["ndcg@10"]).table()
    known = table.segments["with-history"]
    for each in (table, known):
        best = max(e.metrics["ndcg@10"].value for e in each.entries if e.trivial)
        value = each["ease:l2=10.0"].metrics["ndcg@10"]
        assert value.gain == pytest.approx(value.value - best)
    assert known.best_trivial.name == "random"
    assert table.best_trivial.name == "recent-popular"


def test_models_that_know_nothing_of_new_users_are_named(result, split):
    n_new = split.test.n_new_users
    assert (
        f"ease knows nothing of the {n_new} test users without history and ranks by the log's "
        "popularity for them."
    ) in result.table().notes
    without = result.table().segments["without-history"]
    assert repr(without["ease"].metrics) == repr(without["popular"].metrics)  # NaN equals none
    share = n_new / split.test.n_users
    assert (
        f"{share:.0%} of the test users have no history: tables give figures for them apart."
        in result.notes
    )


def test_a_model_that_knows_some_new_users_is_not_put_among_those_that_know_none(split):
    new = split.test.histories.lengths == 0
    some = new & (np.cumsum(new) <= 3)
    notes = popularity_notes({"all": ~new, "none": new | ~new, "part": ~some}, split.test)
    n = new.sum()
    assert notes == (
        f"all knows nothing of the {n} test users without history and ranks by the log's "
        "popularity for them.",
        f"part knows nothing of 3 of the {n} test users without history and ranks by the log's "
        "popularity for these.",
    )


def test_where_all_users_are_alike_there_are_no_segments():
    split = pn.split_per_user(planted_ratings(), validation=0.1, test=0.1)
    table = pn.evaluate([Popular()], split, ["ndcg@10"], replicates=50).table()
    assert table.segments == {}
    assert table.to_dict()["segments"] == {}
    log = late_arrivals()
    frame = log.frame()
    new = frame.filter(pl.col("user") >= 1_000_000)
    split = pn.split_predefined(frame.filter(pl.col("user") < 1_000_000), new)
    result = pn.evaluate([EASE(l2=10)], split, ["ndcg@10"], replicates=50)
    assert result.table().segments == {}
    assert "No test user has any history." in result.notes


def test_json_and_text_have_the_segments_and_a_summary_keeps_them(result):
    plain = result.to_dict()["tables"]["ranking"]
    assert plain["segment"] == "all"
    known = plain["segments"]["with-history"]
    assert known["users"] + plain["segments"]["without-history"]["users"] == plain["users"]
    assert {e["verdict"] for e in known["entries"] if not e["trivial"]} <= {
        "beats",
        "no better",
        "worse",
    }
    assert "cost" not in known["entries"][0]
    text = str(result)
    assert "ndcg@10 by the users' history" in text
    assert f"{known['users']} users [95 %]" in text
    summary = EvaluationSummary.load(EvaluationSummary.of(result).dump())
    assert summary.to_dict()["tables"].keys() == result.tables.keys()
    part = summary.tables["ranking"].segments["with-history"]
    assert repr(part["ease"]) == repr(result.table().segments["with-history"]["ease"])


def test_given_candidates_are_ranked_by_popularity_for_new_users():
    log = late_arrivals().frame().select("user", "item", "rating")
    old, new = log.filter(pl.col("user") < 1_000_000), log.filter(pl.col("user") >= 1_000_000)
    test = new.unique("user", keep="first", maintain_order=True)
    lists = test.select("user", items=pl.lit(list(range(12)), pl.List(pl.Int64)))
    split = pn.split_predefined(old, test, candidates=lists)
    table = pn.evaluate([EASE(l2=10)], split, ["mrr@5"], replicates=50).table()
    values = table.values(table.primary)
    assert values["ease:l2=10.0"] == values["popular"] != values["random"]
