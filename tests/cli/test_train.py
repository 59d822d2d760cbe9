from __future__ import annotations

import json
import logging
import shlex

import polars as pl
import pytest

import penchant as pn
from penchant.cli.train import learn
from penchant.models import make
from penchant.run import Run


def test_trains_and_keeps(call, tiny_csv, tmp_path):
    folder = tmp_path / "bundles" / "ease"
    result = call("train", tiny_csv, "-m", "ease:l2=10", "-o", folder)
    assert result.exit_code == 0, result.stderr
    assert "Learned EASE(l2=10.0)" in result.stdout
    advice = next(line for line in result.stderr.splitlines() if line.startswith("Next: "))
    followed = call(*shlex.split(advice)[2:])
    assert followed.exit_code == 0, followed.stderr
    assert "For user" in followed.stdout


def test_a_bundle_is_replaced_only_on_request(call, tiny_csv, tmp_path):
    words = ("train", tiny_csv, "-m", "popular", "-o", tmp_path / "it", "--json")
    first = json.loads(call(*words).stdout)
    assert first["model"] == "Popular()"
    assert first["reproduce"].startswith(f"penchant train {tiny_csv} --model popular")
    assert first["settings"]["seed"] == 0
    assert first["settings"]["versions"]["penchant"] == pn.__version__
    refused = call(*words)
    assert refused.exit_code == 1
    assert "--overwrite" in refused.stderr
    assert call(*words, "--overwrite").exit_code == 0


def test_settings_that_are_no_numbers_stand_as_one_gives_them(call, tiny_csv, tmp_path):
    spec = "dot:target=like>=4,epochs=1,dim=2"
    answer = json.loads(call("train", tiny_csv, "-m", spec, "-o", tmp_path / "it", "--json").stdout)
    assert answer["settings"]["target"] == "like>=4"
    assert answer["settings"]["epochs"] == 1


def test_a_network_decides_on_a_part_and_learns_from_all(tiny):
    model = learn(make("dot:dim=4,epochs=5,target=interaction"), tiny, 0.2, Run())
    assert model.log_fingerprint_ == tiny.fingerprint
    assert model.epochs <= 5


def test_the_events_that_stop_a_network_follow_what_they_follow_in_use(caplog):
    rows = [(session, session + place, place) for session in range(40) for place in range(5)]
    frame = pl.DataFrame(rows, schema=["session", "item", "time"], orient="row")
    visits = pn.read(frame.with_columns(item=frame["item"] % 9, time=frame["session"] * 60))
    ordered = pn.read(frame.drop("time").rename({"session": "user"}), order="rows")
    model = make("sasrec:dim=4,epochs=1")
    for log, kind, n_users in ((visits, "Whole sessions", 8), (ordered, "Each user's last", 40)):
        held_out = []
        fit = type(model).fit

        def watched(self, train, validation=None, *, run=None, fit=fit, held_out=held_out):
            held_out.append(validation)
            return fit(self, train, validation, run=run or Run())

        with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.INFO):
            patch.setattr(type(model), "fit", watched)
            learn(model, log, 0.2 if kind == "Whole sessions" else 0.1, Run())
        assert held_out[0].n_users == n_users
        assert not held_out[0].n_new_users
        assert f"How long to learn is decided by held-out events. {kind}" in caplog.text


def test_a_bundle_needs_a_place(call, tiny_csv):
    assert call("train", tiny_csv).exit_code == 2


def test_a_model_of_attributes_says_how_to_give_them(call, tiny, tiny_csv, tmp_path):
    result = call("train", tiny_csv, "-m", "per-user:epochs=1", "-o", tmp_path / "it")
    assert result.exit_code == 1
    assert "has no item table: give one whose column 'genres' has" in result.stderr
    assert "with --items FILE" in result.stderr
    table = tmp_path / "films.csv"
    rows = [f"{item},{'Comedy|War' if item % 2 else 'Drama'}" for item in tiny.items.ids]
    table.write_text("item,kinds\n" + "\n".join(rows))
    words = ("train", tiny_csv, "--items", table, "-o", tmp_path / "it")
    result = call(*words, "-m", "per-user:epochs=1")
    assert "its columns are kinds: name one of them with column=…" in result.stderr
    result = call(*words, "-m", "per-user:epochs=1,column=kinds")
    assert result.exit_code == 0, result.stderr


def test_a_training_that_would_take_too_long_is_refused(call, tiny_csv, tmp_path):
    words = ("train", tiny_csv, "-m", "mult-vae:epochs=1", "-o", tmp_path / "it")
    result = call(*words, "--max-hours", "0")
    assert result.exit_code == 1
    assert "hours, and 0 are allowed: drop rare items" in result.stderr
    assert not (tmp_path / "it").exists()
