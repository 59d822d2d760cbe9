from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.support.basket_logs import log_of_baskets, random_baskets

import penchant as pn
from penchant.errors import DataError, ParameterError
from penchant.evaluation.repeats import judging_events, target_segments
from penchant.metrics import NDCG, Ranked
from penchant.models import ItemKNN, PersonalPopular


@pytest.fixture(scope="module")
def split():
    return pn.split_next_basket(random_baskets(0))


def with_repeats(split, repeats):
    return replace(split, repeat_rule=repeats)


def test_what_a_user_had_most_often_and_last_are_trivial_answers(split):
    result = pn.evaluate([], split, replicates=100)
    assert {e.name for e in result.table().entries} == {
        *("random", "popular", "personal-popular", "personal-recent")
    }
    assert result.table().metrics[:3] == ("ndcg@10", "recall@10", "hr@10")
    excluded = pn.evaluate([], split, replicates=100, repeats="excluded")
    assert {e.name for e in excluded.table().entries} == {"random", "popular"}
    assert excluded.settings["repeats"] == "excluded"


def test_rows_that_no_list_can_have_judge_none(split):
    test = with_repeats(split, "allowed").test
    had = [set(test.histories.block(u, u + 1).items.tolist()) for u in range(test.n_users)]
    repeat = [item in had[user] for user, item in zip(test.rows.history, test.items, strict=True)]
    assert test.is_repeat.tolist() == repeat
    assert len(test.judging) == len(test)
    new = with_repeats(split, "excluded").test.judging
    assert len(new) == len(test) - sum(repeat)
    assert not new.is_repeat.any()
    again = with_repeats(split, "only").test.judging
    assert len(again) == sum(repeat)
    assert again.is_repeat.all()


@pytest.mark.parametrize("repeats", ["excluded", "allowed", "only"])
def test_lists_hold_what_they_may(split, repeats):
    model = ItemKNN().fit(split.train)
    test = with_repeats(split, repeats).test.judging
    lists, _ = model.top_items(test.histories, 4, repeats=repeats)
    repeated = np.isin(
        np.arange(len(lists))[:, None] * test.histories.n_items + lists, test.histories.pairs
    )
    if repeats == "excluded":
        assert not repeated.any()
    elif repeats == "only":
        assert repeated[lists >= 0].all()
    else:
        assert repeated.any()
        assert not repeated.all()
    result = pn.evaluate([ItemKNN()], split, ["ndcg@4"], replicates=100, repeats=repeats)
    values = NDCG(4)(Ranked.of(lists, test.offsets, test.items))
    assert result.table()["item-knn"].metrics["ndcg@4"].value == pytest.approx(values.mean())


def test_repeated_and_new_items_have_figures_apart(split):
    result = pn.evaluate([ItemKNN()], split, ["ndcg@4", "coverage@4"], replicates=100)
    table = result.table()
    test = split.test
    lists, _ = result.models["item-knn"].top_items(test.histories, 4, repeats="allowed")
    assert set(table.target_segments) == {"repeated-items", "new-items"}
    for segment, keep in target_segments(test).items():
        part, own = table.target_segments[segment], test.subset(keep)
        users = np.unique(test.rows.history[keep])
        values = NDCG(4)(Ranked.of(lists[users], own.offsets, own.items))
        figure = part["item-knn"].metrics["ndcg@4"]
        assert figure.value == pytest.approx(values.mean())
        assert (part.users, part.rows) == (len(users), int(keep.sum()))
        assert figure.low <= figure.value <= figure.high
        assert part.metrics == ("ndcg@4",)
        assert np.isfinite(part["item-knn"].validation)
    assert part["personal-popular"].metrics["ndcg@4"].value < 0.5
    text = str(result)
    assert "ndcg@4 by repeated and new items" in text
    assert "of the test events repeat an item of the user's history, which lists may" in text
    assert "Of repeated items " in text
    assert result.to_dict()["tables"]["ranking"]["target_segments"].keys() == {
        *("repeated-items", "new-items")
    }


def test_without_repeats_it_says_so_and_how_to_have_them(split):
    result = pn.evaluate([], split, ["ndcg@4"], replicates=100, repeats="excluded")
    note = next(note for note in result.notes if "repeat an item" in note)
    assert note.endswith(
        "--repeats allowed (repeats='allowed' in Python) lists and judges them, too."
    )
    assert not result.table().target_segments
    only = pn.evaluate([], split, ["ndcg@4"], replicates=100, repeats="only")
    assert "lists hold nothing else" in " ".join(only.notes)


