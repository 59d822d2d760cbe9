"""The log of the published size that benchmarks write, at a thousandth of it."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest

from penchant.data.reviews import merge_reviews
from penchant.data.sources import amazon
from support.scripts import loaded_script


@pytest.fixture(scope="module")
def generator():
    with loaded_script("full_size_music") as module:
        yield module


@pytest.fixture(scope="module")
def pool(generator):
    blame, praise = ["bad.", r"awful \"quote\"."], ["good.", "fine &amp; loud."]
    sides = [blame, blame, ["so so."], praise, praise]
    return generator.Pool(
        shares=np.array([0.05, 0.02, 0.03, 0.2, 0.7]),
        sentences=[pl.Series(side) for side in sides],
        counts=[np.array([0, 1, 3])] * 5,
        summaries=[pl.Series([side[0]]) for side in sides],
    )


@pytest.fixture(scope="module")
def log(generator, pool, tmp_path_factory):
    folder = generator.write_log(tmp_path_factory.mktemp("log"), pool, size=0.001)
    return amazon.read(folder, "made")


def test_it_has_the_published_counts_in_small(log):
    assert len(log) == 1_584
    assert log.origin.skipped is None or len(log.origin.skipped) == 0
    assert log.item_table["title"].count() <= 74
    table = merge_reviews(log, statistics="all", cache=False)
    assert len(table.frame) == 183
    assert all(table.frame[c].null_count() < 183 for c in table.frame.columns)
    assert table.report["duplicates"].noted > 0


def test_stars_have_the_shares_of_the_pool(log):
    assert (log.ratings > 3).mean() == pytest.approx(0.9, abs=0.03)
    praised = log.events.filter(pl.col("summary") == "good.")
    assert praised["rating"].mean() > log.ratings.mean()


def test_it_has_the_quirks_of_the_metadata(log, generator, pool, tmp_path):
    folder = generator.write_log(tmp_path, pool, size=0.02)
    raw = gzip.decompress((folder / "meta_Digital_Music.json.gz").read_bytes()).decode()
    assert "$9.49 - $12.99" in raw
    assert ' in CDs &amp; Vinyl ("' in raw
    assert "getTime" in raw
    titles = "".join(amazon.read(folder).item_table["title"].drop_nulls())
    assert not any(sign in titles for sign in ("<", "&amp;", "getTime"))


def test_the_seed_decides_every_line(generator, pool, tmp_path):
    once, again, other = (
        (generator.write_log(tmp_path / name, pool, size=0.0005, seed=seed))
        for name, seed in (("once", 1), ("again", 1), ("other", 2))
    )
    name = "Digital_Music.json.gz"
    assert (once / name).read_bytes() == (again / name).read_bytes()
    assert (once / name).read_bytes() != (other / name).read_bytes()
