"""Published figures of the study of music, and figures of Amazon's gift cards."""

from __future__ import annotations

import math

import numpy as np
import pytest

import penchant as pn
from penchant.data.reviews import COLUMNS, known_products, merge_reviews
from penchant.data.splits import TEST
from penchant.run import Run
from penchant.studies.music.setup import PUBLISHED_COUNTS, TEST_SHARE, MusicSetup, merged_log

pytestmark = [pytest.mark.mirror, pytest.mark.usefixtures("mirror")]


def test_the_published_batches_are_those_of_the_published_rows():
    training = PUBLISHED_COUNTS["merged"] - round(TEST_SHARE * PUBLISHED_COUNTS["merged"])
    assert training == PUBLISHED_COUNTS["training"]
    assert math.ceil(training / 16) == PUBLISHED_COUNTS["steps"]
    assert len(COLUMNS) - 1 == PUBLISHED_COUNTS["features"]


def test_gift_cards_are_positive(mirror):
    log = pn.load("amazon-2018/Gift_Cards", mirror=mirror)
    assert merged_log(log) is log  # the metadata know all of them
    assert known_products(log).all()
    setup = MusicSetup(log=log, seed=0, run=Run())
    sides = setup.published_split(0).sides
    positive = log.ratings > 3
    assert (sides == TEST).sum() == len(log) - setup.n_training == 892
    assert positive[sides == TEST].mean() == pytest.approx(0.979, abs=1e-3)
    assert np.unique(log.events["user"].filter(log.ratings == 5)).size == 451


def test_the_merged_table_of_gift_cards_is_cleaned(mirror):
    log = pn.load("amazon-2018/Gift_Cards", mirror=mirror)
    table = merge_reviews(log, statistics="all", stop_words=True, cache=False)
    assert len(table.frame) == 2_972
    assert table.frame["day_of_week"].max() == 6
    assert table.frame["price"].null_count() == 453
    assert table.frame["rank"].null_count() == 223
    texts = " ".join(table.frame["reviewText"].drop_nulls())
    assert not {"the", "and", "was"} & set(texts.split())
    assert not any(sign in texts for sign in "<>&.,!")
    categories = log.item_table["categories"].drop_nulls()
    assert all(len(set(names)) == len(names) for names in categories.to_list())
    assert not any("<" in name for names in categories.to_list() for name in names)
