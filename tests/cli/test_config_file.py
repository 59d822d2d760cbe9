from __future__ import annotations

import json
import shlex

import pytest

RUN = """
log = "{log}"
seed = 3
min_rating = 2

[compare]
model = ["ease:l2=10", "item-knn"]
metric = "ndcg@5"
replicates = 50
split = "random"

[tune]
minutes = 0.5
"""


@pytest.fixture
def run_toml(tmp_path, tiny_csv):
    path = tmp_path / "run.toml"
    path.write_text(RUN.format(log=tiny_csv))
    return path


def test_options_of_a_file_and_the_same_on_the_command_line(call, run_toml, tiny_csv):
    answer = json.loads(call("compare", "--config", run_toml, "--json").stdout)
    words = shlex.split(answer["reproduce"])[1:]
    assert "--config" not in words
    assert words[words.index("--min-rating") :][:2] == ["--min-rating", "2"]
    assert words[words.index("--seed") :][:2] == ["--seed", "3"]
    assert list(answer["settings"]["models"])[:2] == ["ease:l2=10", "item-knn"]
    again = json.loads(call(*words, "--json").stdout)
    figures = [e["figures"] for e in answer["tables"]["ranking"]["entries"]]
    assert figures == [e["figures"] for e in again["tables"]["ranking"]["entries"]]
    assert again["reproduce"] == answer["reproduce"]


def test_the_command_line_comes_before_the_file(call, run_toml):
    options = ("--seed", 4, "-m", "popular", "--json")
    answer = json.loads(call("compare", "--config", run_toml, *options).stdout)
    assert "--seed 4" in answer["reproduce"]
    assert "ease" not in answer["reproduce"]


def test_a_table_of_another_command_says_nothing_of_this_one(call, run_toml):
    result = call("split", "--config", run_toml, "-o", run_toml.parent / "parts", "--json")
    assert result.exit_code == 0, result.stderr
    assert "--seed 3" in json.loads(result.stdout)["reproduce"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("modle = 'ease'", "the key 'modle', which no command has: do you mean 'model'?"),
        ("[compare]\nmetrics = 'rmse'", "'metrics', which compare has not: do you mean 'metric'?"),
        ("[tune]\nreplicats = 3", "which tune has not"),
        ("[comparison]\nseed = 1", "which is no command: do you mean 'compare'?"),
        ("compare = {seed = {}}", "seed is neither a value nor a list of values"),
        ("log = ['a', 'b']", "log takes one value, not a list"),
        ("details = 'yes'", "details is true or false, not 'yes'"),
        ("seed = true", "seed takes a value, not true or false"),
        ("config = 'other.toml'", "the key 'config', which no command has"),
        ("seed = ", "is no TOML"),
        ("replicates = 'many'", "run.toml: replicates cannot be 'many': "),
        ("[compare]\nreplicates = 2.5", "run.toml: replicates cannot be '2.5': "),
        ("split = 'by-tme'", "run.toml: split cannot be 'by-tme': "),
        ("\xff", "is no TOML"),
    ],
)
def test_what_a_file_may_not_say(call, tmp_path, content, words):
    path = tmp_path / "run.toml"
    path.write_bytes(content.encode("latin-1"))
    result = call("compare", "--config", path)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_no_file(call, tmp_path, tiny_csv):
    assert "No such file" in call("compare", tiny_csv, "--config", tmp_path / "none").stderr
