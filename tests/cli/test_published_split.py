"""Splits that were published with a data set, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

_NO_GENRES = "|".join("0" * 19)


@pytest.fixture
def mirrored(tmp_path, monkeypatch):
    """A small MovieLens 100K with one published split."""
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    pairs = [divmod(int(pair), 30) for pair in rng.permutation(40 * 30)[:600]]
    lines = [
        f"{u + 1}\t{i + 1}\t{1 + (u + i) % 5}\t{881250949 + n}\n" for n, (u, i) in enumerate(pairs)
    ]
    folder = tmp_path / "movielens-100k"
    folder.mkdir()
    files = {
        "u.data": "".join(lines),
        "u1.base": "".join(lines[:500]),
        "u1.test": "".join(lines[500:]),
        "u.item": "".join(f"{i}|F{i} (1995)|01-Jan-1995|||{_NO_GENRES}\n" for i in range(1, 31)),
        "u.user": "".join(f"{u}|30|M|writer|10001\n" for u in range(1, 41)),
        "u.genre": "unknown|0\n",
    }  # fmt: skip
    for name, text in files.items():
        Path(folder, name).write_text(text, encoding="latin-1")
    return "--mirror", tmp_path, "--offline"


def compared(call, *words):
    result = call("compare", "movielens-100k", *words, "-m", "ease", "--replicates", 50, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_published_split_is_compared_on(call, mirrored):
    published = "--published-split", "u1", "--metric", "hr@5"
    facts = compared(call, *mirrored, *published)
    assert (facts["split"]["train"], facts["split"]["test"]) == (500, 100)
    assert "--published-split u1" in facts["reproduce"]
    assert "--split" not in facts["reproduce"].split()
    stopped = compared(call, *mirrored, *published, "--validation", "0.2")
    assert stopped["split"]["validation"] == 100
    likes = compared(call, *mirrored, *published, "--positive", ">=4")
    assert likes["split"]["fingerprint"] != facts["split"]["fingerprint"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--published-split", "u9"), "has the splits u1, u2"),
        (("--published-split", "u1", "--test", "0.2"), "leave out --test"),
        (("--published-split", "u1", "--split", "time"), "cannot be used with --published-split"),
        (("--published-split", "u1", "--k-core", "2"), "cannot be used with --published-split"),
        (("--published-split", "u1", "--min-rating", "3"), "taken whole"),
        (("--published-split", "u1", "--header"), "cannot be used with the published data set"),
    ],
)
def test_what_contradicts_a_published_split_is_refused(call, mirrored, words, message):
    result = call("compare", "movielens-100k", *mirrored, *words, "-m", "ease", "--metric", "hr@5")
    assert result.exit_code == 1
    assert message in " ".join(result.stderr.split())


def test_files_have_no_published_split(call, tiny_csv):
    result = call("compare", tiny_csv, "--published-split", "u1", "-m", "ease")
    assert result.exit_code == 1
    assert "give files of test events with --test" in " ".join(result.stderr.split())
