from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.origin import Origin
from penchant.data.reading.log_reader import read
from penchant.errors import DataError
from penchant.testing import planted_pairs


@pytest.fixture
def frame():
    return pl.DataFrame(
        {
            "user": ["b", "a", "b", "c"],
            "item": [30, 10, 10, 30],
            "rating": [1.0, 2.0, 3.5, 4.0],
            "style": ["x", None, "y", "x"],
        }
    )


def test_indices_counts_and_further_columns(frame):
    log = Dataset.from_frame(frame, name="small")
    assert log.events["user"].to_list() == [1, 0, 1, 2]
    assert log.events["item"].to_list() == [1, 0, 0, 1]
    assert log.events["row"].to_list() == [1, 2, 3, 4]
    assert log.events["style"].to_list() == frame["style"].to_list()
    assert log.user_counts.tolist() == [1, 2, 1]
    assert log.item_counts.tolist() == [2, 2]
    assert repr(log) == "Dataset('small': 4 events, 3 users, 2 items)"
    assert log.frame().drop("row").equals(frame.cast({"rating": pl.Float32}), null_equal=True)


def test_tables_bring_further_ids_and_are_aligned(frame):
    table = pl.DataFrame({"title": ["T20", None, "T10"], "item": [20, 30, 10]})
    people = pl.DataFrame({"user": ["d", "a"], "age": [4, 1]})
    log = Dataset.from_frame(frame, item_table=table, user_table=people)
    assert log.items.ids.to_list() == [10, 20, 30]
    assert log.item_table.columns == ["item", "title"]
    assert log.titles() == ["T10", "T20", "30"]
    assert log.titles([2, 0]) == ["30", "T10"]
    assert log.user_table["age"].to_list() == [1, None, None, 4]
    assert log.item_counts.tolist() == [2, 0, 2]
    assert log.histories.lengths.tolist() == [1, 2, 1, 0]


def test_titles_without_a_table_are_ids(frame):
    assert Dataset.from_frame(frame).titles() == ["10", "30"]


@pytest.mark.parametrize(
    ("titles", "shown"),
    [
        ([1984, None], ["1984", "30"]),
        ([["Lego", "Star Wars"], None], ["Lego|Star Wars", "30"]),
        ([[1, 2], [3]], ["[1, 2]", "[3]"]),
        ([{"en": "Ten"}, None], ["{'en': 'Ten'}", "30"]),
        ([None, None], ["10", "30"]),
        ([b"Ten", b"\xff"], ["Ten", "\ufffd"]),
        ([date(1984, 1, 2), None], ["1984-01-02", "30"]),
    ],
)
def test_titles_of_another_type_become_texts(frame, titles, shown):
    table = pl.DataFrame({"item": [10, 30], "title": titles})
    assert Dataset.from_frame(frame, item_table=table).titles() == shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop("item"), "no column 'item'"),
        (lambda f: f.with_columns(rating=pl.Series([1, None, 2, 3])), "not finite"),
        (lambda f: f.with_columns(rating=pl.Series([1.0, float("inf"), 2, 3])), "not finite"),
        (lambda f: f.with_columns(user=pl.Series(["a", None, "b", "c"])), "1 user id is missing"),
    ],
)
def test_impossible_logs_are_refused(frame, change, words):
    with pytest.raises(DataError, match=words):
        Dataset.from_frame(change(frame))


@pytest.mark.parametrize("factor", [1, 1000, 1_000_000, 1_000_000_000])
@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64, pl.String])
def test_times_are_read_as_by_read(frame, factor, dtype):
    seconds = pl.Series([881_250_949, None, 1_600_000_000, 1_500_000_000]) * factor
    timed = frame.with_columns(time=seconds.cast(dtype))
    log = Dataset.from_frame(timed)
    assert log.events["time"].dt.year().to_list() == [1997, None, 2020, 2017]
    assert log.events["time"].equals(read(timed, quiet=True).events["time"])


def test_datetimes_are_what_they_are():
    early = datetime(1960, 5, 1, 12)
    for time in (
        early,
        early.replace(tzinfo=UTC),
        early.replace(hour=14, tzinfo=timezone(timedelta(hours=2))),
    ):
        log = Dataset.from_frame(pl.DataFrame({"user": [1], "item": [1], "time": [time]}))
        assert log.events["time"].to_list() == [early]
    day = Dataset.from_frame(pl.DataFrame({"user": [1], "item": [1], "time": [early.date()]}))
    assert day.events["time"].to_list() == [datetime(1960, 5, 1)]


