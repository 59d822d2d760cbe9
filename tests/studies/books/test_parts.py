"""Parts of the study of books: the moved threshold, the verdicts, the seeds, the lists."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import penchant as pn
from penchant.data.sources import book_crossing
from penchant.metrics import AUC
from penchant.run import Run
from penchant.studies.books import evaluation as books_judged
from penchant.studies.books import honest as books_honest
from penchant.studies.books import recommendations as books_recommended
from penchant.studies.books import seeds as books_seeds
from penchant.studies.books import strong_models as books_strong
from penchant.studies.books import threshold_trap as books_trap
from penchant.studies.books.networks import JACCARD, NETWORKS
from penchant.studies.books.setup import EVERYTHING, Setup, answers, f1, own_cut, rounded, scores
from penchant.studies.study import EvaluationSummary, Steps
from support import book_crossing_files

PLAIN, ADJUSTED = JACCARD
BEST = "ordinal regression"
SPECS = books_strong.specs  # all of them; most tests make do with two


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    log = book_crossing.read(book_crossing_files.write(tmp_path_factory.mktemp("books")))
    return Setup(log=log, seed=13, run=Run(threads=1), epochs=2, seeds=1, quick=True)


def told(setup, values, *, chances=False):
    """What a contender would be that says these of validation and test rows."""
    validation, test = values
    return {
        "validation": rounded(validation),
        "test": rounded(test),
        "published test": rounded(test),
        "chances": chances,
        "seconds": 0.1,
        "parameters": 1,
    }


def truth(setup):
    return [np.asarray(h.ratings, float) for h in (setup.validation, setup.test)]


@pytest.fixture(scope="module")
def published(setup):
    """Jaccard and networks: most say the same of everything, one knows, one knows the reverse."""
    same = [np.full(len(h), 8.5) for h in (setup.validation, setup.test)]
    found = {each.name: told(setup, same) for each in NETWORKS}
    found["simple MSE (original)"] = told(setup, truth(setup))
    found["Glorot-normal (original)"] = told(setup, [-r for r in truth(setup)])
    rng = np.random.default_rng(0)
    noisy = [r - 1 + rng.normal(0, 0.5, len(r)) for r in truth(setup)]
    found[PLAIN] = told(setup, noisy)
    found[ADJUSTED] = told(setup, [setup.targets["adjusted"].of_ratings(r) for r in noisy])
    return found


@pytest.fixture(scope="module")
def strong(setup, monkeypatch_module):
    specs = {BEST: "ordinal:target=like>=8", "dot product with biases": "dot:dim=8"}
    monkeypatch_module.setattr(books_strong, "specs", lambda _: specs)
    monkeypatch_module.setattr(books_seeds, "specs", lambda _: specs)
    monkeypatch_module.setattr(books_recommended, "specs", lambda _: specs)
    return books_strong.strong(Steps("books", setup.log, version=1), setup)


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def judged(setup, published, strong):
    steps = Steps("books", setup.log, version=1)
    return steps.do("judged", lambda: books_judged.judged(setup, published, strong))


# The trap


def test_the_moved_threshold_does_what_the_adjusted_target_does(setup, published):
    part = books_trap.section(setup, published)
    frame = part.tables[0].frame
    plain, moved, adjusted = frame.rows(named=True)[:3]
    assert (plain["counted from"], adjusted["counted from"]) == (8, 8)
    assert moved["counted from"] == pytest.approx(5 + np.log(7 / 2), abs=1e-4)
    # Here the adjusted predictions are the transformed original ones, so that nothing else is new.
    assert moved["F1 test"] == pytest.approx(adjusted["F1 test"])
    assert plain["F1 test"] < moved["F1 test"]
    words = " ".join(conclusion.sentence for conclusion in part.conclusions)
    assert "all of the gain" in words
    assert "decide 100.0% of the test rows alike" in words
    assert frame["predictions"].to_list()[-1] == EVERYTHING


def test_the_curve_is_f1_at_each_threshold_and_begins_with_everything(setup):
    predicted, liked = truth(setup)[0] * 0.8 + 1, setup.liked(setup.validation)
    curve = books_trap.curve(predicted, liked)
    assert curve[1.0] == pytest.approx(f1(np.ones(len(liked)), liked))
    for cut in (5.0, 7.4, 8.2):
        assert curve[cut] == pytest.approx(f1(predicted >= cut, liked))
    assert curve[10.0] == 0


# The verdicts


def test_published_networks_are_judged_against_everything(judged):
    verdicts = {name: f["verdict"] for name, f in judged["f1"].items()}
    assert verdicts["simple MSE (original)"] == "beats"
    assert verdicts["Glorot-normal (original)"] == "worse"
    assert verdicts["dropout .97 (adjusted)"] == "no better"
    assert judged["f1"]["dropout .97 (adjusted)"]["gain"] == 0
    weak = books_honest.not_better(judged)
    assert len(weak) == len(NETWORKS) - 1
    assert "simple MSE (original)" not in weak


def test_all_are_judged_on_the_same_rows(setup, judged, published, strong):
    warm = setup.warm(setup.split)
    assert 0 < judged["warm rows"] == warm.sum() < judged["rows"] == len(setup.test)
    for part, keep in (("all", np.ones(len(warm), bool)), ("warm", warm)):
        table = EvaluationSummary.load(judged[part]).tables["like"]
        assert table.rows == keep.sum()
        y = setup.liked(setup.test)[keep]
        figures = {e.name: e.metrics for e in table.entries}
        assert set(figures) == {*books_judged.compared_networks(), *strong["said"]}
        assert figures["simple MSE (original)"]["auc"].value == 1
        assert figures[EVERYTHING]["auc"].value == 0.5
        assert figures[EVERYTHING]["precision-at-recall@80"].value == pytest.approx(y.mean())
        found = strong["said"][BEST]
        assert figures[BEST]["auc"].value == pytest.approx(AUC()(scores(found, "test")[keep], y))
        decided = scores(found, "test")[keep] >= own_cut(found, setup)
        assert figures[BEST]["f1"].value == pytest.approx(f1(decided, y))
        assert figures[BEST]["log-loss"].value > 0
        assert np.isnan(figures[PLAIN]["log-loss"].value)
        assert {e.name for e in table.entries if e.trivial} == set(strong["trivial"])


def test_the_best_is_chosen_on_validation_rows(setup, strong):
    values = strong["validation"]
    assert strong["best"] == max((BEST, "dot product with biases"), key=values.__getitem__)
    y = setup.liked(setup.validation)
    own = AUC()(scores(strong["said"][BEST], "validation"), y)
    assert values[BEST] == pytest.approx(own, abs=1e-4)


def test_the_honest_section_names_who_is_no_better(setup, published, strong, judged):
    part = books_honest.section(setup, published, strong, judged)
    verdicts = [f.sentence for f in part.conclusions if f.level == "verdict"]
    assert f"{len(NETWORKS) - 1} of the {len(NETWORKS)} published networks" in verdicts[0]
    assert "all 9 with dropout" in verdicts[0]
    assert "all 3 with dropout" in verdicts[2]
    assert "simple MSE (original)" not in verdicts[0]
    assert "all 10 with layers or other weights" in verdicts[2]
    assert "simple MSE (original)" not in verdicts[2]
    assert "simple MSE (original)" in verdicts[3]
    assert "a2b" not in verdicts[3]
    (chart,) = part.charts
    assert chart.kind == "reliability"
    assert chart.series[0].name == strong["best"]
    assert [len(c.tables["like"].entries) > 5 for c in part.comparisons] == [True] * 2
    table = EvaluationSummary.load(judged["all"]).tables["like"]
    shown = part.tables[1].frame
    assert shown["all test rows"].to_list() == [e.name for e in table.entries]
    assert shown["AUC"].to_list() == [e.metrics["auc"].value for e in table.entries]
    assert shown["F1"].to_list() == [e.metrics["f1"].value for e in table.entries]


def test_without_lightgbm_there_are_no_trees(setup, monkeypatch):
    assert books_strong.TREES in SPECS(setup)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert books_strong.TREES not in SPECS(setup)


def test_likes_may_begin_elsewhere(setup):
    other = dataclasses.replace(setup, like=7.0)
    assert (other.cut("binary"), other.cut("adjusted")) == (0.5, 7)
    assert "like>=7" in SPECS(other)["ordinal regression"]
    assert other.liked(other.test).sum() > setup.liked(setup.test).sum()


# Seeds and lists


def test_seeds_give_gains_over_biases(setup, strong):
    (found,) = books_seeds.seeds(Steps("books", setup.log, version=1), setup, BEST)
    split = pn.split_random(setup.log, validation=0.1, test=0.1, seed=0)
    y, keep = setup.liked(split.test), setup.warm(split)
    bias = pn.models.make("bias").fit(split.train, split.validation)
    expected = AUC()(bias.predict(split.test.rows)[keep], y[keep])
    warm = found["warm"]
    assert warm["bias"] == pytest.approx(expected, abs=1e-5)
    assert warm["gain"] == pytest.approx(warm["best"] - warm["bias"])
    assert warm["low"] < warm["gain"] < warm["high"]


@pytest.mark.parametrize(
    ("gains", "low", "words"),
    [
        ((0.04, 0.05), 0.01, "is reached"),
        ((0.04, 0.05), -0.01, "not reached"),
        ((0.01, 0.02), 0.005, "not reached"),
    ],
)
def test_the_mark_needs_the_gain_and_its_interval(setup, gains, low, words):
    found = [
        {"seed": n, "all": figure, "warm": figure}
        for n, figure in enumerate(
            {"best": 0.7 + g, "bias": 0.7, "gain": g, "low": low, "high": g + 0.01} for g in gains
        )
    ]
    (conclusion,) = books_seeds.section(setup, BEST, found).conclusions
    assert words in conclusion.sentence


def test_lists_have_authors_reasons_and_chances(setup, strong):
    found = books_recommended.recommended(setup, BEST)
    part = books_recommended.section(BEST, found)
    assert len(part.tables) == 6
    by_best, by_neighbours = part.tables[:2]
    assert by_best.frame.columns == ["book", "author", "year", "chance", "why"]
    assert "chance" not in by_neighbours.frame.columns
    chances = by_best.frame["chance"].to_list()
    assert sorted(chances, reverse=True) == chances
    assert 0 <= chances[-1] <= chances[0] <= 1
    log = setup.log
    for reader, listed in zip(found["readers"], found["best"], strict=True):
        index = int(log.users.indices([reader["user"]])[0])
        seen = log.events["item"].to_numpy()[log.events["user"].to_numpy() == index]
        assert len(seen) == reader["ratings"]
        assert not set(log.titles(seen)) & set(listed["title"])


def test_what_a_model_says_is_kept_short(setup):
    model = pn.models.make("bias").fit(setup.split.train)
    found = answers(model, setup)
    assert found["validation"] == pytest.approx(model.predict(setup.validation.rows), abs=1e-6)
    assert not found["chances"]
