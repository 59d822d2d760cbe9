from __future__ import annotations

import json

import polars as pl
import pytest

import penchant as pn
from penchant.auditing.from_files import split_of_files
from penchant.data import split_files
from penchant.data.splits import GIVEN, TEST, TRAIN
from penchant.errors import ParameterError
from penchant.testing import planted_pairs, planted_ratings


@pytest.mark.parametrize("cut", [pn.split_by_time, pn.split_random, pn.split_leave_last_out])
def test_the_files_are_the_split(cut, tmp_path):
    split = cut(planted_ratings())
    files = pn.write_split(split, tmp_path / "new" / "parts")
    names = ["train.csv", "validation.csv", "test.csv", "split.json"]
    assert [path.name for path in files] == names
    again = split_of_files(files[0], files[2], files[1])
    columns = ["user", "item", "rating", "time"]
    for side in range(3):
        mine, theirs = (
            s.log.frame().filter(pl.Series(s.sides) == side).select(columns) for s in (split, again)
        )
        assert mine.equals(theirs.with_columns(mine[c].cast(mine[c].dtype) for c in columns))
    facts = json.loads(files[-1].read_text())
    assert facts["fingerprint"] == split.fingerprint
    assert facts["sentence"] == split.sentence


def session_logs():
    """Training and test events in which a session of user 1 goes on."""
    first = {"user": [1, 1, 1, 2], "item": list("abcd"), "session_id": ["x", "x", "y", "y"]}
    later = {"user": [1, 1, 2], "item": list("dae"), "session_id": ["y", "z", "w"]}
    return pl.DataFrame(first), pl.DataFrame(later)


def test_sessions_of_files_are_kept():
    split = split_of_files(*session_logs())
    assert split.log.has_sessions
    assert split.log.histories.baskets.tolist() == [0, 0, 1, 1, 2, 0, 1]
    held_out = split.test.histories
    assert held_out.in_sessions
    last = held_out.last_session
    assert [split.log.items[int(item)] for item in last.items] == ["c", "d"]
    assert last.lengths.tolist() == [1, 1]


def test_sessions_that_one_file_lacks_are_left_out():
    train, test = session_logs()
    for files in ((train.drop("session_id"), test), (train, test.drop("session_id"))):
        log = split_of_files(*files).log
        assert not log.has_sessions
        assert "basket" not in log.events.columns
    orders = [frame.rename({"session_id": "order_id"}) for frame in (train, test)]
    assert not split_of_files(*orders).log.has_baskets


def test_of_new_sessions_without_users_the_last_item_is_foretold():
    """By the time: rows of a session need not be in order."""
    train = pl.DataFrame({"session": ["a", "a", "b"], "item": [1, 2, 3], "time": [10, 20, 30]})
    test = pl.DataFrame(
        {"session": ["c", "c", "d", "c"], "item": [3, 1, 2, 4], "time": [60, 40, 45, 50]}
    )
    parts = [part.with_columns(pl.col("time") + 1_500_000_000) for part in (train, test)]
    split = split_of_files(*parts)
    assert split.sides.tolist() == [TRAIN] * 3 + [TEST, GIVEN, TEST, GIVEN]
    items = [split.log.items[int(item)] for item in split.test.histories.items]
    assert items == [1, 4]
    assert "the last item is predicted from those before it" in split.sentence
    going_on = parts[1].with_columns(session=pl.Series(["a", "c", "d", "c"]))
    assert (split_of_files(parts[0], going_on).sides[3:] == TEST).all()


def test_keys_of_sessions_may_be_numbers_in_one_file():
    train, test = session_logs()
    numbers = train.with_columns(session_id=pl.Series([1, 1, 2, 2]))
    texts = test.with_columns(session_id=pl.Series(["2", "z", "w"]))
    assert split_of_files(numbers, texts).log.histories.baskets.tolist() == [0, 0, 1, 1, 2, 0, 1]


def test_written_parts_have_the_sessions(tmp_path):
    log = pn.read(session_logs()[0].with_columns(time=pl.Series([1, 2, 3, 4]) + 1_500_000_000))
    split = pn.split_leave_last_out(log, validation=False)
    files = pn.write_split(split, tmp_path / "parts")
    again = split_of_files(files[0], files[1])
    assert again.log.has_sessions
    assert again.log.histories.baskets.tolist() == log.histories.baskets.tolist()


def test_given_events_have_a_file(tmp_path):
    split = pn.split_users(planted_pairs(), given=0.5)
    files = {path.name: path for path in pn.write_split(split, tmp_path / "parts")}
    assert len(pl.read_csv(files["given.csv"])) == (split.sides == 4).sum() > 0


def test_nothing_is_overwritten(tmp_path):
    split = pn.split_random(planted_pairs())
    (tmp_path / "empty").mkdir()
    pn.write_split(split, tmp_path / "empty")
    before = (tmp_path / "empty" / "train.csv").read_bytes()
    with pytest.raises(ParameterError, match="is there already: name a new folder"):
        pn.write_split(split, tmp_path / "empty")
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="is there already"):
        pn.write_split(split, tmp_path / "file")
    assert (tmp_path / "empty" / "train.csv").read_bytes() == before


def test_given_events_are_known_and_learned_by_nobody(tmp_path):
    split = pn.split_users(planted_pairs(), validation=0, test=0.3)
    files = {path.stem: path for path in pn.write_split(split, tmp_path / "parts")}
    again = split_of_files(files["train"], files["test"], given=files["given"])
    assert len(again.train) == len(split.train)
    assert again.test.n_users == split.test.n_users
    assert again.test.n_new_users == 0
    assert sorted(again.test.histories.lengths) == sorted(split.test.histories.lengths)
    without = split_of_files(files["train"], files["test"])
    assert without.test.n_new_users == without.test.n_users
    found = pn.audit(train=files["train"], test=files["test"], given=files["given"])
    assert found["split-stated"].sentence


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_parts_are_written_some_events_at_a_time(form, tmp_path, monkeypatch):
    monkeypatch.setattr(split_files, "EVENTS_AT_ONCE", 100)
    split = pn.split_random(planted_ratings())
    files = {path.stem: path for path in pn.write_split(split, tmp_path / "parts", form=form)}
    assert list(files) == ["train", "validation", "test", "split"]
    if form == "parquet":
        assert len(list(files["train"].iterdir())) == -(-len(split.log) // 100)
    for name, side in (("train", TRAIN), ("test", TEST)):
        log = pn.read(files[name], quiet=True)
        events = split.log.frame().filter(pl.Series(split.sides) == side)
        columns = ["user", "item", "rating", "time"]
        assert log.frame().select(columns).equals(events.select(columns))
    again = split_of_files(files["train"], files["test"], files["validation"])
    assert len(again.train) == len(split.train)


def test_other_forms_are_refused(tmp_path):
    with pytest.raises(ParameterError, match="csv or parquet files, not 'xlsx'"):
        pn.write_split(pn.split_random(planted_pairs()), tmp_path / "parts", form="xlsx")
    assert not (tmp_path / "parts").exists()
