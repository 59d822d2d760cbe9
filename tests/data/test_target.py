from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.target import (
    Adjusted,
    Interaction,
    Like,
    Rating,
    Target,
    default_like_threshold,
    threshold_words,
)
from penchant.errors import ParameterError


@pytest.mark.parametrize(
    ("rating", "adjusted"),
    [(1, 1.161875889658824), (5, 5.5), (8, 9.5731671414019), (10, 9.939764341681437)],
)
def test_published_values_of_the_adjusted_rating(rating, adjusted):
    assert Adjusted().of_ratings([rating])[0] == np.float32(adjusted)


@given(st.floats(1, 10), st.floats(2, 8), st.floats(0.1, 1.5))
def test_adjusted_ratings_map_back(rating, inflection, steepness):
    target = Adjusted(inflection, steepness)
    adjusted = target.of_ratings([rating])
    assert 1 <= adjusted[0] <= 10
    # float32 has about 1e-6 left of a value that is near the end of the scale
    slope = float((adjusted[0] - 1) * (10 - adjusted[0]) / 9 * steepness)
    assert target.to_rating(adjusted)[0] == pytest.approx(rating, abs=1e-5 + 3e-6 / slope)


def test_predictions_beyond_the_scale_are_clipped():
    target = Adjusted()
    np.testing.assert_allclose(target.to_rating([-3, 1, 10, 99]), [1, 1, 10, 10], rtol=1e-5)


@pytest.mark.parametrize(("inflection", "steepness"), [(5, 4), (5, 50), (-20, 1), (90, 20)])
def test_a_steep_or_shifted_sigmoid_gives_ratings_of_the_scale(inflection, steepness):
    target = Adjusted(inflection, steepness)
    with np.errstate(all="raise", under="ignore"):
        ratings = target.to_rating([-np.inf, 1, 1 + 1e-12, 5.5, 10, np.inf])
        again = target.to_rating(target.of_ratings(np.arange(1, 11)))
    assert ((ratings >= 1) & (ratings <= 10)).all()
    assert (np.diff(ratings) >= 0).all()
    assert ((again >= 1) & (again <= 10)).all()
    assert ratings[0] == 1
    assert ratings[-1] == 10
    assert np.isnan(target.to_rating([np.nan])).all()


def test_rating_like_and_interaction():
    ratings = np.array([1.5, 4.0, 5.0])
    assert Rating().of_ratings(ratings).tolist() == [1.5, 4, 5]
    assert Rating().to_rating([7]).tolist() == [7]
    assert Like(4).of_ratings(ratings).tolist() == [0, 1, 1]
    assert Like(4).to_rating([1]) is None
    assert Interaction().of_ratings(ratings).tolist() == [1, 1, 1]
    assert Interaction().to_rating([1]) is None
    for target in (Rating(), Adjusted(), Like(), Interaction()):
        assert target.of_ratings(ratings).dtype == np.float32
        assert target.needs_ratings == (not isinstance(target, Interaction))
        assert target.is_like(ratings, 4).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("rating", Rating()),
        ("adjusted", Adjusted()),
        ("adjusted(3,2)", Adjusted(3, 2)),
        (" adjusted( 3.5 , 0.5 ) ", Adjusted(3.5, 0.5)),
        ("like>=4", Like(4)),
        ("like >= 3.5", Like(3.5)),
        ("interaction", Interaction()),
    ],
)
def test_texts_are_read_and_written(text, target):
    assert Target.parse(text) == target
    assert Target.parse(str(target)) == target
    assert Target.parse(target) is target


@pytest.mark.parametrize(
    "text", ["ratings", "like>4", "adjusted(5)", "adjusted(a,b)", "", 5.0, None]
)
def test_other_texts_are_refused(text):
    with pytest.raises(ParameterError, match="There is no target"):
        Target.parse(text)


@pytest.mark.parametrize("options", [{"steepness": 0}, {"low": 3, "high": 3}])
def test_impossible_adjustments_are_refused(options):
    with pytest.raises(ParameterError, match="steepness above 0"):
        Adjusted(**options)


@pytest.mark.parametrize(
    ("scale", "threshold"),
    [((1, 5), 4), ((0.5, 5), 4), ((1, 10), 8), ((0, 10), 8), ((0, 1), 0.75)],
)
def test_default_like(scale, threshold):
    assert default_like_threshold(scale) == threshold


def test_default_like_needs_a_scale():
    with pytest.raises(ParameterError, match="has none"):
        default_like_threshold(None)


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (4.0, "of at least 4"),
        (3.5, "of at least 3.5"),
        (float(np.nextafter(np.float32(3), np.float32(np.inf))), "above 3"),
        (float(np.nextafter(np.float32(-0.5), np.float32(np.inf))), "above -0.5"),
        (3.25, "of at least 3.25"),
    ],
)
def test_words_for_a_threshold(threshold, words):
    assert threshold_words(threshold) == words
