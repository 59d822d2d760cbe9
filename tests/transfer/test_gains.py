from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.models import make
from penchant.transfer import transfer_gains


def tastes(users: int, start: int, seed: int) -> pl.DataFrame:
    """Each user has six of the ten films of one of eight tastes."""
    draws = np.random.default_rng(seed)
    rows = [
        (start + user, 10 * (user % 8) + film)
        for user in range(users)
        for film in draws.permutation(10)[:6].tolist()
    ]
    return pl.DataFrame(rows, schema=["user", "item"], orient="row")


def titled(frame: pl.DataFrame, first_item: int, name: str) -> Dataset:
    table = pl.DataFrame({"item": range(80), "title": [f"Film {n}" for n in range(80)]})
    shift = (pl.col("item") + first_item).alias("item")
    return Dataset.from_frame(
        frame.with_columns(shift), item_table=table.with_columns(shift), name=name
    )


@pytest.fixture(scope="module")
def logs():
    """A shop with few users, and another with many of the same tastes and films."""
    return titled(tastes(16, 0, 1), 0, "few"), titled(tastes(240, 0, 2), 1000, "many")


@pytest.fixture(scope="module")
def splits(logs):
    first, other = logs
    split = pn.split_per_user(first, validation=0, test=0.3)
    return split, pn.joined(split, other)


@pytest.mark.parametrize(
    "spec",
    ["content-ease:l2=5", "two-tower:epochs=15,dim=16,hidden=32,batch_size=64,learning_rate=0.01"],
)
def test_a_second_log_of_the_same_tastes_helps(splits, spec):
    (gain,) = transfer_gains({"model": make(spec)}, *splits, replicates=200)
    assert gain.low > 0
    assert gain.gain == pytest.approx(gain.joined - gain.alone)
    assert gain.low <= gain.gain <= gain.high
    assert "with the second log" in str(gain)


def test_the_same_log_twice_gains_nothing(splits):
    split, _ = splits
    gains = transfer_gains({"ease": make("ease")}, split, split, ["ndcg@10", "recall@5"])
    assert [(g.metric, g.gain) for g in gains] == [("ndcg@10", 0), ("recall@5", 0)]


def test_other_test_events_are_refused(splits, logs):
    other = pn.split_per_user(logs[0], validation=0, test=0.2)
    with pytest.raises(DataError, match="same test events"):
        transfer_gains({"ease": make("ease")}, splits[0], other)
