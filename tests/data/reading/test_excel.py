from __future__ import annotations

import datetime
import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from penchant.data.quality.log_check import check
from penchant.data.sources.releases import read
from penchant.errors import DataError, MissingExtraError

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "CustomerID"]
FIRST, SECOND = datetime.datetime(2010, 12, 1, 8, 26), datetime.datetime(2010, 12, 2, 9, 41, 30)
ORDERS = [
    [536365, "85123A", "HOLDER", 6, FIRST, 17850],
    ["C536379", 22423, "STAND", -1, SECOND, 13047],
    [536367, 22423, None, 3, FIRST, 13047],
    [536368, "007", "007", 2, FIRST, 13047],
]


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    """A workbook with these sheets, as a spreadsheet program writes it."""
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_the_form_of_a_shop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = workbook(
        tmp_path / "orders.xlsx",
        Notes=[["These are the orders of 2010."]],
        Orders=[["Orders of 2010"], [], HEADER, *ORDERS],
        Later=[HEADER, ORDERS[0]],
    )
    log = read(path, weight=False, rating=False)
    by_hand = [(17850, "85123A", FIRST), (13047, "22423", FIRST), (13047, "007", FIRST)]
    found = [
        row for row in log.frame().select("user", "item", "time").iter_rows() if row[2] == FIRST
    ]
    assert found == by_hand
    assert log.users.kind == "integer"
    assert log.name == "orders"
    assert (
        "orders.xlsx: read the sheet 'Orders', the first that has a table; override with sheet='…' "
        "(--sheet …), such as 'Notes', 'Later'."
    ) in caplog.messages
    assert (
        "orders.xlsx: passed over a row above the table, such as 'Orders of 2010'."
    ) in caplog.messages


def test_numbers_and_dates_are_as_they_are(tmp_path: Path) -> None:
    rows = [
        ["user", "item", "rating", "time", "day", "share", "flag"],
        [1, 20240101, 4.5, SECOND, SECOND.date(), 0.1, True],
        [2, 20240102, 3, FIRST, FIRST.date(), 0.25, False],
    ]
    log = read(workbook(tmp_path / "log.xlsx", Log=rows), quiet=True)
    assert log.frame().select("user", "item", "rating", "time", "share", "flag").rows() == [
        (1, 20240101, 4.5, SECOND, 0.1, True),
        (2, 20240102, 3.0, FIRST, 0.25, False),
    ]


@pytest.mark.parametrize("sheet", ["Year 2011", "year 2011", 1, "1"])
def test_a_sheet_by_name_or_position(sheet: str | int, tmp_path: Path) -> None:
    one, other = [["user", "item"], ["ann", "tea"]], [["user", "item"], ["bob", "jam"]]
    path = workbook(tmp_path / "log.xlsx", Year_2010=one, Year_2011=other)
    assert read(path, sheet=sheet, quiet=True).users.ids.to_list() == ["bob"]
    with pytest.raises(DataError, match="no sheet 'x': it has 'Year 2010', 'Year 2011'"):
        read(path, sheet="x")
    with pytest.raises(DataError, match="is no Excel workbook, so that it has no sheet"):
        read(io.BytesIO(b"user,item\nann,tea\n"), sheet=sheet)


def test_without_header_and_with_gaps(tmp_path: Path) -> None:
    rows = [["ann", "tea", 5], [], ["bob", "jam", 3], ["ann", "jam", "many"], [None, "jam", 1]]
    log = read(workbook(tmp_path / "log.xlsx", Log=[[None, *r] for r in rows]), quiet=True)
    assert log.frame().select("user", "item", "rating").rows() == [
        ("ann", "tea", 5),
        ("bob", "jam", 3),
    ]
    assert log.origin.skipped is not None
    assert log.origin.skipped.select("row", "problem").rows() == [
        (3, "rating 'many' is not a number"), (4, "missing user"),
    ]  # fmt: skip


def test_hidden_sheets_are_read_by_name_alone(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "log.xlsx",
        A=[["user", "item"], ["ann", "tea"]],
        B=[["user", "item"], ["bob", "jam"]],
    )
    book = openpyxl.load_workbook(path)
    book["A"].sheet_state = "hidden"
    book.active = 1  # type: ignore[assignment]
    book.save(path)
    assert read(path, quiet=True).users.ids.to_list() == ["bob"]
    assert read(path, sheet="A", quiet=True).users.ids.to_list() == ["ann"]


