"""What tests of robustness share: sizes, figures and faults."""

from __future__ import annotations

import json

import pytest

from support import fuzzing
from support.fuzzing import generator, tally, tries
from support.scripts import loaded_script


@pytest.fixture
def report(tmp_path, monkeypatch):
    path = tmp_path / "report.jsonl"
    monkeypatch.setenv("PENCHANT_FUZZ_REPORT", str(path))
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


def test_sizes_and_seeds(monkeypatch):
    monkeypatch.setattr(fuzzing, "FACTOR", 50)
    assert (tries(3), tries(3, 100), tries(3, 1000)) == (150, 100, 150)
    same, other = generator("a").integers(1 << 40), generator("b").integers(1 << 40)
    assert same == generator("a").integers(1 << 40) != other
    monkeypatch.setattr(fuzzing, "SEED", 1)
    assert same != generator("a").integers(1 << 40)


def test_a_fault_fails_the_test_and_is_in_the_figures(report):
    words = r"1 faults of files \(seed \d+\):\nthird one"
    with pytest.raises(AssertionError, match=words), tally("files") as counts:  # noqa: PT012
        counts.refused += 2
        counts.accepted += 3
        counts.fault("third one")
    with pytest.raises(ZeroDivisionError), tally("divisions") as counts:
        counts.accepted = 1 // 0
    rows = report()
    assert [(row["what"], row["tried"], row["faults"]) for row in rows] == [
        ("files", 6, 1),
        ("divisions", 1, 1),
    ]


def test_the_table_has_a_row_each_and_their_sum(report):
    for what in ("files", "kills"):
        with tally(what) as counts:
            counts.refused, counts.accepted = 2, 3
    with loaded_script("fuzz") as fuzz:
        lines = fuzz.table([row | {"seconds": 1.5} for row in report()]).splitlines()
    assert lines[2:] == [
        "| files | 5 | 2 | 3 | 0 | 1.5 |",
        "| kills | 5 | 2 | 3 | 0 | 1.5 |",
        "| all | 10 | 4 | 6 | 0 | 3 |",
    ]
