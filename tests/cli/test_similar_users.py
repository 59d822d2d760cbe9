"""`penchant similar-users` on the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

import penchant as pn


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


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_all_users_to_a_file(call, bundle, tiny, tmp_path, ending):
    path = tmp_path / f"users.{ending}"
    result = call("similar-users", bundle, "-k", 2, "-o", path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    readers = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}
    frame = readers[ending](path)
    assert frame.columns == ["user", "similar", "rank", "score"]
    assert frame["user"].n_unique() == tiny.n_users
    assert (frame["user"] != frame["similar"]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Say for whom"),
        (("-u", "99999"), "for someone new give what they like with --items"),
        (("-o", "users.xlsx"), "must be one of .csv"),
    ],
)
def test_impossible_wishes(call, bundle, options, words):
    result = call("similar-users", bundle, *options)
    assert result.exit_code == 1
    assert words in result.stderr
