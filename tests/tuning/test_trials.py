"""Each trial, its score and its failures."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import TEST
from penchant.errors import DataError, ParameterError, PenchantError
from penchant.evaluation.validation import validation_score
from penchant.metrics import parse
from penchant.models import EASE, Bias, MajorityClass, Popular
from penchant.run import Run
from penchant.testing import planted_pairs, planted_ratings
from penchant.testing.logs import SCALE
from support.tuning import Peak


def test_scores_are_those_of_the_model_on_validation(grid, rated):
    best = grid.best().fit(rated.train, rated.validation)
    again = validation_score(best, rated.validation, parse("f1"), threshold=4.0, run=Run())
    assert again == grid.best_trial.score


def test_lower_is_better_where_it_is(rated):
    tuning = pn.tune(Peak(), rated, "rmse", space={"at": [0, 3, 7]})
    assert tuning.best_trial.values == {"at": 3}
    assert not tuning.higher_is_better
    assert tuning.best_so_far() == [tuning.trials[0].score, *[tuning.trials[1].score] * 2]


def test_what_is_on_the_test_side_changes_nothing():
    log = planted_ratings()
    split = pn.split_random(log, validation=0.2, test=0.2)
    frame, rng = log.frame().drop("row"), np.random.default_rng(0)
    test = split.sides == TEST
    ratings = frame["rating"].to_numpy().copy()
    ratings[test] = rng.permutation(ratings[test])
    items = frame["item"].to_numpy().copy()
    items[test] = rng.permutation(items[test])
    frame = frame.with_columns(rating=pl.Series(ratings), item=pl.Series(items))
    other = Dataset.from_frame(frame, item_table=log.item_table, name=log.name, scale=SCALE)
    assert other.fingerprint != log.fingerprint
    changed = dataclasses.replace(split, log=other)
    for metric in ("ndcg@10", "rmse", "f1"):
        one, two = (pn.tune(Bias(), s, metric, trials=5, method="random") for s in (split, changed))
        assert [(t.values, t.score) for t in one.trials] == [
            (t.values, t.score) for t in two.trials
        ]


def test_a_like_may_start_lower(rated):
    scores = {
        like: pn.tune(Bias(), rated, "auc", space={"l2_item": [5]}, like=like).best_trial.score
        for like in (None, 4, 2)
    }
    assert scores[None] == scores[4] != scores[2]


def validation_figure(model, split, **options):
    """What a comparison says of a model on validation events."""
    table = pn.evaluate({"m": model}, split, ["ndcg@10"], replicates=1, **options).table()
    return table["m"].validation


@pytest.mark.parametrize("options", [{}, {"relevant": "liked"}, {"relevant": "liked", "like": 3}])
def test_lists_are_judged_by_the_events_that_a_comparison_judges_them_by(options):
    split = pn.split_random(planted_ratings(), validation=0.2, test=0.2)
    tuning = pn.tune(EASE(), split, space={"l2": [1, 100]}, **options)
    assert tuning.relevant == options.get("relevant", "all")
    for trial in tuning.trials:
        model = EASE(l2=trial.values["l2"])
        assert trial.score == pytest.approx(validation_figure(model, split, **options))
    positive = dataclasses.replace(split, log=dataclasses.replace(split.log, positive=4.0))
    by_default = pn.tune(EASE(l2=1), positive, space={"seed": [0]}, like=options.get("like"))
    assert by_default.relevant == "liked"
    wanted = validation_figure(EASE(l2=1), positive, like=options.get("like"))
    assert by_default.best_trial.score == pytest.approx(wanted)
    everything = pn.tune(EASE(l2=1), positive, space={"seed": [0]}, relevant="all")
    assert everything.best_trial.score != by_default.best_trial.score


@pytest.mark.parametrize("repeats", ["excluded", "allowed", "only"])
def test_lists_may_hold_repeats_as_in_a_comparison(repeats):
    frame = pl.concat([planted_pairs(n_users=60).frame().drop("row")] * 2)  # everything twice
    split = pn.split_random(Dataset.from_frame(frame), validation=0.2, test=0.2)
    tuning = pn.tune(Popular(), split, space={"seed": [0]}, repeats=repeats)
    assert tuning.split.repeats == repeats
    assert tuning.to_dict()["repeats"] == repeats
    wanted = validation_figure(Popular(), split, repeats=repeats)
    assert tuning.best_trial.score == pytest.approx(wanted)


def test_nothing_relevant_is_refused_before_anything_is_fitted(rated):
    with pytest.raises(ParameterError, match="No validation event has a rating of at least 9"):
        pn.tune(EASE(), rated, space={"l2": [1]}, relevant="liked", like=9)
    bare = Dataset.from_frame(planted_pairs(n_users=40).frame().select("user", "item"))
    with pytest.raises(ParameterError, match="relevant='liked' needs ratings"):
        pn.tune(EASE(), pn.split_random(bare), space={"l2": [1]}, relevant="liked")
    with pytest.raises(ParameterError, match="relevant is 'all' or 'liked', not 'some'"):
        pn.tune(EASE(), rated, space={"l2": [1]}, relevant="some")
    assert pn.tune(Bias(), rated, "rmse", space={"l2_item": [5]}).relevant is None


def test_a_model_is_told_what_a_like_is(rated):
    tuning = pn.tune(MajorityClass(), rated, "log-loss", space={"seed": [0]}, like=2.5)
    share = float((rated.train.ratings >= 2.5).mean())
    truth = rated.validation.ratings >= 2.5
    loss = -np.log(np.where(truth, share, 1 - share)).mean()
    assert tuning.best_trial.score == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("failing", "problem"),
    [
        ("data", "There is too little of it."),
        ("number", "ZeroDivisionError: division by zero"),
    ],
)
def test_failing_trials_are_recorded(rated, failing, problem):
    tuning = pn.tune(Peak(at=3), rated, "rmse", space={"failing": [failing, ""]})
    bad, good = tuning.trials
    assert (bad.score, bad.problem) == (None, problem)
    assert tuning.best_trial == good
    assert tuning.best_so_far() == [None, good.score]
    assert f"1 of 2 trials failed, the first because: {problem}" in str(tuning)
    assert tuning.frame()["problem"].to_list() == [problem, None]


def test_an_impossible_value_is_a_failed_trial(split):
    tuning = pn.tune(EASE(), split, space={"l2": [0, 10]})
    assert "l2 cannot be 0" in tuning.trials[0].problem
    assert tuning.best_trial.values == {"l2": 10}


def test_all_failing_is_an_error(split, rated):
    with pytest.raises(DataError, match="too little of it"):
        pn.tune(Peak(failing="data"), rated, "rmse", space={"at": [1, 2]})
    with pytest.raises(PenchantError, match="All 2 trials have failed, the first because: There"):
        pn.tune(Peak(), rated, "rmse", space={"failing": ["data", "number"]})
    with pytest.raises(ParameterError, match="EASE only ranks"):
        pn.tune(EASE(), split, "rmse", trials=3, method="random")


def test_a_mistake_in_a_program_is_not_hidden(rated):
    with pytest.raises(KeyError):
        pn.tune(Peak(), rated, "rmse", space={"failing": ["", "bug"]})


def test_an_interruption_keeps_what_there_is(rated, notices):
    tuning = pn.tune(Peak(), rated, "rmse", space={"failing": ["", "stop", "data"]})
    assert tuning.interrupted
    assert [t.values["failing"] for t in tuning.trials] == [""]
    assert "Interrupted after 1 of 3 trials." in str(tuning)
    assert "interrupted after 1 of 3" in notices()
    with pytest.raises(KeyboardInterrupt):
        pn.tune(Peak(), rated, "rmse", space={"failing": ["data", "stop", ""]})


def test_the_same_values_are_not_fitted_twice(rated):
    fitted = []

    class Counted(Peak):
        def _fit(self, train, validation, run):
            fitted.append(self.at)
            super()._fit(train, validation, run)

    tuning = pn.tune(Counted(), rated, "rmse", space={"at": [1, 3]}, method="random", trials=9)
    assert len(tuning.trials) == 9
    assert sorted(fitted) == [1, 3]
    assert [t.number for t in tuning.trials] == list(range(1, 10))
    assert sum(t.seconds == 0 for t in tuning.trials) == 7


def test_a_split_without_validation_is_refused():
    split = pn.split_per_user(planted_pairs(), validation=0, test=0.2)
    with pytest.raises(ParameterError, match="the split has none"):
        pn.tune(EASE(), split)


def test_no_trial_begins_once_the_minutes_are_over(rated, tmp_path):
    study, options = tmp_path / "study", {"trials": 50, "method": "random", "study": None}
    one = pn.tune(Bias(), rated, "rmse", minutes=1e-9, **options)
    assert len(one.trials) == 1  # the model as it is given
    assert one.out_of_time
    assert not one.interrupted
    assert "The 1e-09 minutes were over after 1 of 50 trials." in one.sentences
    assert one.to_dict()["out_of_time"] is True
    all_trials = pn.tune(Bias(), rated, "rmse", minutes=60, trials=3, method="random")
    assert len(all_trials.trials) == 3
    assert not all_trials.out_of_time
    options["study"] = study
    first = pn.tune(Bias(), rated, "rmse", trials=2, method="random", study=study)
    spent = sum(trial.seconds for trial in first.trials) / 60
    # What a study has taken before counts.
    assert len(pn.tune(Bias(), rated, "rmse", minutes=0.999 * spent, **options).trials) == 2
    assert len(pn.tune(Bias(), rated, "rmse", minutes=spent + 1e-9, **options).trials) == 3
    with pytest.raises(ParameterError, match=r"minutes must be above 0, not 0\."):
        pn.tune(Bias(), rated, "rmse", minutes=0)
