from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.positive import Positive, parse_positive, with_positive
from penchant.data.reading.log_reader import read
from penchant.errors import DataError, ParameterError


def log_of(*ratings, positive, column="rating", **options):
    rows = "".join(f'u{n},i{n},"{rating}"\n' for n, rating in enumerate(ratings))
    file = io.BytesIO(f"user,item,{column}\n{rows}".encode())
    return read(file, positive=positive, quiet=True, **options)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (">=4", Positive(4.0)),
        (" >= 4.5 ", Positive(4.5)),
        ("≥4", Positive(4.0)),
        ("4", Positive(4.0)),
        (4, Positive(4.0)),
        (-0.5, Positive(-0.5)),
        (">3", Positive(float(np.nextafter(np.float32(3), np.float32(9))))),
        ("like", Positive(words=("like",))),
        ("like, love", Positive(words=("like", "love"))),
        (["like", "a, b"], Positive(words=("like", "a, b"))),
        (True, Positive(words=("true",))),
    ],
)
def test_wishes(wish, expected):
    assert parse_positive(wish) == expected


@pytest.mark.parametrize("wish", ["", ",", "<3", "=4", "<=4", "!=1", [], ["a", ""], "a,,b"])
def test_what_is_no_wish_is_one_sentence(wish):
    with pytest.raises(ParameterError, match="does not say which ratings are positive: say >=4"):
        parse_positive(wish)


def test_a_threshold_beyond_float32():
    with pytest.raises(ParameterError, match="cannot begin with 1e99"):
        parse_positive("1e99")


@given(st.floats(-1000, 1000, width=32), st.lists(st.floats(-1000, 1000, width=32), min_size=1))
def test_comparisons_hold_for_ratings_of_32_bits(limit, ratings):
    ratings = np.array([*ratings, limit], dtype=np.float32)
    for wish, expected in ((f">={limit!r}", ratings >= limit), (f">{limit!r}", ratings > limit)):
        threshold = parse_positive(wish).threshold
        assert threshold is not None
        assert ((ratings >= np.float32(threshold)) == expected).all()


@pytest.mark.parametrize(
    ("ratings", "wish", "values", "threshold"),
    [
        (["3", "4", "5"], ">=4", [3, 4, 5], 4),
        (["like", "dislike", "like"], "like", [1, 0, 1], 1),
        (["like", "dislike", "love"], "like,love", [1, 0, 1], 1),
        (["like", "dislike", "love"], "love", [0, 0, 1], 1),
        (["true", "false"], "True", [1, 0], 1),
        (["positive", "neutral", "negative"], "positive", [1, 0.5, 0], 1),
        (["positive", "neutral", "negative"], "positive,neutral", [1, 0.5, 0], 0.5),
        (["★★★", "★★★★", "★★★★★"], "★★★★,★★★★★", [3, 4, 5], 4),
        (["view", "cart", "buy", "view"], "buy,cart", [0, 1, 1, 0], 1),
        (["good", "great", "bad"], ["Great", "good"], [1, 1, 0], 1),
        (["3", "4", "5"], ["4", "5.0"], [3, 4, 5], 4),
        (["no", "yes"], "no", [1, 0], 1),
        (["thumbs_up", "thumbs_down"], "like", [1, 0], 1),
        (["👍", "👎", "Thumbs up"], "like", [1, 0, 1], 1),
        (["yes", "no"], "like", [1, 0], 1),
        (["Y", "n"], "liked", [1, 0], 1),
        (["true", "false"], "yes", [1, 0], 1),
        (["1", "0"], "like", [1, 0], 1),
        (["yes", "no", "neutral"], "like,mixed", [1, 0, 0.5], 0.5),
        (["yes", "no"], "dislike", [0, 1], 1),
        (["like", "love", "dislike"], "upvote", [1, 1, 0], 1),
    ],
)
def test_positive_ratings(ratings, wish, values, threshold):
    log = log_of(*ratings, positive=wish)
    assert log.ratings.tolist() == values
    assert log.positive == threshold
    expected = [value >= threshold for value in values]
    assert (log.ratings >= log.positive).tolist() == expected


