from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError
from penchant.experiments.parallel import parallel_lists

START = datetime(2026, 3, 1)


def lists(arms: str, models: str | None = None) -> pl.DataFrame:
    """A list an hour, of the arm of each letter."""
    return pl.DataFrame(
        {
            "list": [f"{n:04}" for n in range(len(arms))],
            "user": [f"u{n % 40}" for n in range(len(arms))],
            "time": [START + timedelta(hours=n) for n in range(len(arms))],
            "arm": list(arms),
            "model": list(models or arms),
            "position": 1,
            "item": "x",
        }
    )


def test_what_was_shown_before_an_arm_began_and_after_it_ended_is_left_out():
    kept, notes = parallel_lists(lists("a" * 50 + "ab" * 40 + "a" * 30))
    assert kept["time"].min() == START + timedelta(hours=51)  # where b begins
    assert kept["time"].max() == START + timedelta(hours=129)
    assert notes == (
        "51 lists shown before 'b' began (2026-03-03 03:00) are left out.",
        "30 lists shown after 'b' ended (2026-03-06 09:00) are left out.",
    )


def test_a_beginning_by_chance_is_none():
    for arms in ("ab" * 20, "aaab" * 20, "a" * 7 + "ab" * 40, "ab", "a" * 40):
        kept, notes = parallel_lists(lists(arms))
        assert len(kept) == len(arms)
        assert notes == ()


def test_the_order_of_rows_does_not_matter():
    rows = lists("a" * 50 + "ab" * 40)
    kept, _ = parallel_lists(rows.reverse())
    assert set(kept["list"]) == set(parallel_lists(rows)[0]["list"])


def test_arms_after_each_other_cannot_be_compared():
    with pytest.raises(DataError, match="'a' and 'b' were never shown at the same time"):
        parallel_lists(lists("a" * 40 + "b" * 40))


def test_a_change_of_an_arms_model_is_noted():
    _, notes = parallel_lists(lists("ab" * 20, "xy" * 10 + "xz" * 10))
    assert notes == (
        "The arm 'b' had several models in this time, all of which count: leave out what is older "
        "with since= (--since).",
    )


def test_lists_that_another_arms_model_made_are_noted_and_count_for_the_arm_assigned():
    rows = lists("ab" * 40, "xy" * 37 + "xx" * 3)
    kept, notes = parallel_lists(rows)
    assert kept["arm"].to_list() == list("ab" * 40)
    assert notes == (
        "The model of 'a' made 3 lists of the arm 'b', as where a model fails and another one "
        "answers: users are compared by the arm that they were assigned.",
    )
    _, notes = parallel_lists(lists("ab" * 40, "xy" * 20 + "xz" * 17 + "xx" * 3))
    assert [note.split(",")[0] for note in notes] == [
        "The model of 'a' made 3 lists of the arm 'b'",
        "The arm 'b' had several models in this time",
    ]


def test_arms_of_one_model_are_none_of_another():
    assert parallel_lists(lists("ab" * 40, "x" * 80))[1] == ()


def test_a_comparison_counts_that_time_alone():
    rows = lists("a" * 50 + "ab" * 40 + "c")
    outcomes = rows.select("user", "item", "time", pl.lit("like").alias("kind"))
    result = pn.compare_arms(rows, outcomes, arms=["a", "b"], control="a")
    assert sum(arm.lists for arm in result.arms) == 79
    assert "left out" in " ".join(result.sentences)
    since = START + timedelta(hours=100)
    later = pn.compare_arms(rows, outcomes, arms=["a", "b"], control="a", since=since)
    assert sum(arm.lists for arm in later.arms) == 30
    with pytest.raises(ParameterError, match="no arm 'd': there are a, b and c"):
        pn.compare_arms(rows, outcomes, arms=["d"])
    with pytest.raises(DataError, match="No list of the experiment was shown since"):
        pn.compare_arms(rows, outcomes, since=START + timedelta(days=99))
