"""Earlier states of a user's own network: listed, shown and put back."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest

from penchant.bundle import restore, save
from penchant.models import make
from penchant.testing import planted_attributes

SPEC = "per-user:cell=lstm,hidden=4,dim=4,epochs=20,update_epochs=20,learning_rate=0.03"
USER, OTHER = 3, 5


@pytest.fixture(scope="module")
def log():
    return planted_attributes(n_users=20, n_items=40, per_user=20)


@pytest.fixture
def updated(call, log, tmp_path):
    """A bundle whose user 3 was updated twice, and the model before."""
    model = make(SPEC).fit(log)
    before = model.scores(model.histories_of([USER, OTHER]))
    folder = save(model, tmp_path / "networks")
    had = set(log.frame().filter(user=USER)["item"])
    first, second = [item for item in log.items.ids if item not in had][:2]
    for item in (first, second):
        path = tmp_path / "new.csv"
        path.write_text(f"user,item,rating\n{USER},{item},1\n")
        result = call("update", folder, path, "--in-place")
        assert result.exit_code == 0, result.stderr
    return folder, before


def facts(call, *words):
    result = call("recall", *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_states_are_listed(call, updated, log):
    folder, before = updated
    states = facts(call, folder, USER)["states"]
    assert [(s["state"], s["events"]) for s in states] == [(0, 20), (1, 21), (None, 22)]
    first = states[0]
    assert (first["ratings"], first["unseen"]) == (22, log.n_items - 22)
    model = restore(folder)
    history = model.histories_of([USER])
    unseen = np.setdiff1d(np.arange(log.n_items), history.items)
    assert first["likes"] == int((before[0, unseen] >= 0).sum())  # an output of 0 is one half
    liked = history.ratings >= 4
    assert first["right"] == int(((before[0, history.items] >= 0) == liked).sum())
    shown = call("recall", folder, USER)
    assert "22 events" in shown.stdout
    advice = next(line for line in shown.stderr.splitlines() if line.startswith("Next: "))
    assert call(*shlex.split(advice)[2:]).exit_code == 0


def test_a_state_is_shown_and_nothing_is_changed(call, updated):
    folder, before = updated
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    places = facts(call, folder, USER, "--state", 0, "-k", 3)["lists"][0]["items"]
    scores = dict(zip(restore(folder).items_.ids, before[0], strict=True))
    for place in places:
        assert place["score"] == pytest.approx(scores[place["item"]], abs=1e-4)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    shown = call("recall", folder, USER, "--state", 0, "-k", 3)
    assert f"For user {USER}, by the state 0 of their network" in shown.stdout
    assert "--in-place" in shown.stderr


def test_a_state_is_put_back_and_the_newer_one_can_be_had_again(call, updated, tmp_path):
    folder, before = updated
    later = restore(folder)
    now = later.scores(later.histories_of([USER, OTHER]))
    assert np.abs(now[0] - before[0]).max() > 1e-3
    result = call("recall", folder, USER, "--state", 0, "-o", tmp_path / "back")
    assert result.exit_code == 0, result.stderr
    assert "What it was until now is kept as its state 2" in result.stdout
    model = restore(tmp_path / "back")
    np.testing.assert_allclose(model.scores(model.histories_of([USER, OTHER])), before, atol=1e-4)
    again = call("recall", tmp_path / "back", USER, "--state", 2, "--in-place")
    assert again.exit_code == 0, again.stderr
    model = restore(tmp_path / "back")
    np.testing.assert_allclose(model.scores(model.histories_of([USER, OTHER])), now, atol=1e-4)


def test_a_user_who_was_never_updated(call, updated):
    folder, _ = updated
    result = call("recall", folder, OTHER)
    assert "has no earlier state: it was never updated" in result.stderr
    assert result.stdout.count("now") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((USER, "--state", 7), "has no earlier state 7; there are: 0, 1."),
        ((999,), "The model does not know the user 999"),
        ((USER, "--in-place"), "Say with --state which earlier state is to be put back"),
        ((USER, "-s", 0, "--in-place", "-o", "x"), "either -o with a new folder, or --in-place"),
    ],
)
def test_impossible_wishes(call, updated, words, sentence):
    result = call("recall", updated[0], *words)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_other_models_have_no_states(call, bundle):
    result = call("recall", bundle, 1)
    assert result.exit_code == 1
    assert "EASE keeps no earlier states, as per-user does" in result.stderr
