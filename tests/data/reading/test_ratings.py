from __future__ import annotations

import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.quality.log_check import check
from penchant.data.reading.log_reader import read
from penchant.data.reading.ratings import parse_ratings
from penchant.errors import DataError

LIKES = ["like", "Liked", "thumbs up", "Thumbs-Up", "thumbs_up", "👍", "👍🏽", "yes", "TRUE", "up",
         "Positive", "recommended", "upvote", "y", "t", "❤️"]  # fmt: skip
DISLIKES = ["dislike", "Disliked", "thumbs down", "thumbs-down", "👎", "No", "false", "down",
            "negative", "Not Recommended", "downvote", "n", "f", "didn't like"]  # fmt: skip
FORMS = {
    "stars drawn": lambda n: "★" * n + "☆" * (5 - n),
    "asterisks": lambda n: "*" * n,
    "emoji": lambda n: "⭐" * n,
    "stars": lambda n: f"{n} stars" if n != 1 else "1 star",
    "hyphen": lambda n: f"{n}-star",
    "share": lambda n: f"{n}/5",
    "share with blanks": lambda n: f"{n} / 5",
    "out of": lambda n: f"{n} out of 5 stars",
    "rated": lambda n: f"Rated {n}.0 out of 5",
    "star after": lambda n: f"{n}★",
    "words": lambda n: ["One", "Two", "Three", "Four", "Five"][n - 1] + " stars",
    "commas": lambda n: f"{n},0",
    "German": lambda n: f"{n},0 von 5 Sternen",
}


def ratings(*values, **options):
    return parse_ratings(pl.Series("rating", values), **options)


def log_of(*values, rating="rating"):
    rows = "".join(f'u{n},i{n % 3},"{value}"\n' for n, value in enumerate(values))
    return read(io.BytesIO(f"user,item,{rating}\n{rows}".encode()), quiet=False)


@given(st.lists(st.sampled_from(LIKES + DISLIKES), min_size=1, max_size=30))
def test_words_of_liking_are_1_and_0(words):
    expected = [1.0 if word in LIKES else 0.0 for word in words]
    assert ratings(*words).values.to_list() == expected
    assert ratings(*(f" {word} " for word in words)).values.to_list() == expected


@given(st.sampled_from(list(FORMS)), st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_stars_and_shares_in_every_form(form, numbers):
    assert ratings(*map(FORMS[form], numbers)).values.to_list() == [float(n) for n in numbers]


@given(st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=1, max_size=30))
def test_commas_of_decimals(numbers):
    texts = [f"{x:.2f}".replace(".", ",") for x in numbers]
    expected = pl.Series(numbers, dtype=pl.Float32).to_list()
    assert ratings(*texts).values.to_list() == expected
    assert ratings(*texts, decimal_comma=True).values.to_list() == expected


@given(st.lists(st.integers(1_000, 10**7), min_size=1, max_size=30))
def test_commas_of_thousands(numbers):
    texts = [f"{n:,}" for n in numbers]
    expected = pl.Series(numbers, dtype=pl.Float32).to_list()
    assert ratings(*texts, "7").values.to_list() == [*expected, 7.0]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["4/5", "8/10", "2/5"], [4.0, 4.0, 2.0]),
        (["80%", "75 %", "100 percent"], [80.0, 75.0, 100.0]),
        (["★★★½", "★★★★", "★"], [3.5, 4.0, 1.0]),
        (["4.5 stars", "3", "2,5 stars"], [4.5, 3.0, 2.5]),
        (["1", "0", "true"], [1.0, 0.0, 1.0]),
        (["positive", "neutral", "negative"], [1.0, 0.5, 0.0]),
        (["like", "N/A", "dislike", "null", ""], [1.0, None, 0.0, None, None]),
        (["3,500", "4"], [3500.0, 4.0]),
        (["5", "4", "*", "3", "2", "1", "5", "4", "3", "2"], [5, 4, None, 3, 2, 1, 5, 4, 3, 2]),
        (["*", "***", "5"], [None, None, 5.0]),
    ],
)
def test_further_forms(texts, expected):
    assert ratings(*texts).values.to_list() == expected


def test_booleans_are_1_and_0(notices):
    log = read(pl.DataFrame({"user": [1, 2], "item": [1, 1], "rating": [True, False]}))
    assert log.ratings.tolist() == [1.0, 0.0]
    assert "true are read as 1, others as 0" in notices()


