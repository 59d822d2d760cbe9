"""What the audit says of published data that are known for what is wrong with them."""

import polars as pl
import pytest

import penchant as pn
from penchant.data.sources import load_split

pytestmark = [pytest.mark.mirror, pytest.mark.usefixtures("mirror")]


@pytest.mark.parametrize(("category", "share"), [("AMAZON_FASHION", 0.986), ("All_Beauty", 0.926)])
def test_reviews_repeated_over_variants(mirror, category, share):
    log = pn.load(f"amazon-2018/{category}", mirror=mirror)
    for seed in range(3):
        found = pn.audit(pn.split_random(log, validation=0, test=0.2, seed=seed))["same-text"]
        assert found.level == "wrong"
        assert found.figure == pytest.approx(share, abs=0.02)
        assert found.low <= found.figure <= found.high


def test_one_event_for_each_text_is_what_the_advice_asks_for(mirror):
    log = pn.load("amazon-2018/AMAZON_FASHION", mirror=mirror)
    frame = log.frame().unique(["user", "text"], keep="first", maintain_order=True)
    kept = pn.Dataset.from_frame(frame.drop("row"), scale=(1, 5))
    found = pn.audit(pn.split_random(kept, validation=0, test=0.2))
    assert found["same-text"].level != "wrong"


def test_published_negatives_that_hold_the_test_item(mirror):
    published = load_split("movielens-1m", "ncf", mirror=mirror)
    found = pn.audit(train=published.train, test=published.test, candidates=published.candidates)
    assert "(156)" in found["negatives-are-positives"].sentence
    assert found["negatives-are-positives"].level == "doubtful"
    assert found["sampled-metric"].level == "doubtful"
    assert found.worst == "doubtful"


def test_splits_of_movielens(mirror):
    log = pn.load("movielens-1m", mirror=mirror)
    by_time, random = pn.audit(pn.split_by_time(log)), pn.audit(pn.split_random(log))
    assert by_time["trained-on-future"].figure == 0
    assert by_time.worst == "note"
    assert random["trained-on-future"].level == "doubtful"
    assert random["popularity-shift"].level == "passed"


def test_the_files_of_lightgcn(mirror):
    found = pn.audit(
        **{part: _lines(mirror / "gowalla" / f"{part}.txt") for part in ("train", "test")}
    )
    assert found.worst == "note"
    assert found["same-pair"].figure == 0


def _lines(path):
    """One user a line, then the user's items."""
    lines = pl.read_csv(path, has_header=False, separator="\n", new_columns=["line"])
    numbers = lines.select(pl.col("line").str.strip_chars().str.split(" ").cast(pl.List(pl.Int64)))
    return (
        numbers.select(user=pl.col("line").list.first(), item=pl.col("line").list.slice(1))
        .explode("item")
        .drop_nulls()
    )