def test_nothing_is_left_to_judge():
    log = log_of_baskets({"x": ["ab", "a", "b"], "y": ["ab", "b", "a"]})
    split = pn.split_next_basket(log)
    with pytest.raises(DataError, match=r"Every held-out event repeats .* --repeats allowed"):
        pn.evaluate([], split, ["ndcg@4"], repeats="excluded")
    new = pn.split_next_basket(log_of_baskets({"x": ["a", "b", "c"]}))
    with pytest.raises(DataError, match="No held-out event repeats an item"):
        judging_events(with_repeats(new, "only").test)


def test_tuning_goes_by_what_lists_may_hold(split):
    scores = {
        repeats: pn.tune(
            PersonalPopular(), with_repeats(split, repeats), "ndcg@4", space={"only_own": [False]}
        )
        .trials[0]
        .score
        for repeats in ("excluded", "allowed")
    }
    assert scores["allowed"] > scores["excluded"]


def test_the_page_shows_both_halves(split, tmp_path):
    result = pn.evaluate([ItemKNN()], split, ["ndcg@4", "hr@4"], replicates=100)
    page = pn.report(result, tmp_path / "page.html").read_text()
    assert "<h3>Repeated and new items</h3>" in page
    for segment, part in result.table().target_segments.items():
        assert f"{segment.replace('-', ' ')}<small>{part.users} users" in page
    plain = pn.evaluate([ItemKNN()], split, ["ndcg@4"], replicates=100, repeats="excluded")
    page = pn.report(plain, tmp_path / "plain.html").read_text()
    assert "Repeated and new items" not in page
    assert "repeats=&#39;excluded&#39;" in page  # in the snippet that makes it again


def test_repeats_are_no_leak_where_lists_may_hold_them(split):
    levels = {}
    for repeats in ("allowed", "excluded"):
        result = pn.evaluate([], split, ["ndcg@4"], replicates=100, repeats=repeats)
        levels[repeats] = next(f.level for f in result.findings.all if f.rule == "same-pair")
    assert levels == {"allowed": "note", "excluded": "doubtful"}


def with_prices(log):
    """The log, in which an item costs its place in the alphabet and each is taken twice."""
    items = log.events["item"].cast(pl.Float32)
    columns = {"price": items + 1, "quantity": pl.repeat(2.0, len(items), eager=True)}
    return replace(log, events=log.events.with_columns(**columns))


def test_money_is_counted_where_there_are_prices(split):
    log = with_prices(split.log)
    priced = pn.split_next_basket(log)
    np.testing.assert_array_equal(priced.test.spend, 2 * (priced.test.items + 1))
    weighed = log.events.with_columns(weight=pl.lit(7, pl.Float32))
    weighed_split = pn.split_next_basket(replace(log, events=weighed))
    np.testing.assert_array_equal(weighed_split.test.spend, priced.test.spend)
    assert priced.test.rows.context is None  # no model sees how much was bought
    result = pn.evaluate([PersonalPopular()], priced, replicates=100)
    assert result.table().metrics[:2] == ("ndcg@10", "revenue@10")
    metrics = ["ndcg@4", "revenue@4", "revenue-share@4"]
    table = pn.evaluate([PersonalPopular()], priced, metrics, replicates=100).table()
    lists, _ = result.models["personal-popular"].top_items(
        priced.test.histories, 4, repeats="allowed"
    )
    own = [
        sum(2 * (i + 1) for i in set(lists[u]) & set(priced.test.items[low:high]))
        for u, (low, high) in enumerate(itertools.pairwise(priced.test.offsets))
    ]
    figure = table["personal-popular"].metrics["revenue@4"]
    assert figure.value == pytest.approx(np.mean(own))
    assert figure.low < figure.value < figure.high
    with pytest.raises(ParameterError, match=r"revenue@4 needs the prices .* \(--price\)"):
        pn.evaluate([], split, ["revenue@4"])


def test_validation_events_that_are_all_repeats_choose_nothing():
    log = log_of_baskets({"x": ["ab", "a", "c"], "y": ["ab", "b", "d"], "z": ["ab", "b", "cd"]})
    result = pn.evaluate([], pn.split_next_basket(log), ["ndcg@4"], repeats="excluded")
    assert np.isnan([entry.validation for entry in result.table().entries]).all()
