from __future__ import annotations

import json

import polars as pl
import pytest


def test_users_of_the_log(call, bundle, tiny):
    first, second = tiny.users[0], tiny.users[1]
    result = call("recommend", bundle, "--user", first, "-u", second, "-k", 3)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("For user") == 2
    assert "The (19" in result.stdout


def test_reasons(call, bundle, tiny):
    words = ("recommend", bundle, "--user", tiny.users[0], "-k", 2, "--explain")
    assert "because" in call(*words).stdout
    (answer,) = json.loads(call(*words, "--json").stdout)["lists"]
    assert answer["user"] == tiny.users[0]
    assert [place["rank"] for place in answer["items"]] == [1, 2]
    assert answer["items"][0]["reasons"]


def test_someone_new_by_ids_and_by_titles(call, bundle, tiny):
    ids = [tiny.items[0], tiny.items[2]]
    by_ids = call("recommend", bundle, "--items", f"{ids[0]}, {ids[1]}", "--json")
    titles = [w for i in ids for w in ("--like-title", f"The Film {i}")]
    by_titles = call("recommend", bundle, *titles, "--json")
    assert json.loads(by_ids.stdout) == json.loads(by_titles.stdout)
    (answer,) = json.loads(by_ids.stdout)["lists"]
    assert answer["user"] is None
    assert not {place["item"] for place in answer["items"]} & set(ids)
    shown = call("recommend", bundle, *titles, "--explain").stdout
    assert f"For someone who likes Film {ids[0]}, The" in shown


@pytest.mark.parametrize("explain", [(), ("--explain",)])
@pytest.mark.parametrize("new", [True, False])
def test_candidates(call, bundle, tiny, explain, new):
    who = ("--items", tiny.items[0]) if new else ("--user", tiny.users[0])
    chosen = {tiny.items[n] for n in range(1, 20)}
    listed = ",".join(map(str, chosen))
    result = call("recommend", bundle, *who, "--candidates", listed, *explain, "--json")
    (answer,) = json.loads(result.stdout)["lists"]
    assert {place["item"] for place in answer["items"]} <= chosen
    assert all(("because" in place) == bool(explain) for place in answer["items"])


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_all_users_to_a_file(call, bundle, tiny, tmp_path, ending):
    path = tmp_path / "out" / f"lists.{ending}"
    result = call("recommend", bundle, "-k", 2, "--explain", "-o", path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    readers = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}
    frame = readers[ending](path)
    assert frame["user"].n_unique() == tiny.n_users
    assert {"user", "item", "title", "rank", "score", "because"} <= set(frame.columns)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Say for whom"),
        (("--user", "nobody"), "'nobody' is none"),
        (("--user", "99999"), "does not know the user 99999"),
        (("--items", "99999"), "does not know the item 99999"),
        (("--like-title", "Casablanca"), "No title fits 'Casablanca'"),
        (("--like-title", "Film"), "20 titles fit 'Film'"),
        (("--user", "1", "--items", "2"), "use one or the other"),
        (("-o", "lists.xlsx"), "must be one of .csv"),
        (("--user", "1", "--candidates", "x"), "'x' is none"),
    ],
)
def test_impossible_wishes(call, bundle, options, words):
    result = call("recommend", bundle, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_no_bundle(call, tmp_path):
    result = call("recommend", tmp_path, "--user", 1)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
