"""Test files of augmented prefixes have the intervals of their sessions."""

import numpy as np
import polars as pl

import penchant as pn
from penchant.auditing.gather import with_files
from penchant.auditing.material import Material
from penchant.data.splits import GIVEN, TEST, TRAIN, Split


def split_of(lengths):
    """Training sessions, and test sessions of which each of these lengths is a line."""
    rng = np.random.default_rng(0)
    sessions = [rng.choice(12, 8, replace=False).tolist() for _ in range(150)]
    lines = [(s, TRAIN) for s in sessions[:110]]
    lines += [(s[:n], TEST) for s in sessions[110:] for n in lengths]
    rows = [
        (f"s{at}", item, TRAIN if side == TRAIN else TEST if n == len(line) - 1 else GIVEN)
        for at, (line, side) in enumerate(lines)
        for n, item in enumerate(line)
    ]
    frame = pl.DataFrame(rows, schema=["user", "item", "side"], orient="row")
    log = pn.Dataset.from_frame(frame.drop("side"), name="sessions")
    sides = frame["side"].to_numpy().astype(np.uint8)
    return Split(log, sides, kind="predefined", sentence="Lines of files.", ties="As given.")


def test_intervals_of_prefixes_resample_sessions():
    split = split_of((8, 7, 6, 5, 4, 3, 2))
    assert split.test.n_users == 280
    result = pn.evaluate([], split, ["hr@3"], replicates=300)
    table = result.table()
    assert (table.users, table.resampled, table.n_independent) == (280, 40, 40)
    assert any("280 test histories are prefixes of 40 sequences" in note for note in table.notes)
    assert result.to_dict()["tables"]["ranking"]["resampled"] == 40


def test_sessions_themselves_are_independent():
    table = pn.evaluate([], split_of((8,)), ["hr@3"], replicates=300).table()
    assert table.resampled is None
    assert table.n_independent == table.users
    assert not any("prefixes" in note for note in table.notes)


def test_lists_of_others_are_judged_by_sessions_too():
    split = split_of((8, 7, 6, 5, 4, 3, 2))
    users = split.log.users.take(split.test.histories.users)
    lists = pl.DataFrame({"user": users}).join(pl.DataFrame({"item": [1, 2, 3]}), how="cross")
    material = with_files(Material(split=split), lists={"theirs": lists})
    assert material.computed_tables[0].users == 280
    assert material.computed_tables[0].resampled == 40