def test_what_was_read_as_what_is_said_and_unknown_words_are_listed(notices):
    log = log_of(*["like", "dislike"] * 20, "whatever")
    assert sorted(set(log.ratings.tolist())) == [0.0, 1.0]
    told = notices()
    assert "ratings are read as numbers: 'like' as 1, 'dislike' as 0" in told
    assert "left out 1 of 41 records" in told
    assert check(log)["skipped"].table()["problem"].to_list() == [
        "rating 'whatever' is not a number"
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["view", "addtocart", "transaction", "view"],
        ["click", "purchase", "like", "click", "view"],
        ["view"] * 8 + ["like"] * 2,
        ["like"] * 7 + ["share"] * 3,
        ["good", "bad", "fine"],
        ["2020-01-01", "2020-01-02", "2020-01-03"],
        ["5 apples", "4 pears", "3 plums"],
    ],
)
def test_kinds_of_events_are_no_ratings(words):
    parsed = ratings(*words)
    assert parsed.remark == ""
    assert parsed.values.null_count() == len(words)
    with pytest.raises(
        DataError,
        match=r"the rating column 'rating' is not numeric: .* say which of its values are positive "
        r"with positive='…' \(--positive …\), or go without with rating=False\.$",
    ):
        log_of(*words)


def test_numbers_with_some_words_stay_numbers():
    parsed = ratings("5", "4", "like", "3", "yes")
    assert parsed.values.to_list() == [5.0, 4.0, None, 3.0, None]
    assert parsed.remark == ""


@pytest.mark.parametrize(
    "ratings",
    [["like", "dislike"], ["👍", "👎"], ["4/5", "5/5"], ["★★★", "★"], ["4 stars", "1 star"],
     ["80%", "5%"], ["True", "False"], ["thumbs up", "thumbs down"]],
)  # fmt: skip
def test_ratings_as_words_are_found_without_a_header(ratings):
    rows = "".join(f"ann{n},tea{n % 5},{ratings[n % 2]},{1_500_000_000 + n}\n" for n in range(9))
    log = read(io.BytesIO(rows.encode()), quiet=True)
    assert log.origin.columns["rating"] == "column_2"
    assert len(set(log.ratings.tolist())) == 2


@pytest.mark.parametrize("ids", [["t", "f"], ["one", "two"], ["up", "left"], ["y", "x"]])
def test_ids_that_are_words_stay_ids(ids):
    rows = "".join(f"{ids[n % 2]},tea{n % 5},{n % 5},{1_500_000_000 + n}\n" for n in range(9))
    log = read(io.BytesIO(rows.encode()), quiet=True)
    assert log.users.ids.to_list() == sorted(ids)


@pytest.mark.parametrize("name", ["liked", "is_recommended", "voted_up", "Recommended"])
def test_usual_names_of_columns_of_likes(name):
    log = read(io.BytesIO(f"user,item,{name}\n1,1,True\n1,2,False\n".encode()), quiet=True)
    assert log.ratings.tolist() == [1.0, 0.0]


def test_dots_before_three_digits_are_thousands_where_some_are_nothing_else():
    texts = ["1.234", "12.005", "17", "2.000.100"]
    for decimal_comma in (False, True):
        read_ = ratings(*texts, decimal_comma=decimal_comma)
        assert read_.values.to_list() == [1234.0, 12005.0, 17.0, 2_000_100.0]
    assert read_.remark == "ratings are read as numbers: '2.000.100' as 2000100"
    assert ratings("1.234,5", "3").values.to_list() == [1234.5, 3.0]
    assert ratings("2.000.100", "1.5", "2.25").values.to_list() == [None, 1.5, 2.25]
    assert not ratings("7", "x.y", "2.000.100", "1.234", *"123456789").apart  # in pieces


def test_all_dots_before_three_digits_may_be_thousands(caplog):
    def plays(*values):
        rows = "".join(f"u{n};a{n % 3};{value}\n" for n, value in enumerate(values))
        caplog.clear()
        log = read(io.BytesIO(f"user;artist;plays\n{rows}".encode()))
        return log.weights.tolist(), [m for m in caplog.messages if "separate thousands" in m]

    weights, messages = plays("1.234", "12.005", "17.100", "2.100", "17")
    assert weights == pytest.approx([1.234, 12.005, 17.1, 2.1, 17])
    assert messages == [
        "the open file: numbers such as '1.234' are read with decimals, as 1.234, though each dot "
        "stands before three digits: if dots separate thousands, remove them from the column "
        "before it is read."
    ]
    assert plays("1.234", "12.005", "17.100", "2.100.000")[0] == [1234, 12005, 17100, 2_100_000]
    for plain in (["1.234", "0.500"], ["1.234", "2.5"], ["1.234", "1234"], ["1", "17"]):
        assert not plays(*plain)[1]
    assert not ratings("1.234", "12.005").doubt  # where commas separate columns
