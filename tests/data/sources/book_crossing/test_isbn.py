from __future__ import annotations

import polars as pl
import pytest

from penchant.data.sources.book_crossing.isbn import is_isbn10, normalise, report


@pytest.mark.parametrize(
    ("written", "item", "rule", "valid"),
    [
        ("034545104X", "034545104X", None, True),
        ("034545104x", "034545104X", "case", True),
        ("978-0-306-40615-7", "0306406152", "thirteen", True),
        ("9780306406157", "0306406152", "thirteen", True),
        ("9788433969613", "8433969617", "thirteen", True),
        ("9780306406158", "9780306406158", None, False),  # its check digit is wrong
        ("9791090636071", "9791090636071", None, True),  # 979 has no ISBN-10
        ('"0306406152', "0306406152", "stray", True),
        (" 0306406152 ", "0306406152", "stray", True),
        ("0-306-40615-2", "0306406152", "stray", True),
        ("ISBN 0306406152", "0306406152", "stray", True),
        ("306406152", "0306406152", "padded", True),
        ("306406153", "306406153", None, False),  # no check digit to say that a zero was lost
        ("000000000", "000000000", None, False),
        ("0000000000", "0000000000", None, False),
        ("0306406152>>3", "0306406152", "tail", True),
        ("0306406153>>3", "0306406153>>3", None, False),
        ("O3O64O6152", "0306406152", "letters", True),
        ("O3O64O6153", "O3O64O6153", None, False),
        ("0306406153", "0306406153", None, False),
        ("b00009ef82", "B00009EF82", "case", False),
        (' "AroundinCircl" ', "AroundinCircl", "trimmed", False),
        ("n/a", "n/a", None, False),
        (' " ', None, "stray", False),
    ],
)
def test_spellings(written: str, item: str | None, rule: str | None, valid: bool) -> None:
    assert normalise(pl.Series([written])).row(0) == (written, item, rule, valid)


def test_the_tables_rows_are_the_distinct_texts_in_order() -> None:
    table = normalise(pl.Series(["b", "034545104x", None, "b", "034545104X"]))
    assert table["isbn"].to_list() == ["b", "034545104x", "034545104X"]
    assert table["item"].to_list() == ["b", "034545104X", "034545104X"]


def test_check_digits() -> None:
    # Every error in one digit, and every swap of two neighbours, changes the sum modulo 11.
    right = "0306406152"
    wrong = [
        right[:n] + digit + right[n + 1 :]
        for n in range(10)
        for digit in "0123456789X"
        if digit != right[n] and (digit != "X" or n == 9)
    ]
    swapped = [
        right[:n] + right[n + 1] + right[n] + right[n + 2 :]
        for n in range(9)
        if right[n] != right[n + 1]
    ]
    assert is_isbn10(pl.Series([right])).all()
    assert not is_isbn10(pl.Series(wrong + swapped)).any()


def test_the_report_counts_what_was_merged() -> None:
    events = pl.DataFrame(
        [
            (1, "034545104X"), (1, "034545104x"), (2, "034545104x"), (2, "junk"), (3, "junk"),
            (3, "9780306406157"), (4, "b"), (4, "b"),
        ],
        schema=["user", "isbn"],
        orient="row",
    )  # fmt: skip
    table = normalise(events["isbn"])
    found = report(events.join(table, on="isbn", how="left"), table)
    assert (found.before, found.after, found.changed, found.merged) == (5, 4, 2, 1)
    assert {rule: n for rule, n in found.rules.items() if n} == {"case": 1, "thirteen": 1}
    assert (found.invalid, found.invalid_rows) == (2, 4)
    assert (found.rows_changed, found.duplicates) == (3, 1)  # (4, b) repeated itself before
    assert "merged 1 into others and made 1 event repeat" in str(found)
