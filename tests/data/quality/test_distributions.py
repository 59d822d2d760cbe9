from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from penchant.data.quality.distributions import column_distributions


def test_ages_are_counted_in_round_bins() -> None:
    ages = np.repeat(np.arange(5, 101), np.arange(5, 101))
    table = pl.DataFrame({"user": np.arange(len(ages)), "age": ages.astype(np.int16)})
    [(name, tables)] = column_distributions(table).items()
    assert name == "age"
    assert tables["low"].to_list() == [5.0 * n for n in range(1, 21)]
    assert tables["high"].to_list() == [5.0 * n for n in range(2, 21)] + [105.0]
    assert tables["count"][0] == 5 + 6 + 7 + 8 + 9
    assert tables["count"].sum() == len(ages)


def test_what_is_far_off_widens_the_outermost_bins_alone() -> None:
    years = [1376, *(1950 + n % 50 for n in range(5000)), 2021]
    tables = column_distributions(pl.DataFrame({"item": range(len(years)), "year": years}))["year"]
    assert tables.row(0, named=True)["low"] == 1376.0
    assert (tables["low"][1], tables["high"][0]) == (1955.0, 1955.0)
    assert tables["high"][-1] == 2021.0
    assert tables["count"].sum() == len(years)


@pytest.mark.parametrize("scale", [1e-9, 0.01, 1.0, 1e7])
@pytest.mark.parametrize("whole", [False, True])
def test_no_more_bins_than_asked_for(scale: float, whole: bool) -> None:
    numbers = np.random.default_rng(0).normal(size=2000) * scale
    values = np.round(numbers * 1e9).astype(np.int64) if whole else numbers
    tables = column_distributions(pl.DataFrame({"id": range(2000), "x": values}), most=7)["x"]
    assert 3 <= len(tables) <= 7
    assert tables["count"].sum() == 2000
    widths = (tables["high"] - tables["low"])[1:-1].to_numpy()
    assert np.allclose(widths, widths[0])


def test_few_values_are_counted_one_by_one() -> None:
    table = pl.DataFrame(
        {
            "user": range(6),
            "rating": [3.5, 1.0, 3.5, float("nan"), None, 1.0],
            "country": ["usa", "chile", "usa", None, "spain", "chile"],
            "member": [True, True, False, True, None, True],
            "genres": [["Drama"], ["Drama", "War"], [], None, ["War", "Drama"], ["Sci-Fi", "War"]],
        }
    )
    tables = {name: frame.rows() for name, frame in column_distributions(table).items()}
    assert tables == {
        "rating": [(1.0, 2), (3.5, 2)],
        "member": [(True, 4), (False, 1)],
        "genres": [("Drama", 3), ("War", 3), ("Sci-Fi", 1)],
    }
    more = pl.concat([table, table.with_columns(pl.col("user") + 6)])
    countries = column_distributions(more, most=2)["country"]
    assert countries.rows() == [("chile", 4), ("usa", 4)]


def test_columns_that_say_nothing_in_sum_are_left_out() -> None:
    table = pl.DataFrame(
        {
            "item": range(4),
            "title": ["a", "b", "c", "d"],
            "empty": pl.Series([None] * 4, dtype=pl.String),
            "released": [datetime.date(2000, 1, n) for n in range(1, 5)],
            "all alike": ["x"] * 4,
        }
    )
    assert list(column_distributions(table)) == ["all alike"]
