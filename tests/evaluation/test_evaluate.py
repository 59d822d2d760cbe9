from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.evaluation.ranking import catalogue_of, rank
from penchant.metrics import MAP, NDCG, Ranked, Recall, mean_replicates
from penchant.models import EASE, Bias, DotProduct, MajorityClass, Popular
from penchant.results.verdicts import Measurement, metric_values
from penchant.run import Run
from penchant.testing import planted_pairs, planted_ratings
from penchant.topk import top_k


@pytest.fixture(scope="module")
def split():
    return pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)


@pytest.fixture(scope="module")
def rated():
    return pn.split_random(planted_ratings(), validation=0.2, test=0.2)


def evaluate(*arguments, **options):
    return pn.evaluate(*arguments, **{"replicates": 200} | options)


def test_trivial_answers_of_each_task_are_there(rated):
    result = evaluate([], rated, ["ndcg@10", "rmse", "auc"])
    means = {"global-mean", "user-mean", "item-mean", "bias"}
    names = {task: {e.name for e in t.entries if e.trivial} for task, t in result.tables.items()}
    assert names == {
        "ranking": {"random", "popular"},
        "rating": means,
        "like": means | {"majority", "user-majority"},
    }


def test_what_is_planted_beats_trivial_answers(split):
    table = evaluate([EASE(l2=10)], split, ["ndcg@10"]).table()
    entry = table["ease:l2=10.0"]
    assert entry.verdict == "beats"
    best = max(e.metrics["ndcg@10"].value for e in table.entries if e.trivial)
    assert entry.metrics["ndcg@10"].gain == pytest.approx(entry.metrics["ndcg@10"].value - best)


def test_refitted_models_answer_the_test_and_first_fits_the_validation(split):
    models = {"ease": EASE(l2=10), "dot": DotProduct(dim=4, target="interaction", epochs=5)}
    once = evaluate(models, split, ["ndcg@10"])
    again = evaluate(models, split, ["ndcg@10"], refit=True)
    assert again.settings["refit"]
    assert any("fitted again" in note for note in again.notes)
    both = split.log.subset(split.sides <= 1)
    for name, model in once.models.items():
        first, second = once.table()[name], again.table()[name]
        assert second.validation == first.validation
        refitted = model.refit(both)
        assert again.models[name].log_fingerprint_ == both.fingerprint != split.train.fingerprint
        ranked = rank(refitted, split.test, [NDCG(10)], catalogue_of(split.train), Run())
        expected = ranked.per_user["ndcg@10"].mean()
        assert second.metrics["ndcg@10"].value == pytest.approx(expected)


def test_no_refit_without_validation_events():
    bare = pn.split_per_user(planted_pairs(), validation=0, test=0.2)
    with pytest.raises(ParameterError, match="no validation events"):
        evaluate([Popular()], bare, ["ndcg@10"], refit=True)


def test_a_model_equal_to_a_trivial_answer_is_no_better(split):
    table = evaluate({"same": Popular()}, split, ["ndcg@10"]).table()
    assert [e.name for e in table.entries if e.trivial] == ["same", "popular", "random"]
    values = {n: table[n].metrics["ndcg@10"].value for n in ("same", "popular")}
    assert values["same"] == values["popular"]


def test_another_model_cannot_take_a_trivial_answers_place(split):
    table = evaluate({"popular": EASE()}, split, ["ndcg@10"]).table()
    assert {(e.name, e.trivial) for e in table.entries} == {
        ("popular", False),
        ("popular'", True),
        ("random", True),
    }


def test_p_values_are_corrected_for_the_number_of_models():
    values = np.random.default_rng(0).normal(0.1, 1, (400, 1))
    base = np.zeros((400, 1))
    drawn = mean_replicates(np.hstack([values, base]), 500)
    results = {"m": {"ndcg@10": Measurement(float(values.mean()), drawn[:, 0])}}
    results["trivial"] = {"ndcg@10": Measurement(0.0, drawn[:, 1])}
    alone = metric_values(results, [NDCG(10)], {"trivial"}, n_users=400, level=0.95)["m"]["ndcg@10"]
    many = results | {f"m{n}": results["m"] for n in range(9)}
    among = metric_values(many, [NDCG(10)], {"trivial"}, n_users=400, level=0.95)["m"]["ndcg@10"]
    assert among.p_value == pytest.approx(min(1, 10 * alone.p_value))
    assert (among.gain_low, among.gain_high) == (alone.gain_low, alone.gain_high)


def test_best_is_best_on_validation(split):
    result = evaluate({"a": EASE(l2=10), "b": EASE(l2=1e6)}, split, ["ndcg@10"])
    figures = {e.name: e.validation for e in result.table().entries}
    assert result.best_name() == max(figures, key=figures.get)
    assert result.best() is result.models[result.best_name()]
    again = evaluate([EASE()], pn.split_per_user(split.log, validation=0), ["ndcg@10"])
    with pytest.raises(ParameterError, match="validation above 0"):
        again.best()


def test_metrics_of_whole_lists_need_no_other_metric(split):
    entry = evaluate([EASE()], split, ["coverage@5"]).table()["ease"]
    assert 0 < entry.metrics["coverage@5"].value <= 1
    assert entry.verdict is None


def test_a_model_without_probabilities_has_no_figure_that_takes_them(rated):
    models = {"dot": DotProduct(target="like>=4", epochs=2), "means": Bias(l2_user=1)}
    result = evaluate(models, rated, ["log-loss"])
    known = [math.isfinite(e.metrics["log-loss"].value) for e in result.table().entries]
    first = {e.name for e in result.table().entries[:3]}
    assert first == {"dot", "majority", "user-majority"}
    assert known == [True] * 3 + [False] * (len(known) - 3)
    assert "–" in str(result)