def test_numbers_that_count_events_keep_their_order(frame, caplog):
    log = Dataset.from_frame(frame.with_columns(time=pl.Series([3, 1, 2, 0])), name="steps")
    assert log.events["time"].to_physical().to_list() == [3_000_000, 1_000_000, 2_000_000, 0]
    (message,) = caplog.messages
    assert message.startswith("steps: times such as 3 are read as seconds since 1970")


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (
            ["2020-01-01", "soon", "x", None],
            "2 times of 'log' cannot be used, such as 'soon', which",
        ),
        ([1_600_000_000, -5, 0, 0], "such as -5, which lies before 1970: drop such rows"),
        ([1_600_000_000, 9_600_000_000, 0, 0], "which lies more than a year in the future"),
        ([[1], [2], [3], [4]], r"The times of 'log' are List\(Int64\): give datetimes"),
        ([True] * 4, "The times of 'log' are Boolean"),
    ],
)
def test_what_is_no_time_is_refused(frame, times, words):
    with pytest.raises(DataError, match=words):
        Dataset.from_frame(frame.with_columns(time=pl.Series(times)))


@pytest.mark.parametrize("column", ["rating", "weight"])
def test_texts_are_no_numbers(frame, column):
    words = f"The column '{column}' must have numbers, and is String"
    with pytest.raises(DataError, match=words):
        Dataset.from_frame(frame.with_columns(pl.lit("good").alias(column)))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pl.DataFrame({"item": [10, 10]}), "10 more than once"),
        (pl.DataFrame({"item": ["10"]}), "give both the same type"),
        (pl.DataFrame({"id": [10]}), "no column 'item'"),
    ],
)
def test_impossible_tables_are_refused(frame, table, words):
    with pytest.raises(DataError, match=words):
        Dataset.from_frame(frame, item_table=table)


def test_fingerprint_sees_every_event(frame):
    def fingerprint(f, **tables):
        return Dataset.from_frame(f, **tables).fingerprint

    base = fingerprint(frame)
    assert fingerprint(frame.clone()) == base
    others = [
        fingerprint(frame[::-1]),
        fingerprint(frame.with_columns(pl.col("rating") + 0.5)),
        fingerprint(frame.drop("rating")),
        fingerprint(frame.with_columns(time=pl.datetime(2020, 1, 1))),
        fingerprint(frame.with_columns(user=pl.lit("z"))),
        fingerprint(frame, item_table=pl.DataFrame({"item": [10, 20, 30]})),
    ]
    assert len({base, *others}) == 1 + len(others)


def test_subset_keeps_vocabularies(frame):
    log = Dataset.from_frame(frame, scale=(0.5, 5))
    by_mask = log.subset(np.array([True, False, True, False]))
    by_position = log.subset(np.array([0, 2]))
    assert by_mask.events.equals(by_position.events)
    assert by_mask.users is log.users
    assert by_mask.rating_range == (0.5, 5)
    assert by_mask.fingerprint != log.fingerprint


def test_ratings_and_times(frame):
    log = Dataset.from_frame(frame)
    assert log.rating_range == (1, 4)
    assert not log.has_times
    without = Dataset.from_frame(frame.drop("rating"))
    assert without.rating_range is None
    with pytest.raises(DataError, match="has no ratings"):
        _ = without.ratings
    some = frame.with_columns(time=pl.Series([1, None, 2, 3]).cast(pl.Datetime("us")))
    assert not Dataset.from_frame(some).has_times
    assert Dataset.from_frame(some.with_columns(pl.col("time").forward_fill())).has_times


def test_origin_says_what_was_guessed():
    origin = Origin("a.csv", {"user": "who", "item": "what"}, guessed=("item",))
    assert str(origin) == "a.csv: user=who, item=what (guessed)"
    assert str(Origin()) == "memory"


def test_planted_logs_are_reproducible():
    assert planted_pairs(seed=1).fingerprint == planted_pairs(seed=1).fingerprint
    assert planted_pairs(seed=1).fingerprint != planted_pairs(seed=2).fingerprint


