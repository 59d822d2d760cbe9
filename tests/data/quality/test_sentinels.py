from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.quality.filters import rating_range
from penchant.data.quality.log_check import check, doubts
from penchant.data.quality.sentinels import find_sentinels
from penchant.data.reading.log_reader import read
from penchant.data.sources import load

HALVES = [n / 2 for n in range(1, 11)]


def log_of(ratings, **options):
    n = len(ratings)
    frame = pl.DataFrame(
        {
            "user": [i % 37 for i in range(n)],
            "item": [i // 37 for i in range(n)],
            "rating": pl.Series(ratings, dtype=pl.Float32),
        }
    )
    return Dataset.from_frame(frame, **options)


def repeated(values, n=2000):
    """Each value about as often, in mixed order."""
    return np.random.default_rng(0).permutation(np.resize(np.array(values, dtype=np.float32), n))


def sentinels_of(ratings):
    distinct = np.unique(np.asarray(ratings, dtype=np.float32), return_counts=True)
    return [value for group in find_sentinels(*distinct) for value in group.values]


@pytest.mark.parametrize(
    "values",
    [
        range(1, 6), range(6), range(1, 11), range(11), range(101), HALVES, [0, *HALVES],
        [1, 10], [1, 2, 9, 10], [1, 8, 9, 10], [1, 2, 3, 10], [1, 5], [1, 4, 5], [0, 8, 9, 10],
        [-1, 1], [-1, 0, 1], [-2, -1, 0, 1, 2], [-3, -2, -1, 1, 2, 3], range(-1, 6),
        [0, 1], [0, 0.5, 1], [20, 40, 60, 80, 100], [10, 20, 30, 100], range(1, 8),
    ],
)  # fmt: skip
def test_honest_scales_are_not_accused(values):
    assert sentinels_of(repeated(list(values))) == []


@given(
    st.lists(st.integers(1, 40), min_size=10, max_size=10),
    st.sampled_from([range(1, 11), range(1, 6), HALVES, range(0, 11)]),
)
def test_no_distribution_on_a_usual_scale_is_accused_unless_it_has_gaps(weights, scale):
    ratings = np.repeat([*scale][:10], weights[: len([*scale][:10])])
    assert sentinels_of(ratings) == []


@given(
    st.sampled_from([-99, -1, 99, 999, 9999, -1000]),
    st.sampled_from([range(1, 11), range(1, 6), range(3, 11), HALVES]),
    st.floats(0.02, 0.6),
)
def test_a_value_far_from_all_others_is_found_whatever_it_is(value, scale, share):
    ratings = repeated([*scale], 2000)
    ratings[: int(share * 2000)] = value
    assert sentinels_of(ratings) == [value]


def test_continuous_ratings():
    rng = np.random.default_rng(0)
    jester = np.round(rng.uniform(-10, 10, 5000), 2)
    assert sentinels_of(jester) == []
    assert sentinels_of(np.append(jester, [99] * 800)) == [99]
    assert sentinels_of(np.append(jester, [-99] * 800)) == [-99]
    plays = np.round(rng.lognormal(2, 1.5, 5000))
    assert sentinels_of(plays) == []
    hours = np.round(rng.uniform(0.1, 90, 5000), 1)
    assert sentinels_of(hours) == []
    assert sentinels_of(np.append(hours, [-1] * 500)) == [-1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 2, 3, 4, 5], [0]),
        ([0, *range(3, 11)], [0]),
        ([0, 1, 1.5, 2, 2.5, 3, 3.5, 4], [0]),
        ([-1, *range(1, 11), 99], [-1, 99]),
        ([*range(1, 11), 97, 98, 99], [97, 98, 99]),
        ([1, 2, 3, 4, 5, 9], [9]),
        ([1, 2, 3, 4, 5, 100], [100]),
        ([-999, -1, 1, 2, 3, 4, 5], [-999, -1]),
    ],
)
def test_several_and_other_sentinels(values, expected):
    assert sentinels_of(repeated(values)) == expected


def test_the_check_names_the_remedy_and_the_remedy_helps():
    log = log_of(np.append(repeated(range(3, 11), 800), [-1.0] * 200))
    report = check(log)
    assert report["sentinels"].level == "doubtful"
    assert report["sentinels"].count == 200
    assert "out_of_scale" not in report
    assert report["sentinels"].sentence == (
        "200 ratings are -1, below all others (3 to 10): such a value often means that nobody "
        "rated; leave them out with --min-rating 3 (pn.rating_range(log, low=3))"
    )
    assert [issue.name for issue in doubts(log)] == ["sentinels"]
    assert list(doubts(rating_range(log, low=3))) == []
    high = log_of(np.append(repeated(range(1, 6), 800), [99.0] * 200))
    assert "--max-rating 5 (pn.rating_range(log, high=5))" in check(high)["sentinels"].sentence


def test_a_known_scale_has_no_sentinels():
    log = log_of(repeated([-1, 1, 2, 3, 4, 5]), scale=(-1, 5))
    assert "sentinels" not in check(log)


def test_zeros_are_doubted_before_a_model_learns_where_they_are_the_most():
    few = log_of(np.append(repeated(range(1, 6), 1000), [0.0] * 100))
    assert check(few)["zeros"].count == 100
    assert list(doubts(few)) == []
    many = log_of(np.append(repeated(range(1, 6), 1000), [0.0] * 1000))
    assert [issue.name for issue in doubts(many)] == ["zeros"]


@pytest.mark.mirror
@pytest.mark.parametrize(
    "name",
    ["movielens-100k", "movielens-1m", "movielens-latest-small", "amazon-2018/All_Beauty",
     "amazon-2018/AMAZON_FASHION", "amazon-2018/Gift_Cards", "amazon-2014/Musical_Instruments"],
)  # fmt: skip
def test_published_logs_are_honest(name, mirror):
    log = load(name, mirror=mirror)
    assert sentinels_of(log.ratings) == []
    assert list(doubts(log)) == []


@pytest.mark.mirror
def test_book_crossing_without_and_with_its_zeros(mirror):
    folder = mirror / "book-crossing"
    rated = read(folder / "BX-Ratings.csv", quiet=True)
    assert list(doubts(rated)) == []
    raw = read(folder / "bx_first200k_rows.csv", quiet=True)
    assert [issue.name for issue in doubts(raw)] == ["zeros"]
