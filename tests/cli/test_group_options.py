from __future__ import annotations

import json

import pytest

from support.list_files import READERS


@pytest.fixture
def members(tiny):
    return [tiny.users[n] for n in (0, 1, 5)]


def test_one_list_for_a_group(call, bundle, members):
    names = ",".join(map(str, members))
    words = ("recommend", bundle, "--group", names, "-k", 4)
    result = call(*words)
    assert result.exit_code == 0, result.stderr
    assert f"For {', '.join(map(str, members))} together" in result.stdout
    for member in members:
        assert f"for {member}" in result.stdout
    places = json.loads(call(*words, "--json").stdout)["list"]
    assert [place["rank"] for place in places] == [1, 2, 3, 4]
    assert all(len(place["places"]) == 3 for place in places)
    again = ("recommend", bundle, *(w for m in members for w in ("--group", m)), "-k", 4, "--json")
    assert json.loads(call(*again).stdout)["list"] == places
    least = call(*words, "--how", "least-misery", "--values", "scores", "--json")
    scores = [place["score"] for place in json.loads(least.stdout)["list"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("ending", READERS)
def test_to_a_file(call, bundle, members, tmp_path, ending):
    path = tmp_path / f"list.{ending}"
    names = ",".join(map(str, members))
    result = call("recommend", bundle, "--group", names, "-k", 3, "-o", path)
    assert result.exit_code == 0, result.stderr
    frame = READERS[ending](path)
    assert frame["group"].unique().to_list() == [", ".join(map(str, members))]
    assert len(frame) == 3
    if ending in ("csv", "xlsx"):
        assert all(len(text.split(" ")) == 3 for text in frame["places"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--group", "1,2", "--user", "3"), "--group is for users of the log, and makes one list"),
        (("--group", "1,2", "--items", "3"), "--group is for users of the log, and makes one list"),
        (("--group", "1,2", "--explain"), "--explain is for single users"),
        (("--group", ""), "--group names nobody"),
        (("--group", "1,nobody"), "The model does not know the user nobody"),
        (("--user", "1", "--how", "least-misery"), "--how and --values are for a group"),
    ],
)
def test_impossible_wishes(call, bundle, options, words):
    result = call("recommend", bundle, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""
