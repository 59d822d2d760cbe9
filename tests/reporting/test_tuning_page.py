"""The page of a tuning."""

from __future__ import annotations

import pytest

import penchant as pn
from penchant.models import DotProduct, make
from penchant.models.parameters import Space
from penchant.reporting import report
from penchant.reporting.graphs.tuning import by_value


@pytest.fixture(scope="module")
def split(planted):
    return pn.split_per_user(planted(), validation=0.15, test=0.2)


def test_a_grid_has_a_heat_map_charts_trials_and_edges(split, checked, hostile, tmp_path):
    tuning = pn.tune(
        lambda inflection, steepness: DotProduct(
            dim=4, epochs=3, target=pn.Adjusted(inflection, steepness, 1, 5)
        ),
        split,
        "auc",
        space={"inflection": [2, 3, 4], "steepness": [0.5, 1.5, 2.5]},
    )
    page = checked(report(tuning, tmp_path / "deep" / "tuning.html"))
    for sentence in tuning.sentences:
        assert sentence in page.text
    assert "auc on validation for each inflection (down) and steepness (across)" in page.text
    assert page.source.count('class="n shade') == 9
    assert page.source.count("<figure") == 3
    for trial in tuning.trials:
        assert f"{trial.score:.4f}" in page.text
    assert "All trials, in the order of trying" in page.text
    assert "a function of inflection and steepness" in page.text
    assert hostile in page.text


def test_random_trials_with_failures_and_values_without_order(split, checked, tmp_path):
    space = {"l2": Space(0.01, 1, log=True), "target": ["rating", "like>=4", "like>=9"]}
    tuning = pn.tune(
        make("dot:dim=2,epochs=2"), split, "log-loss", space=space, trials=9, method="random"
    )
    failed = [t.problem for t in tuning.trials if t.score is None]
    assert 0 < len(failed) < 9
    page = checked(report(tuning, tmp_path / "tuning.html"))
    assert failed[0] in page.text
    assert "l2 from 0.01 to 1, on a logarithmic scale" in page.text
    assert "'l2': Space(0.01, 1, log=True)," in page.text
    assert "model = make('dot:dim=2,epochs=2')" in page.text


def test_a_value_that_the_log_decides_on_has_no_place_in_a_chart(split, checked, tmp_path):
    tuning = pn.tune(make("ease"), split, "ndcg@5", trials=4, method="random")
    drawn = by_value(tuning, "l2").to_dict()["series"][0]
    values = [trial.values["l2"] for trial in tuning.trials[1:]]
    assert list(drawn["x"]) == values
    checked(report(tuning, tmp_path / "tuning.html"))


def test_what_the_page_says_to_run_gives_the_same(split, tmp_path):
    from penchant.reporting.pages.tuning import snippet

    tuning = pn.tune(make("ease:l2=3"), split, "ndcg@5", trials=4, method="random", seed=5)
    code = snippet(tuning).replace("log = ...", "log = given.log")
    code = code.replace("split = ...", "split = given").replace("tuning.html", "again.html")
    names = {"given": split}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        exec(code, names)
    again = names["tuning"]
    assert [(t.values, t.score) for t in again.trials] == [
        (t.values, t.score) for t in tuning.trials
    ]
    assert (tmp_path / "again.html").exists()


def test_only_the_best_of_many_trials_are_listed(split, checked, tmp_path):
    space = {"l2": [n + 1.0 for n in range(230)]}
    tuning = pn.tune(make("ease"), split, space=space)
    page = checked(report(tuning, tmp_path / "tuning.html"))
    assert "The best 200 of 230 trials" in page.text
    assert page.source.count('<th scope="row"') == 200
