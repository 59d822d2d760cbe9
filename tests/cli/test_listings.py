"""The commands `models`, `fetch` and `explore`."""

from __future__ import annotations

import json

from penchant.data.sources import CATALOGUE
from penchant.models import TABLE


def test_models_are_listed_with_parameters_and_ranges(call):
    listed = {each["name"]: each for each in json.loads(call("models", "--json").stdout)}
    assert list(listed) == list(TABLE)
    (l2,) = [p for p in listed["ease"]["parameters"] if p["name"] == "l2"]
    assert l2["default"] is None
    assert l2["tuned_over"] == {"low": 1, "high": 1e4, "log": True}
    assert "l2=None" in call("models", "ease").stdout
    assert call("models", "eese").exit_code == 1


def test_data_sets_are_listed(call):
    assert [each["name"] for each in json.loads(call("fetch", "--json").stdout)] == list(CATALOGUE)
    assert "1,000,209" in call("fetch").stdout


def test_a_data_set_is_found(call, mirror, tmp_path):
    words = ("fetch", "movielens-100k", "--mirror", mirror, "--cache", tmp_path, "--offline")
    assert json.loads(call(*words, "--json").stdout)["path"] == str(mirror / "movielens-100k")
    assert call(*words).stdout.startswith("movielens-100k is in ")
    assert call("fetch", "movielens-1", "--offline").exit_code == 1


def test_a_log_is_explored(call, tiny, tiny_csv, tmp_path):
    page = tmp_path / "page.html"
    result = call("explore", tiny_csv, "-o", page)
    assert result.exit_code == 0, result.stderr
    assert f"{len(tiny)}" in result.stdout.partition("events")[2].partition("\n")[0]
    assert "Check of 'tiny'" in result.stdout
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")
    found = json.loads(call("explore", tiny_csv, "--json").stdout)
    assert (found["summary"]["n_events"], found["summary"]["n_users"]) == (len(tiny), 40)
    assert sum(row["count"] for row in found["user_activity"]) == 40
