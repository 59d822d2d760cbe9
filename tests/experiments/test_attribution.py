from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import ParameterError
from penchant.experiments.attribution import attribute_outcomes

START = datetime(2026, 3, 1)
DAY = timedelta(days=1)


def shown(*rows: tuple[int, str, float, tuple[str, ...]]) -> pl.DataFrame:
    """Lists as number, user, day and items."""
    return pl.DataFrame(
        [
            {"list": number, "user": user, "time": START + day * DAY, "position": n, "item": item}
            for number, user, day, items in rows
            for n, item in enumerate(items, 1)
        ]
    )


def outcomes(*rows: tuple[str, str, str, float] | tuple[str, str, str, float, float]):
    """Outcomes as user, item, kind, day, and value."""
    return pl.DataFrame(
        [
            {
                "user": user,
                "item": item,
                "kind": kind,
                "time": START + day * DAY,
                "value": float(value[0]) if value else None,
            }
            for user, item, kind, day, *value in rows
        ],
        schema_overrides={"value": pl.Float64},
    )


LISTS = shown((1, "u", 0, ("x", "y")), (2, "u", 1, ("y", "z")), (3, "v", 1, ("x",)))


def credited(*rows, **options) -> list[tuple[str, int]]:
    result = attribute_outcomes(LISTS, outcomes(*rows), **options)
    return result.successes.select("list", "position").rows()


def test_the_latest_list_with_the_item_before_the_outcome_has_it():
    assert credited(("u", "y", "like", 0.5)) == [("1", 2)]
    assert credited(("u", "y", "like", 1.5)) == [("2", 1)]
    assert credited(("u", "x", "like", 1.5)) == [("1", 1)]
    assert credited(("u", "y", "like", 1)) == [("2", 1)]  # at the very time


def test_what_came_before_or_elsewhere_or_too_late_is_of_no_list():
    assert credited(("u", "z", "like", 0.5)) == []  # before it was shown
    assert credited(("w", "x", "like", 2)) == []  # to another user
    assert credited(("u", "x", "like", 7.5)) == []  # after a week
    assert credited(("u", "x", "like", 7.5), window=10 * DAY) == [("1", 1)]


def test_kinds_are_selectable():
    rows = [("u", "x", kind, 0.1 * n) for n, kind in enumerate(("rating", "like", "purchase"), 1)]
    rows += [("u", "x", "dislike", 0.4), ("u", "x", "seen", 0.5)]
    assert len(credited(*rows)) == 3
    assert len(credited(*rows, success=["seen"])) == 1
    stars = [("u", "x", "rating", 0.1, 5.0), ("u", "y", "rating", 0.1, 4.0)]
    assert credited(*stars, success=["rating>=5"]) == [("1", 1)]
    assert credited(*stars, success=["rating > 4"]) == [("1", 1)]
    assert len(credited(*stars, success=["rating>=4"])) == 2
    assert credited(("u", "x", "rating", 0.1), success=["rating>=4"]) == []


@pytest.mark.parametrize("success", [[], "like", ["liked"], ["rating>=much"], ["rating>=1e"]])
def test_impossible_kinds(success):
    with pytest.raises(ParameterError):
        credited(("u", "x", "like", 0.5), success=success)


def test_an_impossible_window():
    with pytest.raises(ParameterError, match="longer than nothing"):
        credited(("u", "x", "like", 0.5), window=timedelta(0))


def test_a_sentence_says_what_was_counted():
    rows = [("u", "x", "like", 0.5), ("w", "x", "like", 2)]
    text = str(attribute_outcomes(LISTS, outcomes(*rows), success=["like"]))
    assert text.startswith("1 of 2 successes (like) came within 7 days of a list")
    text = str(attribute_outcomes(LISTS, outcomes(rows[0]), window=timedelta(hours=13)))
    assert text.startswith("All 1 success (rating, like or purchase) came within 13 hours")
    nothing = attribute_outcomes(LISTS, outcomes(rows[0]).clear())
    assert str(nothing) == "No outcome is a success (rating, like or purchase)."


_moments = st.integers(0, 12)


@given(
    st.lists(st.tuples(st.sampled_from("uv"), _moments, st.sampled_from(["xy", "yz", "x"]))),
    st.lists(st.tuples(st.sampled_from("uv"), st.sampled_from("xyz"), _moments)),
)
def test_a_loop_over_everything_credits_the_same(lists, events):
    lists = [(n, user, float(day), tuple(items)) for n, (user, day, items) in enumerate(lists)]
    if not lists or not events:
        return
    rows = outcomes(*((user, item, "like", float(day)) for user, item, day in events))
    result = attribute_outcomes(shown(*lists), rows)
    expected = []
    for user, item, day in events:
        before = [
            (then, str(number), items.index(item) + 1)
            for number, whose, then, items in lists
            if whose == user and item in items and 0 <= day - then <= 7
        ]
        if before:
            expected.append(max(before)[1:])
    assert sorted(result.successes.select("list", "position").rows()) == sorted(expected)