def test_probabilities_of_another_like_are_not_judged(rated):
    models = {"other": DotProduct(target="like>=5", epochs=1)}
    table = evaluate(models, rated, ["brier", "auc"], like=4).table()
    assert math.isnan(table["other"].metrics["brier"].value)
    assert math.isfinite(table["other"].metrics["auc"].value)


def test_the_majority_is_of_the_likes_that_were_asked_for(rated):
    result = evaluate({"named": MajorityClass()}, rated, ["brier"], like=2)
    share = float((rated.train.ratings >= 2).mean())
    truth = rated.test.ratings >= 2
    for name in ("named", "majority"):
        value = result.table()[name].metrics["brier"].value
        assert value == pytest.approx(np.mean((share - truth) ** 2), abs=1e-6)


def test_a_like_at_the_threshold_counts_whatever_its_decimals():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "user": rng.integers(0, 20, 400),
            "item": rng.integers(0, 20, 400),
            "rating": rng.choice([1.1, 4.1], 400),
        }
    )
    split = pn.split_random(pn.Dataset.from_frame(frame))
    result = evaluate([], split, ["auc"], like=4.1)
    likes = np.mean(split.test.ratings > 3)
    assert f"{likes:.1%} of the rows" in result.table().notes[0]


def test_only_likes_are_relevant_where_asked(rated):
    table = evaluate([EASE()], rated, ["hr@5"], relevant="liked", like=4).table()
    assert table.rows == int((rated.test.ratings >= 4).sum())
    assert "Only likes count as relevant, ratings of at least 4." in table.notes
    with pytest.raises(ParameterError, match="nothing is relevant"):
        evaluate([EASE()], rated, ["hr@5"], relevant="liked", like=99)


def test_candidates_are_judged_by_what_their_ranks_tell(split):
    log = split.log.frame().select("user", "item")
    test = log.unique("user", keep="last", maintain_order=True)
    train = log.join(test, on=["user", "item"], how="anti")
    lists = test.select("user", items=pl.lit([0, 1, 2], pl.List(pl.Int64)))
    given = pn.split_predefined(train, test, candidates=lists)
    table = evaluate([EASE()], given, ["coverage@2", "hr@2"]).table()
    assert table.metrics == ("hr@2 (3 negatives)",)
    values = [e.metrics[table.primary].value for e in table.entries]
    assert values == sorted(values, reverse=True)
    with pytest.raises(ParameterError, match="describe whole lists"):
        evaluate([EASE()], given, ["coverage@2"])


def test_candidates_of_many_relevant_items_are_judged_as_lists_of_them_are(rated):
    items = np.arange(rated.log.n_items, dtype=np.int32)
    model = EASE(l2=10).fit(rated.train)
    everything = np.tile(items, (rated.test.n_users, 1))
    asked = replace(rated.test, candidates=everything)
    metrics = [NDCG(5), Recall(5), MAP(5)]
    catalogue = catalogue_of(rated.train)
    among = rank(model, asked, metrics, catalogue, Run()).per_user
    best, _ = top_k(model.scores, rated.test.histories, 5, repeats="allowed")
    whole = Ranked.of(best, rated.test.offsets, rated.test.items)
    assert (np.diff(rated.test.offsets) > 1).any()
    for metric in metrics:
        np.testing.assert_allclose(among[metric.name], metric(whole))


def test_repeated_events_are_told(split):
    twice = pl.concat([split.log.frame(), split.log.frame()]).drop("row", "time", strict=False)
    repeated = pn.split_random(pn.Dataset.from_frame(twice))
    notes = evaluate([], repeated, ["ndcg@5"]).notes
    assert any("repeat an item of the user's history" in note for note in notes)
    assert not any("repeat an item" in note for note in evaluate([], split, ["ndcg@5"]).notes)


def test_a_comparison_says_how_many_test_events_are_on_items_that_training_lacks(split):
    sides = split.sides.copy()
    items = split.log.events["item"].to_numpy()
    taken = np.flatnonzero((items < 5) & (sides == 0))
    sides[taken] = 3
    lacking = replace(split, sides=sides)
    share = float((split.test.items < 5).mean())
    note = f"{share:.0%} of the test events are on items without training events"
    assert any(note in each for each in evaluate([], lacking, ["ndcg@5"]).notes)
    assert not any("without training" in each for each in evaluate([], split, ["ndcg@5"]).notes)


def test_the_table_names_the_level_of_its_intervals(split):
    assert "ndcg@5 [80 %]" in str(evaluate([EASE()], split, ["ndcg@5"], level=0.8))


def test_rankings_need_no_ratings_and_other_tasks_do(split):
    plain = pn.Dataset.from_frame(split.log.frame().select("user", "item"))
    random = pn.split_random(plain)
    assert list(evaluate([EASE()], random).tables) == ["ranking"]
    with pytest.raises(ParameterError, match="the log has none"):
        evaluate([EASE()], random, ["rmse"])


def test_decisions_are_counted_by_truth() -> None:
    split = pn.split_random(planted_ratings(), validation=0.2, test=0.2)
    table = pn.evaluate([], split, ["auc", "f1", "like-accuracy"], replicates=20).table("like")
    for entry in table.entries:
        right_no, wrong_yes, wrong_no, right_yes = entry.confusion
        assert right_no + wrong_yes + wrong_no + right_yes == table.rows
        f1 = 2 * right_yes / (2 * right_yes + wrong_yes + wrong_no)
        assert entry.metrics["f1"].value == pytest.approx(f1)
        accuracy = (right_yes + right_no) / table.rows
        assert entry.metrics["like-accuracy"].value == pytest.approx(accuracy)
