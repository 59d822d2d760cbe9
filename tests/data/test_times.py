from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.reading.log_reader import read
from penchant.data.times import parse_times
from penchant.errors import DataError, ParameterError

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
DATES = (
    """
%Y-%m-%d|%Y/%m/%d|%Y.%m.%d|%Y%m%d|%Y-%b-%d|%Y年%m月%d日|%d/%m/%Y|%m/%d/%Y|%m-%d-%Y|%d-%m-%Y|%d.%m.%Y
%-d.%-m.%Y|%-m/%-d/%y|%m/%d/%y|%d/%m/%y|%-d/%-m/%y|%d.%m.%y|%d-%m-%y|%y-%m-%d|%y/%m/%d|%d-%b-%y
%d-%b-%Y|%-d-%B-%Y|%d/%b/%Y|%-d %b %Y|%d %B %Y|%B %-d, %Y|%b %d, %y|%a, %d %b %Y|%A %B %-d %Y
""".strip()
    .replace("\n", "|")
    .split("|")
)
CLOCKS = {
    "": timedelta(days=1),
    " %H:%M": timedelta(minutes=1),
    " %H:%M:%S": timedelta(seconds=1),
    " %I:%M %p": timedelta(minutes=1),
    " %-I:%M:%S %p": timedelta(seconds=1),
    ", %H:%M:%S.%f": timedelta(microseconds=1),
    " %H:%M:%S +0000": timedelta(seconds=1),
}
DECISIVE = datetime(2024, 11, 30, 23, 59, 58)  # 30 is neither a month nor a year
moments = st.datetimes(datetime(1971, 1, 1), NOW)


def parsed(*values, form=None):
    return parse_times(pl.Series("time", values, strict=False), form)


def dates(*values, form=None):
    times = parsed(*values, form=form)
    return [time and time.strftime("%Y-%m-%d") for time in times.values]


