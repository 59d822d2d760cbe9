from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError
from penchant.evaluation.ranking import catalogue_of
from penchant.metrics import NDCG, Catalogue, Coverage, IntraListDiversity, Ranked
from penchant.models import EASE, IALS, ItemKNN
from penchant.rules import bind, lists_with_rules
from penchant.rules.diversity import CategoryShares, calibration_kl
from penchant.testing import planted_pairs


@pytest.fixture(scope="module")
def split():
    frame = planted_pairs(n_users=80, n_items=30).frame().drop("row")
    ids = sorted(frame["item"].unique())
    genres = [["a"], ["a", "b"], ["c"], []]
    table = pl.DataFrame(
        {
            "item": ids,
            "genres": [genres[n % 4] for n in range(len(ids))],
            "stock": [n % 3 for n in range(len(ids))],
        }
    )
    log = pn.Dataset.from_frame(frame, item_table=table)
    return pn.split_per_user(log, validation=0.1, test=0.3)


RULES = pn.Rules(exclude={"where": ["stock == 0"]}, at_most={"column": "genres", "n": 2})


def test_figures_are_those_of_the_lists(split):
    result = pn.evaluate([EASE(l2=10)], split, ["ndcg@4"], rules=RULES, replicates=200)
    plain = pn.evaluate([EASE(l2=10)], split, ["ndcg@4"], replicates=200)
    assert result.table().values("ndcg@4") == plain.table().values("ndcg@4")
    assert plain.rule_costs is None
    costs = result.rule_costs
    assert costs.models == tuple(e.name for e in result.table().entries)
    assert costs.metrics == ("ndcg@4", "coverage@4")
    model, test = result.models["ease:l2=10.0"], split.test.judging
    lists = lists_with_rules(model, test.histories, 4, bind(RULES, split.train)).items
    before = NDCG(4)(Ranked.of(model.top_items(test.histories, 4)[0], test.offsets, test.items))
    after = NDCG(4)(Ranked.of(lists, test.offsets, test.items))
    own = costs.of_model("ease:l2=10.0")
    assert own["ndcg@4"].without == pytest.approx(before.mean())
    assert own["ndcg@4"].with_rules == pytest.approx(after.mean())
    assert own["ndcg@4"].difference == pytest.approx((after - before).mean())
    # The standard error of a mean difference, 1.96 of which the interval is about.
    error = (after - before).std() / math.sqrt(len(after))
    assert own["ndcg@4"].high - own["ndcg@4"].low == pytest.approx(2 * 1.96 * error, rel=0.3)
    assert own["ndcg@4"].low < own["ndcg@4"].difference < own["ndcg@4"].high
    coverage = Coverage(4)(lists, catalogue_of(split.train))
    assert own["coverage@4"].with_rules == pytest.approx(coverage)
    assert math.isnan(own["coverage@4"].low)


def test_rules_that_leave_all_as_it_is_cost_nothing(split):
    result = pn.evaluate(
        [ItemKNN()], split, ["recall@5", "ndcg@3"], rules=pn.Rules(), replicates=50
    )
    assert {c.difference for c in result.rule_costs.costs} == {0}
    assert {c.low for c in result.rule_costs.costs if not math.isnan(c.low)} == {0}


def test_the_effect_of_diversity_is_shown(split):
    rules = pn.Rules(diversity={"lambda": 0.1})
    calibrated = pn.Rules(diversity={"lambda": 0.9, "method": "calibrated"})
    by_method = [
        pn.evaluate([EASE()], split, ["ndcg@5"], rules=r, replicates=50).rule_costs
        for r in (rules, calibrated)
    ]
    for costs in by_method:
        assert costs.metrics == (
            "ndcg@5",
            "coverage@5",
            "calibration-kl@5",
            "intra-list-diversity@5",
        )
    own = [costs.of_model("ease") for costs in by_method]
    assert own[0]["intra-list-diversity@5"].difference > 0.1
    assert own[1]["calibration-kl@5"].difference < -0.1
    model = EASE().fit(split.train)
    test = split.test.judging
    bound = bind(calibrated, split.train)
    lists = lists_with_rules(model, test.histories, 5, bound).items
    vectors = np.zeros((len(model.items_), 3), np.float32)
    rows, places = np.nonzero(bound.categories >= 0)
    vectors[rows, bound.categories[rows, places]] = 1
    catalogue = Catalogue(80, np.zeros(len(vectors), np.int64), vectors)
    diversity = np.nanmean(IntraListDiversity(5)(lists, catalogue))
    assert own[1]["intra-list-diversity@5"].with_rules == pytest.approx(diversity)
    kl = np.nanmean(calibration_kl(lists, test.histories, bound.categories))
    assert own[1]["calibration-kl@5"].with_rules == pytest.approx(kl)