def test_booleans():
    frame = pl.DataFrame({"user": [1, 2], "item": [1, 1], "rating": [True, False]})
    assert read(frame, positive=True, quiet=True).positive == 1
    inverted = read(frame, positive="false", quiet=True)
    assert inverted.ratings.tolist() == [0.0, 1.0]


def test_missing_ratings_stay_missing_beside_words():
    log = log_of("buy", "view", "", "buy", positive="buy")
    assert log.ratings.tolist() == [1.0, 0.0, 1.0]
    assert log.origin.skipped is not None
    assert log.origin.skipped["problem"].to_list() == ["missing rating"]


@pytest.mark.parametrize(
    ("ratings", "wish", "words"),
    [
        (
            ["like", "dislike"],
            "neutral",
            "no rating is 'neutral'; there are 'dislike', 'like': name positive ones of these, or "
            r"say from which on they are positive, as in positive='>=1' \(--positive '>=1'\)\.$",
        ),
        (["5", "3", "4"], "like", "there are '3', '4', '5': name.* positive='>=5'"),
        (["1", "-1", "1"], "like", "there are '-1', '1': name.* positive='>=1'"),
        (["10", "9", "1", "2"], "good", "there are '1', '2', '9', '10': .* positive='>=9'"),
        (["0.5", "1.5", "5"], "good", "there are '0.5', '1.5', '5': .* positive='>=5'"),
        (
            [str(n) for n in range(100, 0, -1)],
            "good",
            "there are '1', '2', '3', …, '98', '99', '100': .* positive='>=76'",
        ),
        (["view", "cart", "buy"], "bought", "'buy', 'cart', 'view': name positive ones of these."),
        (["1", "2", "3", "4"], ["4", "2"], "some higher ones than 2 .* as in positive='>=2'"),
        (["-1", "1"], ">=4", "go from -1 to 1, and positive ones are .* positive='>=1'"),
        (["3", "4", "5", "like"], "like", "the ratings are numbers"),
        (["3", "4", "5"], ["3"], "the ratings are numbers.* as in positive='>=3'"),
        (["1", "2", "3"], ">=4", "No event of .* its ratings go from 1 to 3, and positive ones"),
        (["view", "buy"], ">=1", "the rating column 'rating' is not numeric"),
    ],
)
def test_wishes_that_no_rating_fits(ratings, wish, words):
    with pytest.raises(DataError, match=words):
        log_of(*ratings, positive=wish)


def test_without_ratings():
    with pytest.raises(DataError, match="no rating column was recognised"):
        log_of("a", "b", positive=">=1", column="shelf")
    with pytest.raises(ParameterError, match="does not say which"):
        log_of("a", "b", positive="")


def test_what_was_taken_as_positive_is_said(notices):
    file = io.BytesIO(b"user,item,event\n1,1,view\n1,2,buy\n2,1,view\n")
    read(file, rating="event", positive="buy")
    assert "ratings are read as numbers: 'buy' as 1, others ('view') as 0" in notices()


def test_a_log_that_is_read_already():
    frame = pl.DataFrame({"user": [1, 2], "item": [1, 1], "rating": [3.0, 5.0]})
    log = Dataset.from_frame(frame)
    assert with_positive(log, ">=4").positive == 4
    with pytest.raises(ParameterError, match=r"are numbers from 3 to 5, not 'like': .*'>=5'"):
        with_positive(log, "like")
    with pytest.raises(DataError, match="No event of 'log' is positive"):
        with_positive(log, ">5")
    with pytest.raises(DataError, match="no ratings"):
        with_positive(Dataset.from_frame(frame.drop("rating")), 4)
