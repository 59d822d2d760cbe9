from __future__ import annotations

import io
import json
import os
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing.parametric import series

from penchant.data.dataset import Dataset
from penchant.data.quality.log_check import check
from penchant.data.reading.log_reader import read
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, UnknownIdError

IDS = {"user": ["a", "b", "c"], "item": ["x", "x", "y"]}

UUIDS = [uuid.UUID(int=n) for n in (1, 2, 1)]


def read_json(document, **options):
    text = document if isinstance(document, str) else json.dumps(document)
    return read(io.BytesIO(text.encode()), quiet=True, **options)


def lines(*records):
    return "\n".join(json.dumps(record) for record in records) + "\n"


def rated(values):
    return read(pl.DataFrame({**IDS, "rating": values}), quiet=True).ratings.tolist()


@pytest.mark.parametrize(
    "values",
    [
        pl.Series(["5", "4", "3"], dtype=pl.Categorical),
        pl.Series(["5", "4", "3"], dtype=pl.Enum(["3", "4", "5"])),
        pl.Series([b"5", b"4", b"3"]),
        pl.Series([Decimal("5.0"), Decimal("4.0"), Decimal("3.0")]),
        pl.Series([[5], [4], [3]]),
        pl.Series([[5], [4], [3]], dtype=pl.Array(pl.Int8, 1)),
        pl.Series([{"value": 5}, {"value": 4}, {"value": 3}]),
        pl.Series([{"value": 5, "max": 5}, {"value": 4, "max": 5}, {"value": 3, "max": 5}]),
        pl.Series(
            [{"$numberInt": "5"}, {"$numberDouble": 4.0}, {"$numberInt": "3"}],
            dtype=pl.Struct({"$numberInt": pl.String, "$numberDouble": pl.Float64}),
        ),
        pl.Series([5, 4, 3], dtype=pl.Int128),
        pl.Series([[{"stars": ["5"]}], [{"stars": ["4"]}], [{"stars": ["3"]}]]),
    ],
    ids=lambda values: str(values.dtype),
)
def test_ratings_of_every_type(values):
    assert rated(values) == [5.0, 4.0, 3.0]


def test_ordered_categories_are_ratings_by_their_order(notices):
    words = pl.Series(["bad", "good", "fine"], dtype=pl.Enum(["bad", "fine", "good"]))
    assert rated(words) == [1.0, 3.0, 2.0]
    frame = pd.DataFrame({**IDS, "rating": pd.Categorical(words, ["bad", "fine", "good"], True)})
    assert read(frame).ratings.tolist() == [1.0, 3.0, 2.0]
    assert "'bad' as 1, 'fine' as 2, 'good' as 3, by the order of the categories" in notices()
    with pytest.raises(DataError, match="rating column 'rating' is not numeric: 'bad'"):
        rated(words.cast(pl.Categorical))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pl.Series([[5, 4], [3], []]), "of type list, with up to 2 values .* frame.explode"),
        (
            pl.Series([{"taste": 5, "look": 4}] * 3),
            r"of type struct, with the fields taste, look: .* rating='rating.taste' "
            r"\(--rating rating.taste\), or go without with rating=False",
        ),
        (pl.Series([timedelta(1)] * 3), r"of type duration: .*dt\.total_seconds"),
        (pl.Series([date(2020, 1, 1)] * 3), "of type date: name another column with rating="),
    ],
)
def test_ratings_that_are_not_clear_are_one_sentence(values, words):
    with pytest.raises(DataError, match=f"the rating column 'rating' is {words}") as caught:
        rated(values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pl.Series([timedelta(1)] * 3), r"of type duration: add it to a date first"),
        (pl.Series([datetime(2020, 1, 1).time()] * 3), "of type time: it has no date"),
        (pl.Series([True, False, True]), "of type boolean: name another column"),
        (pl.Series([{"a": 1, "b": 2}] * 3), "of type struct, with the fields a, b"),
        (pl.Series([[1, 2]] * 3), "of type list"),
    ],
)
def test_times_that_are_none_are_one_sentence(values, words):
    with pytest.raises(DataError, match=f"the time column 'time' is {words}"):
        read(pl.DataFrame({**IDS, "time": values}))


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        (pl.Series([b"a", b"b", b"a"]), ["a", "b", "a"]),
        (pl.Series([b"\xff\x00", b"\xfe\x01", b"\xff\x00"]), ["ff00", "fe01", "ff00"]),
        (pl.Series([key.bytes for key in UUIDS]), UUIDS),
        (pl.Series(UUIDS, dtype=pl.Object), UUIDS),
        (pl.Series([{"id": n, "name": f"{n}"} for n in (7, 8, 7)]), [7, 8, 7]),
        (pl.Series([2**64, 2**64 + 1, 2**64]), [2**64, 2**64 + 1, 2**64]),
        (pl.Series([2**127, 1, 2**127], dtype=pl.UInt128), [2**127, 1, 2**127]),
        (pl.Series([7, 8, 7], dtype=pl.Int128), [7, 8, 7]),
        (pl.Series([["a"], ["b"], ["a"]]), ["a", "b", "a"]),
        (pl.Series(["a", "b", "a"], dtype=pl.Categorical), ["a", "b", "a"]),
    ],
)  # fmt: skip
def test_ids_of_every_type(values, ids):
    log = read(pl.DataFrame({"user": values, "item": ["x", "y", "z"]}), quiet=True)
    assert [str(i) for i in log.frame()["user"]] == [str(i) for i in ids]