def test_calibration_by_hand(split):
    bound = bind(pn.Rules(diversity={"method": "calibrated"}), split.train)
    model = EASE().fit(split.train)
    of_genre = {}
    for item, genres in split.train.item_table.select("item", "genres").iter_rows():
        of_genre.setdefault(tuple(genres), []).append(item)
    a, ab, none = of_genre["a",], of_genre["a", "b"], of_genre[()]
    history = model.history([a[0], ab[0], none[0]])  # 3/4 a, 1/4 b
    lists = model.items_.indices([a[1], a[2]])[None]
    p, q = np.array([0.75, 0.25]), 0.99 * np.array([1, 0]) + 0.01 * np.array([0.75, 0.25])
    expected = (p * np.log(p / q)).sum()
    assert calibration_kl(lists, history, bound.categories) == pytest.approx([expected])
    exact = model.items_.indices([a[3], ab[1]])[None]
    assert calibration_kl(exact, history, bound.categories) == pytest.approx([0])
    for nothing in (model.history([]), model.history(none[:2])):
        assert np.isnan(calibration_kl(lists, nothing, bound.categories)).all()
    shares = CategoryShares(bound.categories).of_histories(history)
    assert sorted(shares[0]) == pytest.approx([0, 0.25, 0.75])


def test_models_without_vectors_are_named(split):
    rules = pn.Rules(diversity={"by": "vectors"})
    result = pn.evaluate([EASE(), IALS(dim=4)], split, ["ndcg@5"], rules=rules, replicates=50)
    assert result.rule_costs.models == ("ials:dim=4",)
    (note,) = result.rule_costs.notes
    assert note.startswith("Absent from the figures with rules: ")
    assert note in result.notes
    with pytest.raises(ParameterError, match="has no vectors of items"):
        pn.evaluate([EASE()], split, ["ndcg@5"], rules=rules, replicates=50)


def test_what_is_refused_before_models_are_fitted(split, monkeypatch):
    monkeypatch.setattr(EASE, "fit", lambda *_, **__: pytest.fail("fitted"))
    with pytest.raises(DataError, match="the items have no column 'price'"):
        pn.evaluate([EASE()], split, rules=pn.Rules(price={"max": 3}))
    log = pn.Dataset.from_frame(
        split.log.frame().drop("row").with_columns(rating=pl.lit(3.0)), scale=(1, 5)
    )
    with pytest.raises(ParameterError, match="Rules are about lists: ask for a metric"):
        pn.evaluate([EASE()], pn.split_random(log), ["rmse"], rules=RULES)


def test_it_is_shown(split):
    result = pn.evaluate([EASE()], split, ["ndcg@5"], rules=RULES, replicates=100)
    text = str(result)
    assert "What the rules cost and bring (rules)" in text
    own = result.rule_costs.of_model("ease")["ndcg@5"]
    assert f"{own.without:.4f} → {own.with_rules:.4f} ({own.difference:+.4f} [" in text
    sentence = result.rule_costs.sentence("ease")
    assert sentence.startswith(f"With rules the lists of ease have {own.in_words}; coverage@5 ")
    plain = result.to_dict()["rule_costs"]
    assert plain["source"] == "rules"
    assert {"model", "metric", "without", "with_rules", "difference"} <= set(plain["costs"][0])
    assert len(result.rule_costs.frame()) == 2 * len(result.table().entries)
    few = pn.evaluate([EASE()], split, ["ndcg@5"], rules=RULES, replicates=5).rule_costs
    assert all(math.isnan(c.low) for c in few.costs)


def test_the_page_has_them(split, tmp_path):
    result = pn.evaluate([EASE()], split, ["ndcg@5"], rules=RULES, replicates=100)
    page = pn.report(result, tmp_path / "page.html").read_text()
    own = result.rule_costs.of_model("ease")["ndcg@5"]
    assert "What the rules cost and bring" in page
    figures = f"{own.without:.4f} → {own.with_rules:.4f}"
    assert f"{figures}<small>{own.difference_in_words}</small>" in page
    plain = pn.evaluate([EASE()], split, ["ndcg@5"], replicates=100)
    assert "the rules cost" not in pn.report(plain, tmp_path / "page.html").read_text()


def test_what_rules_cost_in_money():
    log = pn.Dataset.from_frame(
        planted_pairs(n_users=60, n_items=20)
        .frame()
        .select("user", "item")
        .with_columns(price=pl.col("item").cast(pl.Float32))
    )
    split = pn.split_per_user(log, test=0.3)
    popular = int(split.log.items[int(np.argmax(split.train.item_counts))])
    rules = pn.Rules(exclude=[popular])
    result = pn.evaluate([EASE(l2=10)], split, ["revenue@3", "revenue-share@3"], rules=rules)
    own = result.rule_costs.of_model("ease:l2=10.0")
    assert own["revenue@3"].without == pytest.approx(
        result.table().values("revenue@3")["ease:l2=10.0"]
    )
    test = split.test.judging
    lists = lists_with_rules(
        result.models["ease:l2=10.0"], test.histories, 3, bind(rules, split.train)
    ).items
    paid = [
        sum(
            float(split.log.items[item])
            for item in lists[user]
            if item in test.items[test.offsets[user] : test.offsets[user + 1]]
        )
        for user in range(test.n_users)
    ]
    assert own["revenue@3"].with_rules == pytest.approx(np.mean(paid), rel=1e-5)
    assert own["revenue-share@3"].difference != 0