def test_tables_of_items_and_wide_sheets(tmp_path: Path) -> None:
    log_file = workbook(tmp_path / "log.xlsx", Log=[["user", "item"], ["ann", 7]])
    items = workbook(tmp_path / "items.xlsx", Items=[["item", "title"], [7, "Tea"]])
    assert read(log_file, item_table=items, quiet=True).titles() == ["Tea"]
    wide = workbook(
        tmp_path / "wide.xlsx", W=[["user", "a", "b", "c"], ["x", 5, None, 1], ["y", 2, 3, None]]
    )
    assert read(wide, quiet=True).origin.layout == "wide"


def test_parts_of_a_log_may_be_workbooks(tmp_path: Path) -> None:
    workbook(tmp_path / "1.xlsx", Log=[["user", "item"], ["ann", 7]])
    workbook(tmp_path / "2.xlsx", Log=[["user", "item"], ["bob", 8]])
    assert read(tmp_path, quiet=True).frame().select("user", "item").rows() == [
        ("ann", 7),
        ("bob", 8),
    ]


def archive(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name.replace("__", "/") + ".xml", content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("fake.xlsx", b"PK\3\4aaaa", "is no Excel workbook, or a damaged one"),
        ("a.xlsx", archive(xl__worksheets__sheet1=b"<worksheet/>"), "is a damaged Excel workbook"),
        (
            "old.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99),
            r"old Excel workbook \(\.xls\)",
        ),
        ("page.xls", b"<html><table><tr><td>user</td></tr></table></html>", "is a web page or XML"),
        (
            "sheet.ods",
            b"PK\3\4mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "OpenDocument",
        ),
        (
            "bomb.xlsx",
            archive(xl__worksheets__sheet1=bytes(2 * 10**8)),
            "unpacks to more than 100 MB",
        ),
    ],
)
def test_what_is_no_workbook_is_one_sentence(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_text_that_is_called_a_workbook_is_text(tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    path.write_text("user,item\nann,tea\n")
    assert len(read(path, quiet=True)) == 1


def test_limits_and_cells_far_away(tmp_path: Path) -> None:
    path = workbook(tmp_path / "log.xlsx", Log=[["user", "item"], ["ann", "tea"]])
    with pytest.raises(DataError, match="raise max_bytes"):
        read(path, max_bytes=path.stat().st_size + 1)
    book = openpyxl.load_workbook(path)
    book["Log"]["XFD1048576"] = 1
    book.save(path)
    with pytest.raises(DataError, match="cells far from all others"):
        read(path)


def test_empty_sheets_have_no_record(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sheet with a record"):
        read(workbook(tmp_path / "a.xlsx", A=[], B=[]))
    with pytest.raises(DataError, match="has a header"):
        read(workbook(tmp_path / "b.xlsx", A=[["user", "item"]]))


def test_without_the_package_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "log.xlsx", Log=[["user", "item"], ["ann", "tea"]])
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[excel\]'"):
        read(path)


def test_ids_with_more_digits_than_a_workbook_keeps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    header = ["user", "item", "code"]
    long = 12345678901234567
    rows = [[long, 1, str(long)], [long + 1, 2, str(long + 1)], [7, 1, "x"]]
    log = read(workbook(tmp_path / "a.xlsx", A=[[], ["Log"], header, *rows]))
    assert log.users.ids.to_list() == ["1.2345678901234570E+16", "7"]
    assert log.frame()["code"].to_list() == [str(long), str(long + 1), "x"]  # cells of text
    (message,) = [text for text in caplog.messages if "scientific notation" in text]
    assert message.startswith("a.xlsx: 1 user has an id such as '1.2345678901234570E+16'")
    assert "wrong" in str(check(log))
    numbers = [4111111111111110, 4111111111111120]  # of 15 digits, as programs for sheets keep
    for ids, is_rounded in ((numbers, True), ([*numbers, 4111111111111123], False)):
        log = read(workbook(tmp_path / "b.xlsx", B=[header[:2], *([n, 1] for n in ids)]))
        assert (log.users.kind == "string") == is_rounded
    texts = [[str(n), 1] for n in numbers]
    assert read(workbook(tmp_path / "c.xlsx", C=[header[:2], *texts])).users.kind == "integer"