def test_a_field_of_a_struct_can_be_named(notices):
    frame = pl.DataFrame(
        {
            "who": [
                {"name": "ann", "at": {"email": "a@x"}},
                {"name": "bo", "at": {"email": "b@x"}},
            ],
            "item": ["x", "y"],
        }
    )
    with pytest.raises(DataError, match=r"with the fields name, at: name one .*--user who\.name"):
        read(frame, user="who")
    assert read(frame, user="who.name").users.ids.to_list() == ["ann", "bo"]
    assert read(frame, user="who.at.email").users.ids.to_list() == ["a@x", "b@x"]
    with pytest.raises(DataError, match=r"has no column 'who.at.phone'"):
        read(frame, user="who.at.phone")
    notices()
    read(pl.DataFrame({"user": [{"id": 1, "name": "q"}], "item": ["x"]}))
    assert "of the fields of 'user' (id, name) 'id' is the user" in notices()


@given(st.lists(st.integers(-(2**127), 2**127 - 1), min_size=1, max_size=8))
@settings(max_examples=40)
def test_integers_of_any_size_are_ids(ids):
    log = read_json(lines(*({"user": i, "item": "x"} for i in ids)))
    written = [str(i) for i in log.frame()["user"]]
    assert written == [str(i) for i in ids]
    vocabulary = Vocabulary(ids)
    assert vocabulary.indices(ids).min() >= 0
    assert (vocabulary.kind == "integer") == all(-(2**63) <= i < 2**63 for i in ids)


def test_large_integers_are_unknown_to_small_ones():
    small = Vocabulary([1, 2])
    assert small.indices(pl.Series([2**64, 2])).tolist() == [-1, 1]
    assert 2**64 not in small
    assert 2**200 not in small
    with pytest.raises(UnknownIdError):
        small.index(2**64)
    assert str(2**200) in Vocabulary([2**200, 1])


RECORDS = [
    {"user": "a", "item": "x", "rating": 5},
    {"user": "b", "item": "x", "rating": 4},
    {"user": "a", "item": "y", "rating": 1},
]
PANDAS = pd.DataFrame(RECORDS)


@pytest.mark.parametrize("orient", ["columns", "index", "split", "records", "table"])
def test_json_as_pandas_writes_it(orient):
    log = read_json(PANDAS.to_json(orient=orient))
    assert log.frame().select("user", "item", "rating").to_dicts() == RECORDS


@pytest.mark.parametrize(
    "document",
    [
        {"user": ["a", "b", "a"], "item": ["x", "x", "y"], "rating": [5, 4, 1]},
        {"ratings": RECORDS},
        {"count": 3, "next": None, "results": RECORDS},
        {"-M1": RECORDS[0], "-M2": RECORDS[1], "-M3": RECORDS[2]},
    ],
)
def test_json_documents_that_hold_a_table(document):
    for text in (json.dumps(document), json.dumps(document, indent=2)):
        log = read_json(text)
        assert log.frame().select("user", "item", "rating").to_dicts() == RECORDS


def test_one_json_record_is_a_record():
    for record in (RECORDS[0], {"user": {"id": "a"}, "item": {"id": "x"}, "rating": 5}):
        assert read_json(json.dumps(record)).frame().row(0)[:3] == ("a", "x", 5.0)
        assert read_json(json.dumps(record, indent=1)).frame().row(0)[:3] == ("a", "x", 5.0)