@given(
    st.sampled_from(DATES),
    st.sampled_from(list(CLOCKS)),
    st.lists(moments, max_size=6),
    st.booleans(),
)
@settings(max_examples=120)
def test_every_form_gives_back_the_moment_that_was_written(date, clock, some, upper):
    some.insert(len(some) // 2, DECISIVE)
    unit = CLOCKS[clock]
    texts = [moment.strftime(date + clock) for moment in some]
    if upper:
        texts = [text.upper() for text in texts]
    times = parsed(*texts, None)
    start = datetime(1970, 1, 1)
    expected = [start + (moment - start) // unit * unit for moment in some]
    assert times.problems is None
    assert times.values.to_list() == [*expected, None]


@given(st.lists(moments, min_size=1, max_size=9), st.sampled_from(["s", "ms", "us", "ns"]))
def test_numbers_since_1970_are_exact_in_every_unit(some, unit):
    some.append(datetime(2020, 2, 2))  # far enough from 1970 for milliseconds
    some += [datetime(2020, 2, 2)] * len(some)
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    whole = [moment.replace(microsecond=0) for moment in some]
    seconds = [int((moment - datetime(1970, 1, 1)).total_seconds()) for moment in whole]
    numbers = [second * per_second for second in seconds]
    for values in (numbers, [str(number) for number in numbers]):
        assert parsed(*values).values.to_list() == whole
    assert parsed(*numbers, form=unit).values.to_list() == whole


@given(st.lists(st.datetimes(datetime(1990, 1, 2), NOW), min_size=1, max_size=9))
def test_days_of_a_spreadsheet(some):
    some = [moment.replace(microsecond=0) for moment in some]
    serials = [(moment - datetime(1899, 12, 30)) / timedelta(days=1) for moment in some]
    times = parsed(*serials)
    assert times.values.to_list() == some
    assert "spreadsheet's days" in times.remark
    whole = [int(serial) for serial in serials]
    assert dates(*whole) == [moment.strftime("%Y-%m-%d") for moment in some]


@given(
    st.lists(moments, min_size=1, max_size=9),
    st.sampled_from(["%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"]),
)
def test_long_numbers_that_are_all_dates(some, form):
    numbers = [int(moment.strftime(form)) for moment in some]
    expected = [datetime.strptime(str(number), form) for number in numbers]
    for values in (numbers, [float(number) for number in numbers], [str(n) for n in numbers]):
        assert parsed(*values).values.to_list() == expected


@given(
    st.sampled_from(["%-m/%-d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%y", "%y-%m-%d"]),
    st.lists(moments, min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60)
def test_the_order_of_events_is_kept_where_the_column_decides(form, some, order):
    """Whatever the form of dates with years of two digits, none may reverse time."""
    some = sorted({moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in some})
    some = sorted({*some, DECISIVE.replace(hour=0, minute=0, second=0)})
    order.shuffle(some)
    values = parsed(*(moment.strftime(form) for moment in some)).values
    assert values.arg_sort().to_list() == pl.Series(some).arg_sort().to_list()


@pytest.mark.parametrize(
    ("texts", "expected", "remark"),
    [
        (["1/5/24", "12/3/23", "2/6/24"], ["2024-01-05", "2023-12-03", "2024-02-06"], "day-first"),
        (["25/01/24", "03/12/23"], ["2024-01-25", "2023-12-03"], ""),
        (["1/1/01", "1/13/01"], ["2001-01-01", "2001-01-13"], ""),
        (["05.01.24", "06.02.24"], ["2024-01-05", "2024-02-06"], ""),
        (["05-Mar-24", "06-MAR-24", "29-feb-24"], ["2024-03-05", "2024-03-06", "2024-02-29"], ""),
        (["24-Mar-05", "23-Dec-11"], ["2024-03-05", "2023-12-11"], "day-first"),
        (["24-01-05", "23-11-12", "24-02-08"], ["2024-01-05", "2023-11-12", "2024-02-08"], "first"),
        (["3/4/99", "13/4/01"], ["1999-04-03", "2001-04-13"], ""),
        (["01/01/24", "02/02/24"], ["2024-01-01", "2024-02-02"], ""),
        (["2024-03", "March 2024", "2023"], ["2024-03-01", "2024-03-01", "2023-01-01"], ""),
        (["05MAR2024", "03/2024"], ["2024-03-05", "2024-03-01"], ""),
        (["3/5/2024, 3:04:05\u202fPM", "3/25/2024, 3:04 AM"], ["2024-03-05", "2024-03-25"], ""),
        (["5th March 2024", "Mar. 6th, '24"], ["2024-03-05", "2024-03-06"], ""),
    ],
)  # fmt: skip
def test_the_whole_column_decides_what_is_day_month_and_year(texts, expected, remark):
    assert dates(*texts) == expected
    assert (remark in parsed(*texts).remark) if remark else (not parsed(*texts).remark)


def test_the_order_of_the_records_decides_between_day_and_month():
    days = [datetime(2024, 2, 1) + timedelta(days=n) for n in range(12)] + [datetime(2024, 3, 1)]
    texts = [day.strftime("%d/%m/%Y") for day in days]
    assert parsed(*texts).values.to_list()[0] == datetime(2024, 2, 1)
    shuffled = [*texts[:12], texts[12]]
    random.Random(0).shuffle(shuffled)
    ambiguous = [text for text in shuffled if int(text[:2]) < 13]
    times = parsed(*ambiguous)
    assert "month/day/year or day/month/year" in times.remark
    assert "time_format='day-first' (--time-format day-first)" in times.remark


@pytest.mark.parametrize(
    ("values", "form", "expected"),
    [
        (["3/4/2012"], "day-first", "2012-04-03"),
        (["3/4/2012"], "month-first", "2012-03-04"),
        (["03-04-12"], "year-first", "2003-04-12"),
        (["03|04|12"], "%d|%m|%y", "2012-04-03"),
        ([45376], "s", "1970-01-01"),
        ([45376], "excel", "2024-03-25"),
        ([2011, 2012], "s", "1970-01-01"),
        (["2011"], "year", "2011-01-01"),
        ([10**12], "us", "1970-01-12"),
        (["2011-05-06"], "day-first", "2011-05-06"),
        ([2024030510], "%Y%m%d%H", "2024-03-05"),
        (["Mar 2024"], "%b %Y", "2024-03-01"),
        (["'24"], "'%y", "2024-01-01"),
        (["5/3/24 3 PM"], "%d/%m/%y %I %p", "2024-03-05"),
    ],
)
def test_a_form_can_be_given(values, form, expected):
    times = parsed(*values, form=form)
    assert times.values[0].strftime("%Y-%m-%d") == expected
    assert times.remark == ""


@pytest.mark.parametrize(
    ("texts", "form", "expected"),
    [
        (["25/01/24", "03/12/23"], None, "day-first"),
        (["1/1/01", "1/13/01"], None, "month-first"),
        (["03/04/24", "05/06/24"], None, "month-first"),  # by convention, with a remark
        (["03/04/24", "05/06/24"], "day-first", "day-first"),
        (["01/01/24", "02/02/24"], None, None),  # the same in both orders
        (["25/01/24", "01-25-2024"], None, None),  # each in its own
        (["2024-01-25", "2024-03-05"], None, None),
        (["2024-01-25"], "day-first", None),
    ],
)
def test_how_dates_were_read_is_noted_where_it_decides(texts, form, expected):
    assert parsed(*texts, form=form).date_form == expected
    lines = "".join(f"u{n},i,{text}\n" for n, text in enumerate(texts))
    log = read(io.BytesIO(f"user,item,time\n{lines}".encode()), time_format=form, quiet=True)
    assert log.origin.date_form == expected


def test_a_form_that_is_none():
    with pytest.raises(ParameterError, match="no time format 'sideways': use day-first"):
        read(io.BytesIO(b"user,item,time\n1,2,3\n"), time_format="sideways")
    with pytest.raises(ParameterError, match="'%H %p' is no format of times"):
        parsed("1/2/03", form="%H %p")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0001-01-01", "lies before 1970"),
        ("0024-01-05", "lies before 1970"),
        ("1900-01-01 00:00:00", "lies before 1970"),
        ("1/1/69", "lies before 1970"),
        ("9999-12-31", "lies more than a year in the future"),
        ("2024-02-30", "is not a time"),
        ("2024-13-01", "is not a time"),
        ("1/5/24 13:00 PM", "is not a time"),
        ("2024-01-01 10", "is not a time"),
        ("12345-01-01", "is not a time"),
        ("soon", "is not a time"),
    ],
)
def test_impossible_times_have_a_problem(value, problem):
    times = parsed("2024-01-05", value, "2024-01-25", None)
    assert times.problems is not None
    assert times.problems.to_list() == [None, problem, None, None]
    assert times.values.null_count() == 2


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-1, "lies before 1970"),
        (253402300800, "lies more than a year in the future"),
        (2**63 - 1, "lies more than a year in the future"),
        (float("inf"), "lies more than a year in the future"),
        (float("nan"), None),
    ],
)
def test_impossible_numbers_have_a_problem(value, problem):
    times = parse_times(pl.Series([1_500_000_000, value, 1_500_000_001], strict=False))
    problems = [None] * 3 if times.problems is None else times.problems.to_list()
    assert problems == [None, problem, None]
    assert times.values.null_count() == 1


