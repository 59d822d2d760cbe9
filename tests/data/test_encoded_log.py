from __future__ import annotations

import json
import shutil
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data import encoded_log
from penchant.data.encoded_log import HEADER
from penchant.errors import DataError, ParameterError
from penchant.models import make
from penchant.testing import planted_pairs, planted_ratings, planted_sequences

COLUMNS = ["user", "item", "rating", "weight", "time", "sequence_position"]


def sorted_frame(log):
    frame = log.frame().select(c for c in COLUMNS if c in log.events.columns)
    return frame.sort(frame.columns)


def assert_histories_alike(one, other):
    assert one.n_items == other.n_items
    for name in (
        "users",
        "offsets",
        "items",
        "ratings",
        "times",
        "weights",
        "baskets",
        "quantities",
    ):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_array_equal(a, b, name)


@pytest.fixture
def shuffled():
    """A log of unordered events, with ids that are words, a scale, titles and weights."""
    frame = planted_ratings().frame().drop("row")
    frame = frame.sample(fraction=1, shuffle=True, seed=3)
    frame = frame.with_columns(
        ("u" + pl.col("user").cast(pl.String)).alias("user"),
        (1 + pl.int_range(pl.len()) % 7).alias("weight"),
    )
    titles = pl.DataFrame({"item": frame["item"].unique().sort()}).with_columns(
        ("Title " + pl.col("item").cast(pl.String)).alias("title")
    )
    return pn.Dataset.from_frame(frame, item_table=titles, name="words", scale=(1, 5), positive=4.0)


