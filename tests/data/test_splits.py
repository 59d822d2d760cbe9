from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.splits import TRAIN, UNUSED, Split
from penchant.data.splitting import split_by_time, split_random
from penchant.testing import planted_nothing


@pytest.fixture(scope="module")
def log():
    return planted_nothing(n_users=25)


def test_fingerprint_sees_log_sides_and_candidates(log):
    result = split_random(log)
    sides = result.sides.copy()
    sides[np.flatnonzero(sides == TRAIN)[0]] = UNUSED
    options = {"kind": "predefined", "sentence": "", "ties": ""}
    others = [
        Split(log=log, sides=sides, **options),
        Split(log=log.subset(np.arange(len(log))[::-1]), sides=result.sides, **options),
        Split(log=log, sides=result.sides, candidates=np.zeros((2, 2), np.int32), **options),
    ]
    assert len({result.fingerprint, *(o.fingerprint for o in others)}) == 4
    assert Split(log=log, sides=result.sides, **options).fingerprint == result.fingerprint


def test_description(log):
    result = split_random(log, validation=0.1, test=0.2, seed=4)
    description = result.describe()
    assert description["train"] + description["validation"] + description["test"] == len(log)
    assert (description["kind"], description["seed"], description["unused"]) == ("random", 4, 0)
    assert description["test_users"] == result.test.n_users
    assert description["fingerprint"] == result.fingerprint
    assert repr(result) == "Split(random: 210 training, 30 validation, 60 test events)"


def test_parts_share_vocabularies(log):
    result = split_random(log)
    assert result.train.items is log.items
    assert result.test.histories.n_items == log.n_items
    assert len(result.train) + len(result.validation) + len(result.test) == len(log)


def test_events_without_a_user_are_learned_from_up_to_the_first_held_out_one():
    times = pl.from_epoch(pl.Series("time", range(20)), time_unit="s")
    frame = pl.DataFrame({"user": [*range(4)] * 5, "item": [*range(5)] * 4}).with_columns(times)
    nobody = pl.DataFrame({"item": [0, 1, 2, 3], "time": times[[3, 15, 16, 19]]})
    log = Dataset.from_frame(frame, anonymous=nobody)
    split = split_by_time(log)  # validation from 16, test from 18
    assert split.train.anonymous["item"].to_list() == [0, 1]
    assert len(split_random(log).train.anonymous) == 4
    late = Dataset.from_frame(frame, anonymous=nobody[2:])
    assert split_by_time(late).train.anonymous is None
    # Without a time nobody knows that they are from before.
    timeless = Dataset.from_frame(frame, anonymous=nobody.drop("time"))
    assert split_by_time(timeless).train.anonymous is None
