from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.vocabulary import Vocabulary, canonical_ids
from penchant.errors import DataError, ParameterError, UnknownIdError

integers = st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-20, 20)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)


@given(
    st.one_of(
        st.tuples(st.lists(kind, min_size=1), st.lists(kind, max_size=9))
        for kind in (integers, texts)
    )
)
def test_indices_are_positions_in_the_sorted_ids(case):
    ids, asked = case
    vocabulary = Vocabulary(ids)
    known = sorted(set(ids), key=lambda i: i.encode() if isinstance(i, str) else i)
    assert list(vocabulary.ids) == known
    assert len(vocabulary) == len(known)
    wanted = [known.index(i) if i in known else -1 for i in asked + ids]
    indices = vocabulary.indices(asked + ids)
    assert indices.tolist() == wanted
    assert indices.dtype == np.int32
    assert list(vocabulary.take(indices)) == [i if i in known else None for i in asked + ids]


def test_large_gaps_are_searched_and_not_tabled():
    ids = [-(2**62), -5, 0, 7, 2**62]
    vocabulary = Vocabulary(ids)
    assert vocabulary._table is None
    assert vocabulary.indices([7, 8, -5, 2**62, 2**63 - 1, -(2**62)]).tolist() == [
        3,
        -1,
        1,
        4,
        -1,
        0,
    ]


def test_a_table_serves_ids_beyond_its_ends():
    vocabulary = Vocabulary([10, 12])
    assert vocabulary._table is not None
    assert vocabulary.indices([9, 10, 11, 12, 13, 2**60, -(2**60)]).tolist() == [
        -1,
        0,
        -1,
        1,
        -1,
        -1,
        -1,
    ]


def test_leading_zeros_make_different_strings():
    vocabulary = Vocabulary(["007", "7", "07"])
    assert [vocabulary.index(i) for i in ("007", "07", "7")] == [0, 1, 2]
    assert "0007" not in vocabulary


@pytest.mark.parametrize(
    ("ids", "asked", "words"),
    [
        ([1, 2], ["1"], "are integers such as 1, but strings such as '1'"),
        (["1", "2"], [1], "are strings such as '1', but integers such as 1"),
    ],
)
def test_ids_of_another_type_are_an_error(ids, asked, words):
    with pytest.raises(UnknownIdError, match=words):
        Vocabulary(ids, noun="user").indices(asked)


def test_mixed_ids_are_refused():
    with pytest.raises(DataError, match="mixed"):
        Vocabulary([1, "a"])
    with pytest.raises(DataError, match="mixed"):
        Vocabulary([1, 2]).indices(["a", 1])


def test_one_id():
    vocabulary = Vocabulary(["a", "b"], noun="item")
    assert vocabulary.index("b") == 1
    assert vocabulary[np.int32(1)] == "b"
    with pytest.raises(UnknownIdError, match="no item 'c' among the 2 known"):
        vocabulary.index("c")
    assert "a" in vocabulary
    assert "c" not in vocabulary
    assert None not in vocabulary


@pytest.mark.parametrize("ids", [[1, 2], ["a"], []])
@pytest.mark.parametrize("other", [1, "a", None, 1.5])
def test_membership_never_raises(ids, other):
    assert (other in Vocabulary(ids)) == (other in ids)


def test_casting_of_a_command_lines_text():
    assert Vocabulary([1]).cast("42") == 42
    assert Vocabulary(["a"]).cast("42") == "42"
    with pytest.raises(UnknownIdError, match="'x' is none"):
        Vocabulary([1]).cast("x")


def test_equality_and_fingerprint_go_by_ids():
    assert Vocabulary([2, 1]) == Vocabulary(pl.Series([1, 2, 2], dtype=pl.UInt8))
    assert hash(Vocabulary([2, 1])) == hash(Vocabulary([1, 2]))
    prints = [Vocabulary(i).fingerprint for i in ([1, 2], [1, 3], ["1", "2"], ["12"], [])]
    assert len(set(prints)) == len(prints)
    assert Vocabulary([1]) != [1]