def test_json_of_mongodb():
    records = [
        {
            "_id": {"$oid": f"507f1f77bcf86cd79943901{n}"},
            "user": {"$oid": f"507f1f77bcf86cd7994390{n}1"},
            "item": {"$numberLong": f"{n}"},
            "rating": {"$numberInt": "5"} if n % 2 else {"$numberDouble": "4.5"},
            "timestamp": {"$date": f"2020-01-0{n + 1}T00:00:00Z"},
        }
        for n in range(4)
    ]
    for text in (lines(*records), json.dumps(records)):
        log = read_json(text)
        assert log.ratings.tolist() == [4.5, 5.0, 4.5, 5.0]
        assert log.users.ids[0] == "507f1f77bcf86cd799439001"
        assert log.events["time"][3] == datetime(2020, 1, 4)
        assert [str(i) for i in log.items.ids] == ["0", "1", "2", "3"]
    instants = [
        {**record, "timestamp": {"$date": {"$numberLong": str(1_577_836_800_000 + n)}}}
        for n, record in enumerate(records)
    ]
    assert read_json(lines(*instants)).events["time"][0] == datetime(2020, 1, 1)


def test_json_that_differs_by_record_keeps_what_is_clear():
    log = read_json(lines({"user": {"$oid": "a"}, "item": "x"}, {"user": "b", "item": ["x", 1]}))
    assert log.users.ids.to_list() == ["a", "b"]


def test_json_that_cannot_be_read():
    with pytest.raises(DataError, match="nested too deeply"):
        read_json("[" * 100_000)
    good = '{"user": 1, "item": 2}\n'
    log = read_json(good * 3 + '{"user": ' + "[" * 100_000 + "\n")
    assert log.origin.skipped is not None
    assert log.origin.skipped["problem"].to_list() == ["JSON that is nested too deeply"]
    log = read_json('[{"user": "\\ud800", "item": 1}, {"user": "b", "item": 2}]')
    assert log.origin.skipped is not None
    assert log.origin.skipped["problem"].to_list() == ["text that is not Unicode"]


def test_pandas_index_is_not_forgotten():
    frame = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "rating": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"pandas Series.*reset_index\(name='rating'\)"):
        read(frame.groupby(["user", "item"]).size())
    with pytest.raises(DataError, match=r"pandas Series.*reset_index\(\)"):
        read(frame.groupby(["user", "item"])["rating"].sum())
    for indexed in (frame.set_index("user"), frame.groupby(["user", "item"]).sum()):
        with pytest.raises(DataError, match=r"index of the pandas frame has 'user'.*reset_index"):
            read(indexed)
    counted = frame.groupby(["user", "item"]).size().reset_index(name="rating")
    assert read(counted).ratings.tolist() == [1.0, 1.0]
    assert len(read(frame.set_index(pd.Index([7, 8], name="line")))) == 2
    with pytest.raises(DataError, match=r"index of the pandas frame has times.*reset_index"):
        read(frame.set_index(pd.date_range("2020-01-01", periods=2)))
    with pytest.raises(DataError, match="cannot be read from Series"):
        read(pl.Series([1]))  # type: ignore[arg-type]


def test_pandas_types():
    frame = pd.DataFrame(
        {
            "user": [uuid.UUID(int=1), uuid.UUID(int=2), None],
            "item": pd.interval_range(0, 3),
            "rating": pd.array([5, 4, 3], dtype="Int64"),
            "time": pd.period_range("2020-01", periods=3, freq="M"),
        }
    )
    log = read(frame, quiet=True)
    assert log.users.ids.to_list() == [str(uuid.UUID(int=1)), str(uuid.UUID(int=2))]
    assert log.items.ids.to_list() == ["(0, 1]", "(1, 2]"]
    assert log.events["time"].to_list() == [datetime(2020, 1, 1), datetime(2020, 2, 1)]
    large = pd.DataFrame({"user": [2**70, 1], "item": [2**200, 2]})
    assert read(large).items.ids.to_list() == [str(2**200), "2"]
    with pytest.raises(DataError, match="of type duration"):
        read(pd.DataFrame({**IDS, "time": pd.to_timedelta([1, 2, 3], unit="D")}))


