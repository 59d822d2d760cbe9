from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.quality.conditions import parse_condition
from penchant.errors import DataError, ParameterError

EVENTS = pl.DataFrame(
    {
        "item": ["tea", "jam", "in", "rye, dark"],
        "weight": [1.0, 2.5, 3.0, 4.0],
        "Unit price": [1, 2, 3, None],
        "time": [datetime(2024, 3, 5, 10), datetime(2024, 3, 6), datetime(2024, 3, 6, 23), None],
        "country": ["Germany", "France", None, "United Kingdom"],
        "gift": [True, False, None, True],
    }
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("country == 'Germany'", [0]),
        ('country=="United Kingdom"', [3]),
        ("country == United Kingdom", [3]),
        ("country != Germany", [1, 2, 3]),
        ("country in Germany, 'United Kingdom'", [0, 3]),
        ("country in ('Germany', France,)", [0, 1]),
        ("item in ['rye, dark', in]", [2, 3]),
        ("weight >= 2.5", [1, 2, 3]),
        ("weight < 2.5", [0]),
        ("weight in 1, 4", [0, 3]),
        ("'Unit price' > 1", [1, 2]),
        ("`Unit price` <= 2.5", [0, 1]),
        ("unit price > 1", None),
        ("Weight > 3", [3]),
        ("time == 2024-03-06", [1, 2]),
        ("time != 2024-03-06", [0, 3]),
        ("time > 2024-03-05", [1, 2]),
        ("time <= 2024-03-05", [0]),
        ("time >= 2024-03-06T23:00", [2]),
        ("time >= 2024-03-06T23:00+01:00", [2]),
        ("time in 2024-03-05, 2024-03-07", [0]),
        ("gift == true", [0, 3]),
        ("gift != true", [1, 2]),
        ("country == none", [2]),
        ("time != None", [0, 1, 2]),
        ("country == 'none'", []),
        ("StockCode == tea", [0]),
        ("stockcode == jam", [1]),
    ],
)
def test_conditions(text: str, kept: list[int] | None) -> None:
    if kept is None:
        with pytest.raises(ParameterError, match="is no condition"):
            parse_condition(text, EVENTS)
        return
    condition = parse_condition(text, EVENTS, {"item": "StockCode"})
    rows = EVENTS.with_row_index("n").filter(condition)["n"].to_list()
    assert rows == kept


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("country", "is no condition"),
        ("country = Germany", "is no condition"),
        ("country ==", "is no condition"),
        ("country in (Germany", "lacks a closing"),
        ("country in Germany,,France", "empty or unreadable"),
        ("weight > many", "'weight' is compared with a number, and 'many' is none"),
        ("time > yesterday", "a date such as 2018-05-31, and 'yesterday' is none"),
        ("gift == perhaps", "true or false"),
        ("__import__('os').system('true') == 1", "is no condition|There is no column"),
    ],
)
def test_what_is_no_condition_is_one_sentence(text: str, problem: str) -> None:
    with pytest.raises((ParameterError, DataError), match=problem):
        parse_condition(text, EVENTS)


def test_an_unknown_column_names_those_there_are() -> None:
    with pytest.raises(DataError, match=r"no column 'land' .* there are item, weight, Unit price"):
        parse_condition("land == 'Germany'", EVENTS)


@given(st.sampled_from(["==", "!=", ">=", "<=", ">", "<"]), st.integers(-5, 5))
def test_numbers_compare_as_in_python(operator: str, value: int) -> None:
    numbers = list(range(-4, 5))
    events = pl.DataFrame({"n": numbers})
    kept = events.filter(parse_condition(f"n {operator} {value}", events))["n"].to_list()
    expected = {
        "==": [n for n in numbers if n == value],
        "!=": [n for n in numbers if n != value],
        ">=": [n for n in numbers if n >= value],
        "<=": [n for n in numbers if n <= value],
        ">": [n for n in numbers if n > value],
        "<": [n for n in numbers if n < value],
    }
    assert kept == expected[operator]
