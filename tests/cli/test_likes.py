"""`penchant likes` and explanations by attributes on the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

from penchant.bundle import restore, save
from penchant.like_lists import likes
from penchant.models import make
from penchant.testing import planted_attributes


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """A network over genres that predicts likes."""
    log = planted_attributes(n_users=20, n_items=30, per_user=10, cold_items=2)
    model = make("attribute-network:epochs=30,batch_size=32,learning_rate=0.01").fit(log)
    return save(model, tmp_path_factory.mktemp("bundles") / "judge")


def test_users_of_the_log(call, judge):
    result = call("likes", judge, "--user", 3, "-u", 7, "-k", 2)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("For user") == 2
    assert result.stdout.count("dislike") == 4
    assert "Item number " in result.stdout
    assert "dislike" not in call("likes", judge, "-u", 3, "--no-dislikes").stdout


def test_as_json_it_is_what_python_says(call, judge):
    answer = json.loads(call("likes", judge, "-u", 3, "-k", 4, "--json").stdout)
    assert answer["target"] == "like>=4"
    assert answer["log"] == "planted attributes"
    (of_user,) = answer["lists"]
    assert of_user["user"] == 3
    found = likes(restore(judge), [3], k=4).drop("user")
    assert of_user["items"] == found.to_dicts()
    by_default = json.loads(call("likes", judge, "-u", 3, "--json").stdout)["lists"][0]["items"]
    assert len(by_default) == len(likes(restore(judge), [3], k=10))


def test_someone_new(call, judge):
    result = call("likes", judge, "--items", "1,2", "--like-title", "Item number 3", "--json")
    (answer,) = json.loads(result.stdout)["lists"]
    assert answer["user"] is None
    assert not {place["item"] for place in answer["items"]} & {1, 2, 3}
    shown = call("likes", judge, "--items", "1,2", "-k", 1).stdout
    assert "For someone who likes Item number 1, Item number 2" in shown


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("rows", [2**18, 100])
def test_all_users_to_a_file(call, judge, tmp_path, monkeypatch, ending, rows):
    monkeypatch.setattr("penchant.cli.likes._ROWS", rows)
    path = tmp_path / "out" / f"likes.{ending}"
    result = call("likes", judge, "-o", path, "--json")
    assert result.exit_code == 0, result.stderr
    expected = likes(restore(judge))
    assert json.loads(result.stdout)["rows"] == len(expected)
    found = pl.read_csv(path) if ending == "csv" else pl.read_parquet(path)
    assert found.columns == expected.columns
    if ending == "csv":
        expected = expected.with_columns(pl.col("genres").list.join("|").replace("", None))
        found = found.with_columns(pl.col("genres").replace("", None))
    assert found.select("user", "item", "genres", "like", "rank").equals(
        expected.select("user", "item", "genres", "like", "rank").cast(
            {"rank": found.schema["rank"]}
        )
    )
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    few = call("likes", judge, "-o", path, "-k", 1, "-u", 3)
    assert few.stdout == ""
    assert "Wrote 2 rows" in few.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Say for whom"),
        (("--user", "99999"), "does not know the user 99999"),
        (("--user", "1", "--items", "2"), "use one or the other"),
        (("-o", "likes.jsonl"), "must be one of .csv"),
    ],
)
def test_impossible_wishes(call, judge, options, words):
    result = call("likes", judge, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_a_model_that_knows_no_likes(call, bundle):
    result = call("likes", bundle, "--user", 1)
    assert result.exit_code == 1
    assert "does not predict likes" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("candidates", [(), ("--candidates", "1,2,3,4,5,6,7,8")])
def test_recommended_items_are_explained_by_attributes(call, judge, candidates):
    words = ("recommend", judge, "--user", 3, "-k", 3, "--explain", *candidates)
    (answer,) = json.loads(call(*words, "--json").stdout)["lists"]
    for place in answer["items"]:
        assert place["method"] == "attributes"
        assert {"name", "effect", "rated", "liked"} == set(place["attributes"][0])
        assert f"it is {place['attributes'][0]['name']}" in place["because"]
    assert any(place["reasons"] for place in answer["items"])
    assert "you liked " in call(*words).stdout


def test_explained_lists_as_csv_have_no_nested_columns(call, judge, tmp_path):
    path = tmp_path / "lists.csv"
    result = call("recommend", judge, "-u", 3, "--explain", "-o", path)
    assert result.exit_code == 0, result.stderr
    assert "because" in pl.read_csv(path).columns


def test_items_to_judge_are_chosen(call, judge):
    model = restore(judge)
    words = ("likes", judge, "-u", 3, "--json")
    chosen = call(*words, "--candidates", "1,2,3,4,5", "--exclude", "2,99")
    (answer,) = json.loads(chosen.stdout)["lists"]
    expected = likes(model, [3], 10, candidates=[1, 2, 3, 4, 5], exclude=[2])
    assert answer["items"] == expected.drop("user").to_dicts()
    assert "1 of the 2 items to exclude is not known and passed over: '99'" in chosen.stderr
    seen = json.loads(call(*words, "-k", 99, "--repeats", "allowed").stdout)["lists"][0]["items"]
    assert len(seen) == len(model.items_)


def test_who_gets_no_judgement_is_named(call, judge, tmp_path):
    model = restore(judge)
    had = model.items_.take(model.histories_of([3]).items).to_list()
    words = ("likes", judge, "-u", 3, "--candidates", ",".join(map(str, had)))
    reason = f"all {len(had)} items to choose from are in the history"
    assert f"User 3: {reason} (" in call(*words).stderr
    (answer,) = json.loads(call(*words, "--json").stdout)["lists"]
    assert answer == {"user": 3, "items": [], "reason": reason}
    path = tmp_path / "likes.csv"
    result = call("likes", judge, "--candidates", had[0], "-o", path)
    assert "the one item to choose from is in the history" in result.stderr
    worst = likes(model, [3])["item"][-1]
    words = ("likes", judge, "-u", 3, "--no-dislikes", "--candidates", worst)
    assert "User 3: the model predicts no like." in call(*words).stderr