@pytest.mark.parametrize("ordered_first", [False, True])
@pytest.mark.parametrize("times", ["all", "some", "none", "places", "baskets"])
def test_a_part_is_the_subset(times, ordered_first):
    rng = np.random.default_rng(3)
    n = 300
    frame = pl.DataFrame(
        {
            "user": rng.integers(0, 9, n), "item": rng.integers(0, 20, n),
            "rating": rng.integers(1, 6, n), "note": rng.integers(0, 3, n).astype(str),
        }
    )  # fmt: skip
    time = pl.Series(rng.integers(0, 50, n) + 1_500_000_000_000_000).cast(pl.Datetime("us"))
    early = pl.Series(np.arange(n) < 40)
    if times == "all":
        frame = frame.with_columns(time=time)
    elif times == "some":
        frame = frame.with_columns(time=time.zip_with(~early, time.clear(1)))
    elif times == "places":
        place = pl.int_range(pl.len(), dtype=pl.UInt32).over("user")
        frame = frame.reverse().with_columns(sequence_position=place)
    elif times == "baskets":
        frame = frame.with_columns(time=time, basket=pl.Series(rng.integers(0, 40, n)))
    for keep in (~early.to_numpy(), rng.random(n) < 0.8, np.arange(n) < 20):
        log = Dataset.from_frame(frame)
        if ordered_first:
            _ = log.histories
        part, subset = log.part(keep), Dataset.from_frame(frame).subset(keep)
        assert len(part) == len(subset)
        assert (part.has_times, part.has_order) == (subset.has_times, subset.has_order)
        for name in ("users", "offsets", "items", "ratings", "times"):
            mine, theirs = (getattr(some.histories, name) for some in (part, subset))
            assert (mine is None) == (theirs is None)
            assert mine is None or mine.tolist() == theirs.tolist()
        some = np.flatnonzero(subset.user_counts)[::2].astype(np.int32)
        of_some = log.part(keep).histories_of(some)
        assert of_some.items.tolist() == subset.histories.take(some).items.tolist()
        assert part.pairs.tolist() == subset.pairs.tolist()
        assert part.ratings.tolist() == subset.ratings.tolist()
        assert part.item_counts.tolist() == subset.item_counts.tolist()
        assert part.fingerprint == subset.fingerprint
        assert part.events.equals(subset.events)
        assert part.subset(part.ratings > 2).events.equals(subset.subset(part.ratings > 2).events)
    with pytest.raises(AttributeError, match="no attribute 'evens'"):
        log.part(keep).evens  # noqa: B018


def test_a_part_copies_no_events_for_its_histories():
    log = planted_pairs()
    part = log.part(np.arange(len(log)) % 10 > 0)
    assert part.histories.n_events == len(part) == int(part.item_counts.sum())
    assert part.fingerprint
    assert "events" not in vars(part)
    assert "histories" not in vars(log)


def test_the_order_of_sequences_is_in_the_fingerprint_where_it_is_not_that_of_rows():
    frame = pl.DataFrame({"user": [1, 2, 1, 2, 1], "item": ["a", "b", "c", "d", "e"]})

    def of(positions, part=None):
        places = pl.Series(positions, dtype=pl.UInt32)
        log = Dataset.from_frame(frame.with_columns(sequence_position=places))
        return (log if part is None else log.part(np.array(part))).fingerprint

    as_rows = Dataset.from_frame(frame).fingerprint
    assert of([0, 0, 1, 1, 2]) == of([5, 1, 7, 1, 7]) == as_rows
    assert of([0, 0, 2, 1, 1]) != as_rows
    assert of([0, 0, 2, 1, 1]) == of([3, 0, 9, 1, 4]) != of([2, 0, 1, 1, 0])
    # The order of those events alone that are there.
    some = [True, True, True, True, False]
    assert of([0, 0, 2, 1, 1], some) == of([0, 0, 1, 1, 2], some)
    # Times decide where there are any.
    timed = frame.with_columns(time=pl.from_epoch(pl.Series([1, 2, 3, 4, 5])))
    turned = timed.with_columns(sequence_position=pl.Series([2, 1, 1, 0, 0], dtype=pl.UInt32))
    assert Dataset.from_frame(turned).fingerprint == Dataset.from_frame(timed).fingerprint
