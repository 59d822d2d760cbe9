from __future__ import annotations

import json
import shlex


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