@pytest.mark.parametrize("at_once", [7, 2**22])
def test_an_encoded_log_is_the_log_by_user_and_time(shuffled, tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(encoded_log, "_AT_ONCE", at_once)
    monkeypatch.setattr(encoded_log, "_SORTED_AT_ONCE", 3 * at_once)
    folder = pn.write_encoded(shuffled, tmp_path / "new" / "encoded")
    again = pn.read(folder, quiet=True)
    assert (again.name, again.scale, again.positive) == ("words", (1, 5), 4.0)
    assert sorted_frame(again).equals(sorted_frame(shuffled))
    assert again.users == shuffled.users
    assert again.titles() == shuffled.titles()
    assert_histories_alike(again.histories, shuffled.histories)
    assert (again.event_order == np.arange(len(again))).all()
    in_order = pn.Dataset.from_frame(
        again.frame(), item_table=shuffled.item_table, scale=(1, 5), positive=4.0
    )
    assert again.fingerprint == in_order.fingerprint
    assert again.origin == shuffled.origin
    assert pn.read(folder, name="other", quiet=True).name == "other"


@pytest.mark.parametrize(
    "spec", ["popular", "item-knn", "ials:epochs=2", "dot:epochs=2", "bpr:epochs=2", "ease"]
)
def test_models_learn_from_it_what_they_learn_from_the_log_in_its_order(shuffled, tmp_path, spec):
    again = pn.read(pn.write_encoded(shuffled, tmp_path / "encoded"), quiet=True)
    in_order = pn.Dataset.from_frame(again.frame(), scale=(1, 5), positive=4.0)
    one, other = (make(spec).fit(log) for log in (again, in_order))
    np.testing.assert_array_equal(one.scores(again.histories), other.scores(in_order.histories))


def test_parts_of_it_are_parts_of_the_log(shuffled, tmp_path):
    again = pn.read(pn.write_encoded(shuffled, tmp_path / "encoded"), quiet=True)
    in_order = pn.Dataset.from_frame(again.frame(), scale=(1, 5), positive=4.0)
    one, other = (pn.split_by_time(log) for log in (again, in_order))
    assert one.fingerprint == other.fingerprint
    assert_histories_alike(one.train.histories, other.train.histories)


def test_sequences_sessions_and_missing_times_are_kept(tmp_path):
    frame = pl.DataFrame(
        {
            "user": [2, 1, 1, 2, 1],
            "item": list("abcab"),
            "time": pl.Series([5, None, 3, 1, 2]).cast(pl.Datetime("us")),
            "basket": ["x", "y", None, "x", "y"],
            "quantity": [1.0, None, 2.0, 3.0, 1.0],
        }
    )
    for log in (
        planted_sequences(),
        pn.Dataset.from_frame(frame, in_sessions=True),
        pn.Dataset.from_frame(frame.drop("basket")),
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        again = pn.read(pn.write_encoded(log, folder), quiet=True)
        assert_histories_alike(again.histories, log.histories)
        assert again.in_sessions == log.in_sessions
        assert sorted_frame(again).equals(sorted_frame(log))


def test_the_gap_of_sessions_is_kept(tmp_path):
    frame = pl.DataFrame({"user": [1, 1], "item": [1, 2], "time": [1_500_000_000, 1_500_000_060]})
    for gap in ("90s", None):
        log = pn.read(frame, session_gap=gap, quiet=True)
        again = pn.read(pn.write_encoded(log, tmp_path / str(gap)), quiet=True)
        assert again.origin.session_gap == log.origin.session_gap == (gap and timedelta(seconds=90))


def test_further_columns_may_have_any_name(tmp_path):
    frame = planted_pairs().frame().with_columns(pl.col("user").alias("../a b"))
    again = pn.read(pn.write_encoded(pn.Dataset.from_frame(frame), tmp_path / "x"), quiet=True)
    assert again.frame().select((pl.col("user") == pl.col("../a b")).all()).item()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_text_is_left_out_and_said(tmp_path, caplog):
    frame = planted_pairs().frame().with_columns(pl.lit("good").alias("text"))
    again = pn.read(pn.write_encoded(pn.Dataset.from_frame(frame), tmp_path / "x"), quiet=True)
    assert "text" not in again.events.columns
    assert "Columns that are no numbers are left out: text." in caplog.text


def test_what_is_in_memory_is_not_the_file(tmp_path):
    folder = pn.write_encoded(planted_pairs(), tmp_path / "x")
    before = (folder / "item.npy").read_bytes()
    log = pn.read(folder, quiet=True)
    log.histories.items[:] = 0
    assert (folder / "item.npy").read_bytes() == before


def test_what_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    with pytest.raises(ParameterError, match="is there already"):
        pn.write_encoded(planted_pairs(), tmp_path / "there")
    log = planted_pairs()
    with pytest.raises(DataError, match="has no events to write"):
        pn.write_encoded(log.subset(np.zeros(len(log), bool)), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(OSError, match="No space left"):
        pn.write_encoded(planted_pairs(), tmp_path / "encoded")
    assert not list(tmp_path.iterdir())


def damaged(folder, name, damage):
    if name == HEADER:
        header = json.loads((folder / name).read_text())
        damage(header)
        (folder / name).write_text(json.dumps(header))
    elif damage is None:
        (folder / name).unlink()
    elif name.endswith(".parquet"):
        damage(pl.read_parquet(folder / name)).write_parquet(folder / name)
    else:
        values = np.load(folder / name)
        np.save(folder / name, damage(values))


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("item.npy", None, "item.npy"),
        ("item.npy", lambda x: x[:-1], "item.npy has"),
        ("item.npy", lambda x: x.astype(np.int64), "item.npy has"),
        ("item.npy", lambda x: x + 1000, "unknown items"),
        ("item.npy", lambda x: x - 1000, "unknown items"),
        ("user.npy", lambda x: x[::-1], "users do not ascend"),
        ("user.npy", lambda x: x + 1000, "users do not ascend"),
        ("user.npy", lambda x: x - 1000, "users do not ascend"),
        ("rating.npy", lambda x: x * np.nan, "rating of some events"),
        (HEADER, lambda h: h.update(version=2), "another version"),
        (HEADER, lambda h: h.pop("events"), "is damaged"),
        (HEADER, lambda h: h["columns"].update({"../item": "int32"}), "is damaged"),
        ("users.parquet", lambda f: f.reverse(), "users.parquet is not in order"),
        ("item_table.parquet", lambda f: f.head(3), "the item table has other ids"),
        (HEADER, lambda h: h.update(events="many"), "is damaged"),
        (HEADER, lambda h: h["columns"].update(item="object"), "is damaged"),
        (HEADER, lambda h: h.update(frames=["../users"]), "is damaged"),
    ],
)
def test_damaged_folders_are_refused(tmp_path, name, damage, message):
    frame = planted_ratings().frame()
    titles = frame.select("item").unique().with_columns(title=pl.lit("A title"))
    log = pn.Dataset.from_frame(frame, item_table=titles)
    folder = pn.write_encoded(log, tmp_path / "whole")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damaged(copy, name, damage)
    with pytest.raises(DataError, match=message):
        pn.read(copy, quiet=True)


def test_a_truncated_file_is_refused(tmp_path):
    folder = pn.write_encoded(planted_ratings(), tmp_path / "whole")
    data = (folder / "time.npy").read_bytes()
    (folder / "time.npy").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="is damaged"):
        pn.read(folder, quiet=True)
