"""Parts of the study of books: the moved threshold, the verdicts, the seeds, the lists."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.metrics import AUC
from penchant.studies.books import (
    alternative_models,
    embedding_chain,
    evaluation,
    honest_comparison,
    moved_threshold,
    opening,
    recommendations,
    seed_comparison,
)
from penchant.studies.books import published as published_part
from penchant.studies.books.networks import JACCARD, NETWORKS, NetworkPredictions
from penchant.studies.books.seed_comparison import AucGain, SeedResult
from penchant.studies.books.setup import EVERYTHING, best_cut, f1, predict_parts
from penchant.studies.books.training import PublishedModels
from penchant.studies.records import Gain, TrainingCurve, rounded
from penchant.studies.study import Steps

PLAIN, ADJUSTED = JACCARD
BEST = "ordinal regression"
SPECS = alternative_models.specs  # all of them; most tests make do with two


def predictions(values):
    """Predictions of validation and test rows by a network of which nothing else is known."""
    validation, test = map(rounded, values)
    return NetworkPredictions(
        validation, test, test, False, 0.1, 1, curve=TrainingCurve([], []), best_epoch=1
    )


def truth(setup):
    return [np.asarray(h.ratings, float) for h in (setup.validation, setup.test)]


@pytest.fixture(scope="module")
def published(setup):
    """Jaccard and networks: most say the same of everything, one knows, one knows the reverse."""
    same = [np.full(len(h), 8.5) for h in (setup.validation, setup.test)]
    networks = {each.name: predictions(same) for each in NETWORKS}
    networks["simple MSE (original)"] = predictions(truth(setup))
    networks["Glorot-normal (original)"] = predictions([-r for r in truth(setup)])
    rng = np.random.default_rng(0)
    noisy = [r - 1 + rng.normal(0, 0.5, len(r)) for r in truth(setup)]
    adjusted = [setup.targets["adjusted"].of_ratings(r) for r in noisy]
    jaccard = {PLAIN: predictions(noisy), ADJUSTED: predictions(adjusted)}
    return PublishedModels(jaccard, networks)


@pytest.fixture(scope="module")
def alternatives(setup, monkeypatch_module):
    specs = {BEST: "ordinal:target=like>=8", "dot product with biases": "dot:dim=8"}
    monkeypatch_module.setattr(alternative_models, "specs", lambda _: specs)
    monkeypatch_module.setattr(seed_comparison, "specs", lambda _: specs)
    monkeypatch_module.setattr(recommendations, "specs", lambda _: specs)
    return alternative_models.compare_alternatives(setup)


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def evaluated(setup, published, alternatives):
    return evaluation.evaluate_models(setup, published, alternatives)


# As published


def with_curves(networks):
    curve = TrainingCurve([2.0, 1.0], [2.0, 1.0])
    return {name: dataclasses.replace(each, curve=curve) for name, each in networks.items()}


def words(section):
    return " ".join(conclusion.sentence for conclusion in section.conclusions)


def test_networks_that_learn_the_mean_alone_are_explained(setup, published):
    """Networks of ratings say 7.7 or so of every book: F1 is 0, and why is on the page."""
    rng = np.random.default_rng(0)
    mean = [7.7 + rng.normal(0, 0.01, len(h)) for h in (setup.validation, setup.test)]
    original = [e for e in NETWORKS if e.target == "original" and e.kind != "simple"]
    networks = published.networks | {e.name: predictions(mean) for e in original}
    networks = with_curves(networks)
    section = published_part.section(setup, PublishedModels(published.jaccard, networks), [])
    assert "Ten of the networks have an F1 near 0 because the published settings" in words(section)
    assert f"the mean rating, {setup.split.train.ratings.mean():.1f}, which is below 8" in words(
        section
    )
    assert "dropout-original does not come to anything like its published .550" in words(section)
    longer = dataclasses.replace(setup, learning_rate=0.01)
    section = published_part.section(longer, PublishedModels(published.jaccard, networks), [])
    assert "because training teaches them little but the mean rating" in words(section)
    assert "published .550" not in words(section)
    assert "published F1" not in words(embedding_chain.section(longer, networks, networks))
    table = section.tables[0].frame
    assert table.filter(pl.col("contender") == "dropout-original")["F1"].item() == 0
    chain = embedding_chain.section(setup, networks, networks)
    assert "in the chain it recommends next to nothing" in words(chain)


def test_networks_above_the_threshold_need_no_such_word(setup, published):
    networks = with_curves(published.networks)
    models = PublishedModels(published.jaccard, networks)
    assert "near 0" not in words(published_part.section(setup, models, []))
    chain = embedding_chain.section(setup, networks, networks)
    assert "dropout-original" not in words(chain)


# The trap


def test_the_moved_threshold_does_what_the_adjusted_target_does(setup, published):
    part = moved_threshold.section(setup, published)
    frame = part.tables[1].frame
    plain, moved, adjusted, chosen = frame.rows(named=True)[:4]
    y = setup.liked(setup.validation)
    assert chosen["F1 validation"] == pytest.approx(
        max(
            f1(published[PLAIN].of("validation") >= cut, y)
            for cut in (*range(1, 11), *truth(setup)[0])
        ),
        abs=0.05,
    )
    assert (plain["counted from"], adjusted["counted from"]) == (8, 8)
    assert moved["counted from"] == pytest.approx(5 + np.log(7 / 2), abs=1e-4)
    # Here the adjusted predictions are the transformed original ones, so that nothing else is new.
    assert moved["F1 test"] == pytest.approx(adjusted["F1 test"])
    assert plain["F1 test"] < moved["F1 test"]
    words = " ".join(conclusion.sentence for conclusion in part.conclusions)
    assert "gives all that the adjusted ratings seem to gain" in words
    assert "decide 100% of the test rows alike" in words
    assert frame["predictions"].to_list()[-1] == EVERYTHING


def test_the_curve_is_f1_at_each_threshold_and_begins_with_everything(setup):
    predicted, liked = truth(setup)[0] * 0.8 + 1, setup.liked(setup.validation)
    curve = moved_threshold.curve(predicted, liked)
    assert curve[1.0] == pytest.approx(f1(np.ones(len(liked)), liked))
    for cut in (5.0, 7.4, 8.2):
        assert curve[cut] == pytest.approx(f1(predicted >= cut, liked))
    assert curve[10.0] == 0


# The verdicts


def test_published_networks_are_judged_against_everything(evaluated):
    verdicts = {name: f.gain.verdict for name, f in evaluated.f1.items()}
    assert verdicts["simple MSE (original)"] == "beats"
    assert verdicts["Glorot-normal (original)"] == "worse"
    assert verdicts["dropout .97 (adjusted)"] == "no better"
    assert evaluated.f1["dropout .97 (adjusted)"].gain.value == 0
    weak = honest_comparison.not_better(evaluated)
    assert len(weak) == len(NETWORKS) - 1
    assert "simple MSE (original)" not in weak


def test_all_are_judged_on_the_same_rows(setup, evaluated, published, alternatives):
    known = setup.is_known(setup.split)
    assert 0 < evaluated.known_rows == known.sum() < evaluated.rows == len(setup.test)
    every = np.ones(len(known), bool)
    for compared, keep in ((evaluated.all_users, every), (evaluated.known_users, known)):
        table = compared.tables["like"]
        assert table.rows == keep.sum()
        y = setup.liked(setup.test)[keep]
        figures = {e.name: e.metrics for e in table.entries}
        assert set(figures) == {*evaluation.compared_networks(), *alternatives.predictions}
        assert figures["simple MSE (original)"]["auc"].value == 1
        assert figures[EVERYTHING]["auc"].value == 0.5
        assert figures[EVERYTHING]["precision-at-recall@80"].value == pytest.approx(y.mean())
        found = alternatives.predictions[BEST]
        assert figures[BEST]["auc"].value == pytest.approx(AUC()(found.of("test")[keep], y))
        decided = found.of("test")[keep] >= best_cut(found, setup)
        assert figures[BEST]["f1"].value == pytest.approx(f1(decided, y))
        assert figures[BEST]["log-loss"].value > 0
        assert np.isnan(figures[PLAIN]["log-loss"].value)
        assert {e.name for e in table.entries if e.trivial} == set(alternatives.trivial)


def test_the_best_is_chosen_on_validation_rows(setup, alternatives):
    values = alternatives.validation
    assert alternatives.best == max((BEST, "dot product with biases"), key=values.__getitem__)
    y = setup.liked(setup.validation)
    own = AUC()(alternatives.predictions[BEST].of("validation"), y)
    assert values[BEST] == pytest.approx(own, abs=1e-4)


def test_the_honest_section_names_who_is_no_better(setup, published, alternatives, evaluated):
    part = honest_comparison.section(setup, alternatives, evaluated)
    verdicts = [f.sentence for f in part.conclusions if f.level == "verdict"]
    assert f"{len(NETWORKS) - 1} of the {len(NETWORKS)} published networks" in verdicts[0]
    assert verdicts[2].startswith("17 of the networks cannot tell liked books from others")
    assert f"{alternatives.best} was chosen on validation rows" in verdicts[3]
    assert "simple MSE (original)" in verdicts[4]
    assert "a2b" not in verdicts[4]
    (chart,) = part.charts
    assert chart.kind == "reliability"
    assert chart.series[0].name == alternatives.best
    assert [len(c.tables["like"].entries) > 5 for c in part.comparisons] == [True] * 2
    table = evaluated.all_users.tables["like"]
    shown = part.tables[1].frame
    assert shown["all test rows"].to_list() == [e.name for e in table.entries]
    assert shown["AUC"].to_list() == [e.metrics["auc"].value for e in table.entries]
    assert shown["F1"].to_list() == [e.metrics["f1"].value for e in table.entries]


@pytest.mark.parametrize("weak", [0, 3, 20, len(NETWORKS)])
@pytest.mark.parametrize("verdict", ["beats", "no better"])
def test_the_first_screen_says_what_came_out(evaluated, monkeypatch, weak, verdict):
    monkeypatch.setattr(opening, "not_better", lambda _: ["some"] * weak)
    monkeypatch.setattr(opening, "verdict_on", lambda *_: verdict)
    monkeypatch.setattr(opening, "_WORTH", -1)
    page = opening.open_page(BEST, evaluated)
    assert page.faults == []
    amounts = {0: "all of", 3: "some of", 20: "most of", len(NETWORKS): "none of"}
    assert amounts[weak] in page.holds
    assert page.use.startswith(f"Use {BEST if verdict == 'beats' else 'user and item biases'}")
    assert page.graph.series[0].y[-1] == evaluated.known_users.tables["like"].values("auc")[BEST]


def test_a_gain_that_is_hardly_one_is_not_advised(evaluated, monkeypatch):
    monkeypatch.setattr(opening, "verdict_on", lambda *_: "beats")
    monkeypatch.setattr(opening, "_WORTH", 1)
    page = opening.open_page(BEST, evaluated)
    assert page.faults == []
    auc = evaluated.known_users.tables["like"].values("auc")
    gain = 100 * (auc[BEST] - auc[evaluated.known_users.tables["like"].best_trivial.name])
    assert page.use.startswith("Use user and item biases: ordinal regression, the best model,")
    assert f"only {gain:.1f} percentage points more" in page.use


def test_without_lightgbm_there_are_no_trees(setup, monkeypatch):
    assert alternative_models.TREES in SPECS(setup)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert alternative_models.TREES not in SPECS(setup)


def test_likes_may_begin_elsewhere(setup):
    other = dataclasses.replace(setup, like=7.0)
    assert (other.cut("binary"), other.cut("adjusted")) == (0.5, 7)
    assert "like>=7" in SPECS(other)["ordinal regression"]
    assert other.liked(other.test).sum() > setup.liked(setup.test).sum()


# Seeds and lists


def test_seeds_give_gains_over_biases(setup, alternatives):
    (found,) = seed_comparison.compare_over_seeds(Steps("books", setup.log, version=1), setup, BEST)
    split = pn.split_random(setup.log, validation=0.1, test=0.1, seed=0)
    y, keep = setup.liked(split.test), setup.is_known(split)
    bias = pn.models.make("bias").fit(split.train, split.validation)
    expected = AUC()(bias.predict(split.test.rows)[keep], y[keep])
    known = found.known_users
    assert known.bias == pytest.approx(expected, abs=1e-5)
    assert known.gain.value == pytest.approx(known.best - known.bias)
    assert known.gain.low < known.gain.value < known.gain.high


@pytest.mark.parametrize(
    ("gains", "low", "words"),
    [
        ((0.04, 0.05), 0.01, "holds on all two other splits: +0.045 AUC on average, which reaches"),
        ((0.04, 0.05), -0.01, "is clear on none of 2 other splits"),
        ((0.01, 0.02), 0.005, "which falls short of the mark"),
    ],
)
def test_the_mark_needs_the_gain_and_its_interval(gains, low, words):
    results = [
        SeedResult(n, part, part)
        for n, part in enumerate(
            AucGain(0.7 + g, 0.7, Gain(g, low, g + 0.01, "beats")) for g in gains
        )
    ]
    (conclusion,) = seed_comparison.section(BEST, results).conclusions
    assert words in conclusion.sentence


def test_lists_have_authors_reasons_and_chances(setup, alternatives):
    found = recommendations.recommend_books(setup, BEST)
    part = recommendations.section(BEST, found)
    assert len(part.tables) == 6
    by_best, by_neighbours = part.tables[:2]
    assert by_best.frame.columns == ["book", "author", "year", "chance", "why"]
    assert "chance" not in by_neighbours.frame.columns
    chances = by_best.frame["chance"].to_list()
    assert sorted(chances, reverse=True) == chances
    assert 0 <= chances[-1] <= chances[0] <= 1
    log = setup.log
    for reader, listed in zip(found.readers, found.best, strict=True):
        index = int(log.users.indices([reader.user])[0])
        seen = log.events["item"].to_numpy()[log.events["user"].to_numpy() == index]
        assert len(seen) == reader.ratings
        assert not set(log.titles(seen)) & set(listed.titles)


def test_what_a_model_says_is_kept_short(setup):
    model = pn.models.make("bias").fit(setup.split.train)
    found = predict_parts(model, setup)
    assert found.validation == pytest.approx(model.predict(setup.validation.rows), abs=1e-6)
    assert not found.probabilities


def test_models_above_everything_are_those_that_the_table_shows_above():
    def above(f1):
        return published_part.above_everything(
            {EVERYTHING: {"F1 test": 0.7329}, "one": {"F1 test": f1}}
        )

    assert above(0.7331) == ["one"]
    assert above(0.73291) == []
    assert above(0.7329) == []
    assert above(0.6) == []
