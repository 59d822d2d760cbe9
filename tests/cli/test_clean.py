from __future__ import annotations

import json

import polars as pl
import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "Digital_Music"
    folder.mkdir()
    reviews = [
        {
            "overall": 1.0 + n % 5, "verified": True, "reviewerID": f"A{n % 7}",
            "asin": f"B{n % 4}", "reviewText": f"The <b>text</b> {n}!", "summary": "Sum.",
            "unixReviewTime": 1441584000 + 86_400 * n, "style": {"Format:": " Audio CD"},
        }
        for n in range(40)
    ]  # fmt: skip
    products = [{"asin": f"B{n}", "title": f"T{n}", "price": "$1.00", "brand": "X",
                 "rank": "5 in Music ("} for n in range(3)]  # fmt: skip
    for name, records in (("Digital_Music.json", reviews), ("meta_Digital_Music.json", products)):
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def test_a_folder_is_cleaned_into_a_file(call, folder, tmp_path):
    table = tmp_path / "out" / "table.parquet"
    result = call("clean", folder, "-o", table)
    assert result.exit_code == 0, result.stderr
    assert "30 of 40 reviews" in result.stdout
    assert "10 of 40 left out" in result.stdout
    frame = pl.read_parquet(table)
    assert len(frame) == 30
    assert frame["reviewText"][0] == "the text 0"
    assert (tmp_path / "cache" / "reviews").is_dir()
    everything = tmp_path / "table.csv"
    call("clean", folder, "-o", everything, "--keep-unknown", "--stop-words")
    assert len(pl.read_csv(everything)) == 40
    assert pl.read_csv(everything)["reviewText"][0] == "text 0"


def test_a_failure_leaves_the_old_table(call, folder, tmp_path, monkeypatch):
    table = tmp_path / "table.parquet"
    table.write_text("old")

    def fail(frame, file):
        file.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fail)
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "elsewhere"))
    assert call("clean", folder, "-o", table).exit_code == 1
    assert table.read_text() == "old"
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_json_and_statistics_of_the_earliest(call, folder, tmp_path):
    table = tmp_path / "table.parquet"
    answer = call("clean", folder, "--earliest", "0.5", "-o", table, "--json")
    said = json.loads(answer.stdout)
    assert said["rows"] == 30
    assert len(said["columns"]) == 15
    assert any(step["name"] == "price" for step in said["steps"])
    assert said["notes"]
    assert set(pl.read_parquet(table)["overall_count"]) == {5}


@pytest.mark.parametrize("words", [("--earliest", "1.5"), ("-o", "x.txt")])
def test_impossible_wishes(call, folder, words):
    result = call("clean", folder, *words)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_files_of_reviews_are_logs_for_every_command(call, folder):
    found = json.loads(call("explore", folder / "Digital_Music.json", "--json").stdout)
    assert found["summary"]["n_events"] == 40
    assert found["reviews"]["balance"][0]["side"] == "positive"
    assert found["top_items"][0]["title"].startswith("T")
