"""EASE with content: as EASE where items are known, by content where they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.bundle import restore, save
from penchant.errors import ParameterError
from penchant.features.item_content import ItemContent, with_vectors
from penchant.models import EASE, ContentEASE, make
from penchant.models.content.parts import column_weights
from penchant.models.content.ridge import ContentRidge
from penchant.testing import planted_pairs

COLD = 6


def kinds_told(log, column):
    """The log with its items' kinds, of which users like one each, in one column alone."""
    kind = np.arange(log.n_items) % 2
    table = log.items.ids.alias("item").to_frame()
    if column == "labels":
        table = table.with_columns(kind=pl.Series(["drama" if k else "comedy" for k in kind]))
    elif column == "numbers":
        table = table.with_columns(year=pl.Series(1950 + 40 * kind + np.arange(len(kind)) % 7))
    elif column == "text":
        plots = [
            f"{'ship storm' if k else 'feast village'} and number{n}" for n, k in enumerate(kind)
        ]
        table = table.with_columns(plot=pl.Series(plots))
    log = replace(log, item_table=table)
    if column == "vectors":
        noise = np.random.default_rng(0).normal(size=(log.n_items, 5))
        log = with_vectors(log, "picture", noise + 3 * kind[:, None])
    return log


@pytest.fixture(scope="module")
def log():
    return kinds_told(planted_pairs(cold_items=COLD), "labels")


def test_known_items_are_those_of_ease_where_content_weighs_nothing(log):
    warm = log.item_counts > 0
    plain = EASE(l2=50).fit(log)
    model = ContentEASE(l2=50, shrinkage=0).fit(log)
    assert model.content_parts_ == ["labels"]
    np.testing.assert_allclose(model.weights_[:, warm], plain.weights_[:, warm], atol=1e-6)
    assert np.abs(model.weights_[:, ~warm]).max() > 1e-3
    assert (plain.weights_[:, ~warm] == 0).all()


@pytest.mark.parametrize("part", ["labels", "numbers", "text", "vectors"])
def test_new_items_are_ranked_by_what_their_content_leads_one_to_expect(part):
    log = kinds_told(planted_pairs(cold_items=COLD), part)
    model = ContentEASE(l2=50).fit(log)
    assert model.content_parts_ == ["vectors picture" if part == "vectors" else part]
    cold = np.flatnonzero(log.item_counts == 0)
    assert len(cold) == COLD
    scores = model.scores(log.histories)[:, cold]
    mine = np.arange(log.n_users)[:, None] % 2 == cold % 2
    worst, best = scores[mine].reshape(-1, 3).min(1), scores[~mine].reshape(-1, 3).max(1)
    assert (worst > best).mean() > 0.95
    left_out = ContentEASE(l2=50, **{part: 0}).fit(log)
    assert left_out.content_parts_ == []
    assert (left_out.scores(log.histories)[:, cold] == 0).all()


def test_without_content_it_is_ease(log):
    bare = replace(log, item_table=None)
    np.testing.assert_array_equal(
        ContentEASE(l2=50).fit(bare).weights_, EASE(l2=50).fit(bare).weights_
    )


def test_an_items_content_is_a_ridge_on_the_columns_of_known_items(log):
    """Against the regression of each user's scores on content, by the normal equations."""
    model = ContentEASE(l2=50, l2_content=7, shrinkage=3).fit(log)
    x = log.histories.matrix().toarray().astype(float)
    own = EASE(l2=50).fit(log).weights_.astype(float)
    content = ItemContent.of(log, ("labels",)).together()
    f = np.column_stack([content, np.ones(log.n_items)]).astype(float)
    warm = log.item_counts > 0
    ridge = 7 * np.eye(f.shape[1])
    slopes = np.linalg.solve(f[warm].T @ f[warm] + ridge, f[warm].T @ (x @ own[:, warm]).T)
    expected = (f @ slopes).T
    share = log.item_counts / (log.item_counts + 3)
    wanted = x @ own * share + expected * (1 - share)
    # No item speaks for itself: its own weight is left out of the sum.
    smooth = f[warm] @ np.linalg.solve(f[warm].T @ f[warm] + ridge, f.T)
    alone = np.diag(own[:, warm] @ smooth) * (1 - share)
    np.testing.assert_allclose(model.scores(log.histories), wanted - x * alone, atol=1e-4)


def test_single_columns_of_arrays_have_weights_of_their_own(log):
    noise = np.random.default_rng(0).normal(size=(2, log.n_items, 4))
    told = with_vectors(with_vectors(log, "picture", noise[0]), "sound", noise[1])
    options = {"l2": 50, "labels": 0, "text": 0, "seed": 0}
    both = ContentEASE(**options, vectors=2, column_weights="picture=3; sound=0").fit(told)
    assert both.content_parts_ == ["vectors picture"]
    alone = with_vectors(log, "picture", noise[0])
    expected = ContentEASE(**options, vectors=3).fit(alone)
    np.testing.assert_allclose(both.weights_, expected.weights_, rtol=1e-5)
    named = make("content-ease:vectors=0,column_weights=picture=3;sound=0.5")
    assert column_weights(named.column_weights) == {"picture": 3, "sound": 0.5}
    assert ContentEASE(column_weights={"picture": 2.0}).column_weights == "picture=2.0"
    with pytest.raises(ParameterError, match=r"'pictur', and the items of .* have picture, sound"):
        ContentEASE(column_weights="pictur=2").fit(told)
    for wrong, words in (
        ("picture", "column=weight"),
        ("picture=-1", "0 or more"),
        ("picture=much", "could not convert"),
        ("=2", "column=weight"),
    ):
        with pytest.raises(ParameterError, match=words):
            ContentEASE(column_weights=wrong)


def test_a_ridge_with_scales_is_one_on_scaled_content(log):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(log.n_items, log.n_items)).astype(np.float32)
    content = rng.normal(size=(log.n_items, 5)).astype(np.float32)
    scales, warm = np.array([1.0, 0.0, 2.0, 0.5, 3.0]), log.item_counts > 0
    asked = np.array([0, log.n_items - 1])
    found = ContentRidge(weights, content, warm).columns(asked, 4.0, scales)
    direct = ContentRidge(weights, content * scales.astype(np.float32), warm).columns(asked, 4.0)
    np.testing.assert_allclose(found, direct, rtol=1e-6)


def test_events_take_over_from_content(log):
    """The more events weigh, the nearer the weights to those of EASE."""
    warm = log.item_counts > 0
    plain = EASE(l2=50).fit(log).weights_[:, warm]
    far = [
        np.abs(ContentEASE(l2=50, shrinkage=rare).fit(log).weights_[:, warm] - plain).mean()
        for rare in (0, 1, 10, 100)
    ]
    assert far == sorted(far)
    assert far[0] < 1e-6 < far[-1]


def test_save_and_restore(log, tmp_path):
    model = ContentEASE(l2=50).fit(log)
    back = restore(save(model, tmp_path / "bundle"))
    np.testing.assert_array_equal(back.scores(log.histories), model.scores(log.histories))