def test_impossible_datetimes_are_left_out_and_listed():
    frame = pl.DataFrame(
        {"user": [1, 2, 3], "item": [1, 1, 2],
         "time": [datetime(2020, 1, 1), datetime(1900, 1, 1), datetime(2021, 1, 1)]}
    )  # fmt: skip
    log = read(frame, quiet=True)
    assert log.origin.skipped is not None
    assert log.origin.skipped["problem"][0].endswith("lies before 1970")
    assert len(log) == 2
    with pytest.raises(DataError, match="the time column 'time' is not a time since 1970"):
        read(frame.with_columns(time=pl.lit(datetime(1950, 1, 1))))


def test_what_was_assumed_of_numbers_is_said(notices):
    for value, words in ((2011, "as years"), (45376, "spreadsheet's"), (12, "seconds since 1970")):
        read(io.BytesIO(f"user,item,time\n1,2,{value}\n1,3,{value}\n".encode()))
        assert words in notices()
    read(io.BytesIO(b"user,item,time\n1,2,978300760\n1,3,978300761\n"))
    assert notices() == ""


def log_with(*times):
    rows = "".join(f"1,{n},{time}\n" for n, time in enumerate(times))
    return read(io.BytesIO(f"user,item,time\n{rows}".encode()))


@pytest.mark.parametrize("times", [(0, 0, 0, 1704456000), (0, 1704456000123), (1704456000, 0)])
def test_zeros_beside_dates_may_stand_for_no_time(notices, times):
    log_with(*times)
    said = notices()
    assert (
        f"times of 0 are read as the first second of 1970, beside others such as {max(times)}"
        in said
    )
    assert "their order is right" not in said


def test_zeros_beside_small_numbers_are_the_first(notices):
    log_with(0, 60, 3600)
    said = notices()
    assert "their order is right" in said
    assert "times of 0" not in said


def test_rounded_times_are_called_so(notices):
    log_with("1.70446E+12", "1.70446E+12", "1.70447E+12")
    assert "times such as '1.70446E+12' are rounded, as spreadsheets show long" in notices()
    log_with("1.7044560012345670E+15", "1.7044560012345671E+15")  # all digits
    assert "rounded" not in notices()


@pytest.mark.parametrize("missing", ["", "  ", "NULL", r"\N", "NaT", "nan", "None", "0000-00-00"])
@pytest.mark.parametrize("time", ["1709633472", "2024-03-05 10:11:12", "13/05/24", "1709633472.5"])
def test_a_missing_time_however_written_loses_no_event(missing, time):
    log = read(io.BytesIO(f"user,item,time\n1,1,{time}\n1,2,{missing}\n".encode()), quiet=True)
    assert log.events["time"].is_null().to_list() == [False, True]
    assert log.origin.skipped is None