def test_nulls():
    vocabulary = Vocabulary([3, 4])
    assert vocabulary.indices(pl.Series([4, None, 3])).tolist() == [1, -1, 0]
    assert vocabulary.take([0, -1]).to_list() == [3, None]
    with pytest.raises(DataError, match="1 user id is missing"):
        Vocabulary(pl.Series([1, None]), noun="user")


@pytest.mark.parametrize(
    ("series", "wanted"),
    [
        (pl.Series([1, 2], dtype=pl.UInt16), [1, 2]),
        (pl.Series([1.0, 2.0]), [1, 2]),
        (pl.Series([2**63 + 1, 1], dtype=pl.UInt64), ["9223372036854775809", "1"]),
        (pl.Series(["b", "a"], dtype=pl.Categorical), ["b", "a"]),
        (pl.Series(["b"], dtype=pl.Enum(["a", "b"])), ["b"]),
    ],
)
def test_canonical_types(series, wanted):
    assert canonical_ids(series).to_list() == wanted


@pytest.mark.parametrize("values", [[1.5], [True], [float("nan")]])
def test_what_cannot_be_an_id(values):
    with pytest.raises(DataError, match="must be integers or strings"):
        Vocabulary(pl.Series(values))


def test_empty_vocabulary_knows_nothing():
    vocabulary = Vocabulary([])
    assert len(vocabulary) == 0
    assert vocabulary.indices([1]).tolist() == [-1]
    assert vocabulary.indices(["a"]).tolist() == [-1]
    assert vocabulary.indices([]).tolist() == []


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ("ab", r"Give a list of user ids: \['ab'\] instead of 'ab'\."),
        (42, r"Give a list of user ids: \[42\] instead of 42\."),
        (np.int64(42), r"Give a list of user ids: \[42\] instead of 42\."),
        (b"ab", "not a value of bytes"),
        (4.5, "not a value of float"),
        (pl.DataFrame({"user": ["a"]}), "not a value of DataFrame"),
    ],
)
@pytest.mark.parametrize("method", ["indices", "selection"])
def test_a_single_id_is_no_list(ids, words, method):
    with pytest.raises(ParameterError, match=words):
        getattr(Vocabulary(["a", "b"], noun="user"), method)(ids)


def test_lists_of_ids_are_any_iterable_of_them():
    vocabulary = Vocabulary([3, 5, 9])
    for ids in ((9, 3), np.array([9, 3]), pl.Series([9, 3]), {9: 1.0, 3: 2.0}, iter([9, 3])):
        assert vocabulary.indices(ids).tolist() == [2, 0]


id_sets = st.sets(st.integers(0, 9))


@given(id_sets | st.none(), id_sets | st.none())
def test_selections_are_the_sets_they_say(candidates, exclude):
    vocabulary = Vocabulary(range(10), noun="item")
    found = vocabulary.selection(
        None if candidates is None else sorted(candidates, reverse=True) * 2,
        None if exclude is None else sorted(exclude),
    )
    if candidates is None and exclude is None:
        assert found is None
    else:
        wanted = set(range(10)) if candidates is None else candidates
        assert found.tolist() == sorted(wanted - (exclude or set()))


def test_unknown_ids_of_a_selection_are_counted_and_passed_over(caplog):
    vocabulary = Vocabulary(["a", "b", "c"], noun="item")
    assert vocabulary.selection(["b", "x", "c"], ["c", "y", "z", "w", "v"]).tolist() == [1]
    assert caplog.messages == [
        "1 of the 3 candidates is not known and passed over: 'x'.",
        "4 of the 5 items to exclude are not known and passed over: 'y', 'z', 'w' and 1 more.",
    ]
    with pytest.raises(UnknownIdError, match=r"None of the candidates is known: 'x'\."):
        vocabulary.selection(["x"])
    with pytest.raises(UnknownIdError, match=r"None of the items to exclude is known: 'x', 'y'\."):
        vocabulary.selection(exclude=["x", "y"])
    with pytest.raises(UnknownIdError, match="item ids of this log are strings"):
        vocabulary.selection(exclude=[1])
    caplog.clear()
    assert vocabulary.selection(exclude=[]).tolist() == [0, 1, 2]
    assert vocabulary.selection(["a"], ["a"]).tolist() == []
    assert caplog.messages == ["No item is left to choose from: all are excluded."]
