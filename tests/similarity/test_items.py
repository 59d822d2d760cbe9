from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError, UnknownIdError
from penchant.models.neighbours.entities import L2
from penchant.models.shared.biases import fit_biases
from penchant.testing import planted_ratings


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=60, n_items=20)


def frame_of(log):
    """Users by items, NaN where nothing was rated."""
    found = np.full((log.n_users, log.n_items), np.nan)
    user, item = (log.events[c].to_numpy() for c in ("user", "item"))
    found[user, item] = log.ratings
    return found


def test_pearson_is_the_correlation_over_those_who_rated_both(log):
    table = frame_of(log)
    asked = log.items.ids[3]
    found = pn.similar(log, [asked], 5, shrinkage=0, min_common=3)
    for row in found.iter_rows(named=True):
        both = table[:, [3, log.items.index(row["similar"])]]
        both = both[~np.isnan(both).any(1)]
        assert row["co_raters"] == len(both)
        assert row["similarity"] == pytest.approx(np.corrcoef(both.T)[0, 1], abs=1e-3)
    assert found["rank"].to_list() == list(range(1, len(found) + 1))
    assert found["similarity"].is_sorted(descending=True)
    assert found["similar"].n_unique() == len(found)
    assert asked not in found["similar"]


def test_whole_columns_as_published(log):
    table = np.nan_to_num(frame_of(log))
    asked = log.items.ids[0]
    found = pn.similar(log, [asked], 40, similarity_of="correlation", shrinkage=0, min_common=1)
    wanted = np.corrcoef(table.T)[0]
    for row in found.iter_rows(named=True):
        assert row["similarity"] == pytest.approx(wanted[log.items.index(row["similar"])], abs=1e-5)
    assert len(found) == (wanted > 0).sum() - 1


def cosines(columns):
    lengths = np.linalg.norm(columns, axis=0)
    return columns.T @ columns / (lengths[:, None] * lengths)


def test_whole_columns_of_weights_and_of_what_ratings_are_above_biases(log):
    asked, options = log.items.ids[0], {"shrinkage": 0, "min_common": 1}
    mean, by_item = fit_biases(log, L2, L2)
    rest = frame_of(log) - mean - by_item
    rest -= (np.nansum(rest, 1) / ((~np.isnan(rest)).sum(1) + L2))[:, None]
    weights = np.random.default_rng(0).uniform(1, 5, len(log))
    frame = log.frame().select("user", "item").with_columns(weight=weights)
    weighted = Dataset.from_frame(frame)
    for some, kind, columns in (
        (log, "residual-cosine", np.nan_to_num(rest)),
        (weighted, "cosine", weighted.histories.matrix("weight").toarray()),
    ):
        wanted = cosines(columns)[some.items.index(asked)]
        found = pn.similar(some, [asked], 40, similarity_of=kind, **options)
        assert len(found) == (wanted > 0).sum() - 1
        for row in found.iter_rows(named=True):
            place = some.items.index(row["similar"])
            assert row["similarity"] == pytest.approx(wanted[place], abs=1e-5)


def test_shrinkage_and_the_least_number_of_raters(log):
    plain = pn.similar(log, [log.items.ids[3]], 20, shrinkage=0, min_common=1)
    shrunken = pn.similar(log, [log.items.ids[3]], 20, shrinkage=7, min_common=1)
    both = plain.join(shrunken, on="similar")
    np.testing.assert_allclose(
        both["similarity_right"],
        both["similarity"] * both["co_raters"] / (both["co_raters"] + 7),
        rtol=1e-5,
    )
    few = pn.similar(log, [log.items.ids[3]], 20, min_common=12)
    assert (few["co_raters"] >= 12).all()


def test_what_the_log_says_of_the_items():
    events = {
        "user": [1, 1, 1, 2, 2, 2, 3, 3, 3],
        "item": ["a", "b", "c"] * 3,
        "rating": [5.0, 4.0, 1.0, 1.0, 2.0, 5.0, 4.0, 4.0, 2.0],
    }
    items = {"item": ["a", "b", "c"], "title": ["One", "Two", None], "brand": ["x", "y", "z"]}
    log = Dataset.from_frame(pl.DataFrame(events), item_table=pl.DataFrame(items))
    (row,) = pn.similar(log, ["a"], 3).to_dicts()
    assert (row["similar"], row["title"], row["brand"]) == ("b", "Two", "y")
    assert row["overall_mean"] == pytest.approx(10 / 3)
    assert (row["overall_count"], row["co_raters"]) == (3, 3)


def test_events_alone(log):
    bare = Dataset.from_frame(log.frame().select("user", "item"))
    found = pn.similar(bare, [bare.items.ids[0]], similarity_of="jaccard")
    assert found["overall_mean"].null_count() == len(found) > 0
    with pytest.raises(DataError, match="no ratings to correlate"):
        pn.similar(bare, [bare.items.ids[0]])


def test_what_cannot_be(log):
    with pytest.raises(UnknownIdError, match="has no item"):
        pn.similar(log, [10**6])
    with pytest.raises(ParameterError, match="at least 1"):
        pn.similar(log, [log.items.ids[0]], 0)
