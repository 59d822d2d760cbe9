from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from penchant.data.attributes.sql import attribute_rows_sql, attributes_sql

GENRES = "Action,Adventure,Comedy,Horror,Children,Crime,Documentary,Drama,Fantasy,Film-Noir,Musical"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of three ratings in the form of MovieLens 1M."""
    folder = tmp_path / "films"
    folder.mkdir()
    ratings = "1::661::3::978302109\n1::1193::5::978300760\n2::12::4::978298413\n"
    (folder / "ratings.dat").write_text(ratings)
    (folder / "movies.dat").write_text(
        "12::Dracula (1995)::Comedy|Horror\n661::City, The (1995)::Adventure|Children's\n"
        "1193::Nest (1975)::Drama\n2000::Nothing (2000)::unknown\n"
    )
    return folder


def test_attributes_are_counted(call, folder):
    result = call("attributes", folder)
    assert result.exit_code == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["Children", "1", "1", "0", "0.000"] in lines
    assert ["Horror", "1", "1", "1", "1.000"] in lines
    assert ["War", "0", "0", "0"] in lines
    assert ["all", "4", "3", "2", "0.667"] in lines
    assert "Items that have none of these: 1." in result.stdout
    few = call("attributes", folder, "-a", "Drama", "-a", "War", "--like", 5)
    assert ["all", "4", "3", "1", "0.333"] in [line.split() for line in few.stdout.splitlines()]
    assert (
        "items that have them: Adventure (1), Children (1), Comedy (1), Horror (1).\n" in few.stdout
    )


def test_likes_are_by_the_scale(call, tmp_path):
    log, items = tmp_path / "tens.csv", tmp_path / "items.csv"
    log.write_text("user,item,rating\n" + "".join(f"{r % 3},i{r},{r}\n" for r in range(1, 11)))
    items.write_text("item,genres\n" + "".join(f"i{r},Drama\n" for r in range(1, 11)))
    facts = json.loads(call("attributes", log, "--items", items, "--json", "--sql").stdout)
    assert facts["likes"] == 3
    assert ">= 8" in facts["sql"]["rows"]
    own = json.loads(call("attributes", log, "--items", items, "--json", "--like", 4).stdout)
    assert own["likes"] == 7


def test_json(call, folder):
    facts = json.loads(call("attributes", folder, "--json", "--sql", "-a", "Drama").stdout)
    assert facts["log"] == {"name": "films", "events": 3, "items": 4}
    assert facts["attributes"] == [{"name": "Drama", "items": 1, "events": 1, "likes": 1}]
    assert facts["likes"] == 2
    assert facts["without"] == 3
    assert facts["unknown"][0] == {"value": "Adventure", "items": 1}
    assert facts["sql"] == {
        "items": attributes_sql(["Drama"]),
        "rows": attribute_rows_sql(["Drama"]),
    }
    assert "sql" not in json.loads(call("attributes", folder, "--json").stdout)


def test_rows_are_written(call, folder, tmp_path):
    for name in ("rows.csv", "rows.parquet"):
        assert call("attributes", folder, "-o", tmp_path / name).exit_code == 0
    rows = pl.read_parquet(tmp_path / "rows.parquet")
    assert ",".join(rows.columns).startswith(f"user,item,{GENRES},")
    assert rows.select("user", "item", "Children", "like", "row").rows() == [
        (1, 661, 1, 0, 1),
        (1, 1193, 0, 1, 2),
        (2, 12, 0, 1, 3),
    ]
    assert pl.read_csv(tmp_path / "rows.csv").rows() == rows.rows()


def test_printed_sql_makes_the_rows_from_the_written_tables(call, folder, tmp_path):
    base = tmp_path / "log.db"
    text = tmp_path / "rows.sql"
    assert call("attributes", folder, "-o", base).exit_code == 0
    assert call("attributes", folder, "-o", text, "--like", 5).exit_code == 0
    printed = call("attributes", folder, "--sql", "--like", 5).stdout
    assert printed == text.read_text()
    call("attributes", folder, "-o", tmp_path / "rows.csv", "--like", 5)
    with closing(sqlite3.connect(base)) as connection:
        rows = connection.execute(printed).fetchall()
    assert rows == pl.read_csv(tmp_path / "rows.csv").rows()
    again = call("attributes", folder, "-o", base)
    assert again.exit_code == 1
    assert "log.db has a table 'ratings' already" in again.stderr
    assert call("attributes", folder, "-o", base, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-o", "rows.txt"), "must be one of .csv, .parquet, .sql"),
        (("--column", "tags"), "no attributes 'tags'; its columns are title, year, genres"),
        (("-a", "War", "-a", "War"), "'War' is named twice"),
        (("--like", "nan"), "like must be a rating"),
    ],
)
def test_what_cannot_be_is_said(call, folder, words, sentence):
    result = call("attributes", folder, *words)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stdout == ""


def test_a_log_without_items(call, tiny_csv):
    result = call("attributes", tiny_csv)
    assert result.exit_code == 1
    assert "has no item table" in result.stderr
