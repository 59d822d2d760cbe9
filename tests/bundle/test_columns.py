from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from penchant.bundle.columns import put_together, take_apart
from penchant.bundle.damage import DamageError

SERIES = [
    pl.Series([1, None, 3], dtype=pl.Int64),
    pl.Series([1, 2, 255], dtype=pl.UInt8),
    pl.Series([2**64 - 1, None], dtype=pl.UInt64),
    pl.Series([0.1, float("nan"), None, float("-inf"), -0.0]),
    pl.Series([0.1, None], dtype=pl.Float32),
    pl.Series([True, None, False]),
    pl.Series(["", None, "ü\0", "😀", "\n"]),
    pl.Series([None, None], dtype=pl.String),
    pl.Series([None, None, None]),
    pl.Series(["a", "b", "a", None], dtype=pl.Categorical),
    pl.Series([date(1969, 1, 2), None]),
    pl.Series([datetime(1901, 1, 2, 3, 4, 5, 6), None]),
    pl.Series([datetime(2020, 1, 1, tzinfo=UTC)], dtype=pl.Datetime("ns", "Europe/Berlin")),
    pl.Series([timedelta(days=-3), None], dtype=pl.Duration("ms")),
    pl.Series([["a", None], [], None, ["", "ü"]]),
    pl.Series([[], None], dtype=pl.List(pl.Int16)),
    pl.Series([[[1], [], None], None, [], [[2, None, 3]]]),
    pl.Series([[None], []]),
    pl.Series([[datetime(2020, 1, 1)], []]),
]


@pytest.mark.parametrize("series", [s for one in SERIES for s in (one, one.clear(), one[:1])])
def test_columns_come_back(series):
    series = series.alias("name")
    column, arrays = take_apart(series, "t_.0")
    assert {k: (a.dtype.name, a.shape) for k, a in arrays.items()} == column.specs("t_.0")
    back = put_together(column, "t_.0", arrays)
    assert back.dtype == series.dtype
    assert back.name == "name"
    assert back.equals(series, null_equal=True)
    assert [str(v) for v in back.to_list()] == [str(v) for v in series.to_list()]


@pytest.mark.parametrize(
    "series",
    [
        pl.Series([b"x"]),
        pl.Series([{"a": 1}]),
        pl.Series([object()], dtype=pl.Object),
        pl.Series([[1, 2]], dtype=pl.Array(pl.Int8, 2)),
        pl.Series(["a"], dtype=pl.Enum(["a"])),
        pl.Series([[b"x"]]),
    ],
)
def test_other_columns_are_refused(series):
    with pytest.raises(DamageError, match="cast it to String"):
        take_apart(series, "x")


def test_an_impossible_time_zone():
    column, arrays = take_apart(pl.Series("t", [datetime(2020, 1, 1)]), "x")
    with pytest.raises(DamageError, match="'t' cannot be read"):
        put_together(column.model_copy(update={"zone": "Mars/Base"}), "x", arrays)


def test_impossible_times_do_no_harm():
    column, arrays = take_apart(pl.Series("t", [datetime(2020, 1, 1)]), "x")
    arrays["x.values"] = np.array([2**63 - 1])
    assert len(put_together(column, "x", arrays)) == 1
