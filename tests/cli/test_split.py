from __future__ import annotations

import json
import shlex
from pathlib import Path


def test_a_log_is_divided_into_files(call, tiny_csv, tmp_path):
    words = ("split", tiny_csv, "--split", "random", "--seed", 4)
    result = call(*words, "-o", tmp_path / "one")
    assert result.exit_code == 0, result.stderr
    assert "drawn at random by row (seed 4)" in result.stdout
    assert str(tmp_path / "one" / "test.csv") in result.stdout
    facts = json.loads(call(*words, "-o", tmp_path / "two", "--json").stdout)
    for name in ("train.csv", "validation.csv", "test.csv", "split.json"):
        one, two = (tmp_path / folder / name for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    again = shlex.split(facts["reproduce"])[1:]
    assert "is there already" in call(*again).stderr
    assert "Name a new folder" in call(*words).stderr
    compared = call(
        "compare", tmp_path / "one" / "train.csv", "--test", tmp_path / "one" / "test.csv",
        "-m", "ease", "--metric", "hr@5", "--replicates", 50, "--json",
    )  # fmt: skip
    assert json.loads(compared.stdout)["split"]["test"] == facts["split"]["test"]


def test_parts_of_parquet_are_compared_and_audited(call, tiny_csv, tmp_path):
    words = ("split", tiny_csv, "--split", "random", "--seed", 4, "--format", "parquet")
    made = call(*words, "-o", tmp_path / "parts", "--json")
    facts = json.loads(made.stdout)
    assert [Path(name).name for name in facts["files"]] == [
        "train", "validation", "test", "split.json",
    ]  # fmt: skip
    assert facts["reproduce"].endswith("--format parquet")
    train, _, test, _ = facts["files"]
    compared = call(
        "compare", train, "--test", test, "-m", "item-knn", "--replicates", 50, "--json"
    )
    assert json.loads(compared.stdout)["split"]["test"] == facts["split"]["test"]
    answers = []
    for form in ("parquet", "csv"):
        call(*words[:-1], form, "-o", tmp_path / form)
        answer = json.loads(call("audit", tmp_path / form, "--json").stdout)
        answers.append([(found["rule"], found["level"]) for found in answer["findings"]])
        assert answer["name"].replace(".csv", "") == "train and validation and test"
    assert answers[0] == answers[1]
