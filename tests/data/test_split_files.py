from __future__ import annotations

import json

import polars as pl
import pytest

import penchant as pn
from penchant.auditing.from_files import split_of_files
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
