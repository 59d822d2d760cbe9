from __future__ import annotations

import shutil
from dataclasses import fields
from typing import Any

import pytest

from penchant.cli.log_options import LogOptions, ReadOptions, words
from penchant.cli.reading_options import FileOptions, FilterOptions, MirrorOptions
from penchant.errors import DataError, ParameterError
from penchant.run import Run


def options_of(source: object, **options: Any) -> LogOptions:
    """The options with these values, whatever group they are in."""
    groups = {
        name: group(**{f.name: options.pop(f.name) for f in fields(group) if f.name in options})
        for name, group in (
            ("file", FileOptions), ("fetch", MirrorOptions), ("filters", FilterOptions),
        )
    }  # fmt: skip
    return LogOptions(source=str(source), reading=ReadOptions(**groups), **options)


def read(source: object, **options: Any):
    return options_of(source, **options).read(Run())


def test_columns_by_name_and_by_position(tmp_path):
    path = tmp_path / "odd.txt"
    path.write_text("who;what;stars\n1;a;3\n2;b;4\n")
    named = read(path, user="who", item="what", rating="stars", separator=";")
    path.write_text("3\ta\t1\n4\tb\t2\n")
    placed = read(path, user="2", item="1", rating="0", separator="tab", header=False)
    assert named.fingerprint == placed.fingerprint
    without = read(path, user="2", item="1", rating="none", separator="\\t", header=False)
    assert not without.has_ratings


def test_strict_refuses_what_is_otherwise_skipped(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user,item,rating\n1,a,3\n2,b,4\n3,c,\n4,d,2\n5,e,1\n")
    assert len(read(path)) == 4
    with pytest.raises(DataError):
        read(path, strict=True)


def test_filters_say_what_they_dropped(tiny_csv, notices):
    log = read(tiny_csv, min_rating=4, k_core="2,1", duplicates="last")
    assert log.ratings.min() >= 4
    assert len(log.origin.dropped) == 3
    assert "ratings from 4" in notices()


def test_conditions_keep_what_is_true(tmp_path, notices):
    path = tmp_path / "log.csv"
    path.write_text("user,item,rating,land\n1,a,3,DE\n2,b,4,FR\n3,c,5,DE\n4,c,1,\n")
    log = read(path, where=["land == 'DE'", "rating > 3"])
    assert log.frame()["user"].to_list() == [3]
    assert "the condition land == 'DE' dropped 2 of 4 events" in notices()
    with pytest.raises(DataError, match="no column 'country' for a condition; there are user"):
        read(path, where=["country == DE"])


def test_dates(tiny, tiny_csv):
    middle = tiny.events["time"].sort()[len(tiny) // 2]
    early = read(tiny_csv, until=middle.isoformat())
    late = read(tiny_csv, since=middle.isoformat())
    assert len(tiny) <= len(early) + len(late) < len(tiny) + 100


@pytest.mark.parametrize("text", ["x", "5,5,5", "-1", "5;3", ""])
def test_a_k_core_is_one_or_two_numbers(tiny_csv, text):
    with pytest.raises(ParameterError, match="N or USER,ITEM"):
        read(tiny_csv, k_core=text)


def test_names(mirror):
    log = read("movielens-100k", mirror=str(mirror), offline=True)
    assert len(log) == 100_000
    with pytest.raises(ParameterError, match="--user, --header cannot be used"):
        read("movielens-100k", user="u", header=True)
    with pytest.raises(ParameterError, match="did you mean movielens-1m"):
        read("movielens-1")


def test_folders(mirror, tmp_path, tiny):
    assert len(read(mirror / "movielens-100k")) == 100_000
    with pytest.raises(DataError, match="name the file in it"):
        read(tmp_path)
    lines = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    lines += [f"{u}\t{i}\t{r}\t{n}" for n, (u, i, r) in enumerate([(1, 2, 3), (2, 3, 4)])]
    (tmp_path / "some.inter").write_text("\n".join(lines) + "\n")
    assert len(read(tmp_path)) == 2
    shutil.rmtree(tmp_path)


def test_a_database(tmp_path, tiny):
    import sqlite3
    from contextlib import closing

    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table seen (user integer, item integer, rating real)")
        rows = tiny.frame().select("user", "item", "rating").rows()
        database.executemany("insert into seen values (?, ?, ?)", rows)
    log = read(path, query="select * from seen where rating > 3")
    assert 0 < len(log) < len(tiny)


def test_words_are_what_was_asked_for_on_a_command_line(tiny_csv):
    import shlex

    options = {"min_rating": 2.0, "k_core": "2,1", "duplicates": "last", "header": True}
    found = words(options_of(tiny_csv, **options))
    assert shlex.join(found[1:]) == "--header --min-rating 2 --duplicates last --k-core 2,1"
    assert found[0] == str(tiny_csv)
    assert words(options_of("x", header=False)) == ["x", "--no-header"]
    conditions = words(options_of("x", where=["a == b", "c > 1"]))
    assert conditions == ["x", "--where", "a == b", "--where", "c > 1"]
