"""`penchant similar-users` on the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.models import EASE
from support.list_files import READERS


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_users_of_the_log(call, bundle, tiny, options):
    first, second = tiny.users[0], tiny.users[1]
    result = call("similar-users", bundle, "-u", first, "-u", second, "-k", 3, *options)
    assert result.exit_code == 0, result.stderr
    assert "compared by the cosine of histories" in result.stderr
    if not options:
        assert f"Like user {first}" in result.stdout
        assert f"Like user {second}" in result.stdout
        return
    answer = json.loads(result.stdout)
    expected = pn.similar_users(pn.restore(bundle), [first, second], 3)
    assert [one["user"] for one in answer["lists"]] == [first, second]
    mine = expected.filter(user=first).drop("user").to_dicts()
    assert answer["lists"][0]["similar"] == mine
    assert answer["compared_by"].startswith("the cosine of histories")


def test_someone_new(call, bundle, tiny):
    items = [tiny.items[0], tiny.items[2]]
    listed = ",".join(map(str, items))
    (answer,) = json.loads(call("similar-users", bundle, "--items", listed, "--json").stdout)[
        "lists"
    ]
    model = pn.restore(bundle)
    expected = pn.similar_users(model, model.history(items))
    assert answer["user"] is None
    assert answer["similar"] == expected.drop("history").to_dicts()
    assert "For someone who likes" in call("similar-users", bundle, "--items", listed).stdout


def test_whom_nobody_is_like(call, tmp_path):
    frame = pl.DataFrame({"user": ["a", "b", "c"], "item": ["x", "x", "y"]})
    folder = pn.save(EASE(l2=1.0).fit(Dataset.from_frame(frame)), tmp_path / "ease")
    result = call("similar-users", folder, "-u", "c", "-u", "a", "--json")
    lists = {one["user"]: one for one in json.loads(result.stdout)["lists"]}
    assert lists["c"] == {"user": "c", "similar": [], "reason": "no other user is like them"}
    assert [one["similar"] for one in lists["a"]["similar"]] == ["b"]
    assert "User c: no other user is like them." in result.stderr


def test_console_and_json_name_the_same_columns(call, bundle, tiny):
    words = ("similar-users", bundle, "-u", tiny.users[0])
    (place, *_) = json.loads(call(*words, "--json").stdout)["lists"][0]["similar"]
    assert set(place) == {"similar", "rank", "similarity"}
    assert "similarity" in call(*words).stdout


@pytest.mark.parametrize("ending", READERS)
def test_all_users_to_a_file(call, bundle, tiny, tmp_path, ending):
    path = tmp_path / f"users.{ending}"
    result = call("similar-users", bundle, "-k", 2, "-o", path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    frame = READERS[ending](path)
    assert frame.columns == ["user", "similar", "rank", "similarity"]
    assert frame["user"].n_unique() == tiny.n_users
    assert (frame["user"] != frame["similar"]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Say for whom"),
        (("-u", "99999"), "for someone new give what they like with --items"),
        (("-o", "users.ods"), "must be one of .csv"),
    ],
)
def test_impossible_wishes(call, bundle, options, words):
    result = call("similar-users", bundle, *options)
    assert result.exit_code == 1
    assert words in result.stderr
