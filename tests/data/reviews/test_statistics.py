from __future__ import annotations

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.reviews.statistics import review_statistics
from support.review_logs import reviews


def test_balance_top_ratings_and_verified():
    log = reviews()
    found = review_statistics(log)
    positive = int((log.ratings > 3).sum())
    assert found.middle == 3
    assert found.balance["events"].to_list() == [positive, 200 - positive]
    assert found.top_rating == 5
    frame = log.frame()
    assert found.n_top_raters == frame.filter(pl.col("rating") == 5)["user"].n_unique()
    assert found.users_by_rating.filter(pl.col("rating") == 5)["users"].item() == found.n_top_raters
    rows = {row["rating"]: row for row in found.verified.to_dicts()}
    assert rows[2]["verified"] == 0
    assert rows[2]["other_share"] == 1
    assert rows[5]["verified"] == positive
    assert found.verified_means["kind"].to_list() == ["verified", "other"]
    assert found.verified_means["rating"][1] == 2


def test_means_by_count_hold_every_item_once():
    log = reviews()
    found = review_statistics(log)
    assert found.means_by_count["items"].sum() == 8
    assert found.count_and_mean["items"].sum() == 8
    counts = log.item_counts
    for low, high, items in found.means_by_count.select("low", "high", "items").iter_rows():
        assert ((counts >= low) & (counts <= high)).sum() == items
    for mean in found.count_and_mean["mean"]:  # to half of a field, a 32nd of all means
        assert min(abs(mean - true) for true in (2, 3, 5)) <= 3 / 64


def test_words_lean_to_the_side_they_stand_on():
    found = review_statistics(reviews()).words
    for kind in ("text", "summary"):
        z = dict(found[kind].select("word", "z").iter_rows())
        assert z["lovely"] == max(z.values()) > 1
        assert z["terrible"] == min(z.values()) < -1
    again = review_statistics(reviews()).words
    assert again["text"].equals(found["text"])


def test_a_users_repeated_text_counts_once_and_is_reported():
    frame = reviews().frame().drop("row")
    same = frame.with_columns(user=pl.lit("spam"), text=pl.lit("buy this wonder")).unique(
        "item", maintain_order=True
    )
    log = Dataset.from_frame(pl.concat([frame, same]), scale=(1, 5))
    found = review_statistics(log)
    assert "wonder" not in found.words["text"]["word"].to_list()
    assert found.words_of["text"] == (201, 201)
    assert found.repeated_events == 8
    assert found.repeated.row(0) == ("spam", 8, 8, "buy this wonder")


def test_figures_are_there_only_with_their_columns():
    log = reviews()
    bare = Dataset.from_frame(log.frame().select("user", "item"))
    found = review_statistics(bare)
    assert all(getattr(found, name) is None for name in found.__dataclass_fields__)
    no_text = Dataset.from_frame(log.frame().select("user", "item", "rating"))
    found = review_statistics(no_text)
    assert found.balance is not None
    assert found.words is None
    assert found.verified is None
    constant = Dataset.from_frame(log.frame().with_columns(rating=pl.lit(4.0)).drop("row"))
    assert review_statistics(constant).balance is None  # without a scale there is no middle