def test_arrow_types():
    table = pa.table(
        {
            "user": pa.array([b"a", b"b"], pa.binary()),
            "item": pa.array(["x", "y"]).dictionary_encode(),
            "rating": pa.array([Decimal("4.50"), Decimal("3.00")], pa.decimal128(10, 2)),
            "time": pa.array([1, 2], pa.date32()),
        }
    )
    log = read(table)
    assert log.frame().select("user", "item", "rating").rows() == [("a", "x", 4.5), ("b", "y", 3.0)]
    assert log.events["time"][0] == datetime(1970, 1, 2)
    periods = pd.DataFrame({**IDS, "time": pd.period_range("2020-01", periods=3, freq="M")})
    with pytest.raises(DataError, match=r"of type pandas\.period: .*\.dt\.to_timestamp\(\) in"):
        read(pa.Table.from_pandas(periods))


def test_periods_in_a_parquet_file_are_no_seconds(tmp_path):
    periods = pd.DataFrame({**IDS, "time": pd.period_range("2020-01", periods=3, freq="M")})
    periods.to_parquet(tmp_path / "log.parquet")
    before = dict(os.environ)
    with pytest.raises(DataError, match=r"of type pandas\.period"):
        read(tmp_path / "log.parquet")
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series([b"x", b"z"]),
        pl.Series([{"$oid": "x"}, {"$oid": "z"}]),
        pl.Series([[{"$oid": "x"}], [{"$oid": "z"}]]),
        pl.Series(["x", "z"], dtype=pl.Object),
    ],
    ids=lambda values: str(values.dtype),
)
def test_ids_of_tables_are_unwrapped_like_those_of_logs(ids):
    table = pl.DataFrame({"item": ids, "title": ["X", "Z"]})
    log = read(pl.DataFrame({"user": [1], "item": ids[:1]}), item_table=table, quiet=True)
    assert log.items.ids.to_list() == ["x", "z"]
    assert log.titles() == ["X", "Z"]


def test_ids_of_a_frame_that_is_a_log_already():
    for ids in (pl.Series(UUIDS, dtype=pl.Object), pl.Series([key.bytes for key in UUIDS])):
        log = Dataset.from_frame(pl.DataFrame({"user": ids, "item": [1, 2, 3]}))
        assert log.users.ids.to_list() == sorted({str(key) for key in UUIDS})
        assert log.users.indices(UUIDS).tolist() == [0, 1, 0]
    dates = pl.DataFrame({"user": [date(2020, 1, 1)], "item": [1]})
    with pytest.raises(DataError, match=r"not Date: make them texts first.*pl\.col\('user'\)"):
        Dataset.from_frame(dates)


@given(
    st.sampled_from(["user", "item", "rating", "time"]),
    series(min_size=3, max_size=6),
    st.sampled_from([None, ">=1", "like"]),
    st.sampled_from([None, "day-first", "s", "%d/%m/%y"]),
)
@settings(max_examples=40)
def test_a_column_of_any_type_is_read_or_refused_in_one_sentence(role, values, wish, form):
    n = len(values)
    columns = {
        "user": pl.Series([f"u{k % 2}" for k in range(n)]),
        "item": pl.Series(range(n)),
        "rating": pl.Series([float(k) for k in range(n)]),
        "time": pl.Series([1_500_000_000 + k for k in range(n)]),
        role: values,
    }
    frame = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    message = ""
    try:
        log = read(frame, positive=wish, time_format=form, quiet=True)
        check(log).to_dict()
        assert log.fingerprint
    except DataError as error:
        message = str(error)
    assert "\n" not in message


def test_objects_without_fields_are_no_values():
    frame = pl.DataFrame(
        {"user": ["a", "b"], "item": ["x", "y"], "rating": [{}, {}]},
        schema_overrides={"rating": pl.Struct([])},
    )
    with pytest.raises(DataError, match="rating"):
        read(frame, rating="rating", quiet=True)


@pytest.mark.parametrize("empty", ["[]", "{}"])
def test_empty_lists_and_objects_beside_ids_are_missing(empty):
    lines = (
        f'{{"user": "a", "item": 1}}\n{{"user": {empty}, "item": 2}}\n{{"user": "b", "item": 1}}'
    )
    log = read(io.BytesIO(lines.encode()), quiet=True)
    assert log.users.ids.to_list() == ["a", "b"]
    assert log.origin.skipped["problem"].to_list() == ["missing user"]
