"""Read a sheet of an Excel workbook, in a process of its own with a limit of memory and time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile

import polars as pl

from penchant.data.polars_frames import distinct_names
from penchant.data.reading.id_values import rounded_shown
from penchant.data.reading.memory_limit import LIMIT_MEMORY
from penchant.data.reading.records import NoRecordsError, RawRecords
from penchant.data.reading.text_layout import has_header as begins_with_header
from penchant.errors import DataError, require

# All cells are read as texts, so that ids keep their form in columns of several types. Damaged
# files, and cells far from each other, could take all memory.
_READER = (
    LIMIT_MEMORY
    + """
import io, json
import fastexcel
wanted = json.loads(sys.argv[2])
book = fastexcel.read_excel(sys.stdin.buffer.read())
names = book.sheet_names
def load(name):
    return book.load_sheet(name, header_row=None, dtypes="string")
def with_long_numbers(name, cells):
    n_blank = None  # rows above, which are left out unless rows are skipped
    for n, column in enumerate(cells.get_columns()):
        is_long = column.str.contains(r"^\\d{16,}$").fill_null(False)
        if is_long.any():
            if n_blank is None:
                whole = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
                n_blank = whole.height - len(cells)
            row = is_long.arg_max()
            only = book.load_sheet(name, header_row=None, skip_rows=n_blank + row, n_rows=1)
            typed = only.to_polars()
            if typed.width == cells.width and typed.height and typed.dtypes[n].is_numeric():
                if typed[0, n] == float(column[row]):
                    yield n
def answer(found, sheet=None):
    cells = None if sheet is None else sheet.to_polars()
    numbers = [] if cells is None else list(with_long_numbers(found, cells))
    said = {"sheets": names, "sheet": found, "numbers": numbers}
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\\n")
    if cells is not None:
        file = io.BytesIO()
        cells.write_ipc_stream(file)
        sys.stdout.buffer.write(file.getvalue())
if wanted is not None:
    number = int(wanted) if str(wanted).isdecimal() else -1
    alike = [n for n in names if n.lower() == str(wanted).lower()]
    found = wanted if wanted in names else alike[0] if alike else None
    if found is None and 0 <= number < len(names):
        found = names[number]
    answer(found, None if found is None else load(found))
else:
    best = None
    for name in names:
        try:
            sheet = load(name)
        except fastexcel.FastExcelError:
            continue  # of a chart
        if sheet.visible == "visible" and sheet.width and sheet.height:
            best = best or (name, sheet)
            if sheet.width > 1 and sheet.height > 1:
                best = name, sheet
                break
    answer(*(best or (None, None)))
"""
)
_OWN_MEMORY = 5 * 10**9  # addresses that Python and Polars reserve before they read anything
_MEMORY = 8  # times the unpacked sheets, for the cells
_SECONDS = 60.0  # for a small file
_BYTES_PER_SECOND = 10**6  # of unpacked sheets that are read at least
_HEADER_ROWS = 200  # looked at for the usual number of cells
_TITLE = 0.5  # of the usual number of cells are in a row above the header at most


def read_excel(
    data: bytes,
    name: str,
    most: int,
    *,
    sheet: str | int | None = None,
    header: bool | None = None,
    named: tuple[str, ...] = (),
) -> RawRecords:
    """The records of a sheet of an Excel workbook (.xlsx).

    Rows above the header that have hardly a cell, such as titles, are passed over. Cells are texts
    as the sheet has them: whole numbers without a point, dates as `2024-03-05 10:11:12`. Numbers
    with more digits than a workbook keeps are in scientific notation, as ids that were rounded.

    Args:
        data: the file.
        name: its name in messages.
        most: the bytes that it may unpack to.
        sheet: the sheet's name, or its position from 0; by default the first that has a table.
        header: whether the first row names the columns; by default its cells decide.
        named: column names by which a header is recognised.

    Raises:
        DataError: the file is damaged, no workbook, or too large, or there is no such sheet.
        NoRecordsError: the sheet has no record.
        MissingExtraError: the package that reads workbooks is not installed.
    """
    require("fastexcel", "excel")
    unpacked = _unpacked_size(data, name)
    if unpacked > most:
        raise DataError(
            f"{name} unpacks to more than {most / 1e6:,.0f} MB of {len(data) / 1e6:,.1f} MB, as no "
            "workbook does: if it is one, raise max_bytes (--max-bytes)."
        )
    sheets, found, frame = _in_a_process(data, name, sheet, unpacked)
    if found is None and sheet is not None:
        listed = ", ".join(repr(s) for s in sheets[:20])
        raise DataError(f"{name} has no sheet {sheet!r}: it has {listed}.")
    if found is None or frame is None:
        raise NoRecordsError(f"{name} has no sheet with a record.")
    remarks = []
    others = [s for s in sheets if s != found]
    if others and sheet is None:
        listed = ", ".join(repr(s) for s in others[:5]) + (" …" if len(others) > 5 else "")
        remarks.append(
            f"read the sheet {found!r}, the first that has a table; override with sheet='…' "
            f"(--sheet …), such as {listed}"
        )
    return _records(frame, name, found, header, named, remarks)


def _unpacked_size(data: bytes, name: str) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        raise DataError(
            f"{name} is no Excel workbook, or a damaged one: fetch or save it again."
        ) from None
    return sum(entry.file_size for entry in entries)


def _in_a_process(
    data: bytes, name: str, sheet: str | int | None, unpacked: int
) -> tuple[list[str], str | None, pl.DataFrame | None]:
    """The names of the sheets, that of the one that was read, and its cells as texts."""
    damaged = DataError(
        f"{name} is a damaged Excel workbook, or one with cells far from all others: save it again "
        "in a spreadsheet program, or save its sheet as CSV (UTF-8)."
    )
    limit = _OWN_MEMORY + _MEMORY * unpacked + 2 * len(data)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _READER, str(limit), json.dumps(sheet)],
            input=data,
            capture_output=True,
            env=os.environ | {"POLARS_MAX_THREADS": "2", "RAYON_NUM_THREADS": "2"},
            timeout=_SECONDS + unpacked / _BYTES_PER_SECOND,
        )
    except (subprocess.TimeoutExpired, OSError):
        raise damaged from None
    line, _, table = done.stdout.partition(b"\n")
    if done.returncode or not line:
        raise damaged
    try:
        answer = json.loads(line)
        frame = pl.read_ipc_stream(io.BytesIO(table)) if table else None
        if frame is not None:
            texts = [pl.nth(n).cast(pl.String) for n in answer["numbers"]]
            frame = frame.with_columns(map(rounded_shown, frame.select(texts)))
    except (ValueError, pl.exceptions.PolarsError):
        raise damaged from None
    return answer["sheets"], answer["sheet"], frame


def _records(
    cells: pl.DataFrame,
    source: str,
    sheet: str,
    header: bool | None,
    named: tuple[str, ...],
    remarks: list[str],
) -> RawRecords:
    """The records of a sheet's cells, of which blank rows and columns are no part."""
    cells = cells.select(pl.all().cast(pl.String))
    cells = cells.with_columns(pl.when(pl.all().str.contains(r"\S")).then(pl.all()))
    cells = cells.select(column for column in cells if column.count())
    if not cells.width:
        raise NoRecordsError(f"{source} has no record in the sheet {sheet!r}.")
    n_filled = cells.select(pl.sum_horizontal(pl.all().is_not_null())).to_series()
    cells, n_filled = cells.filter(n_filled > 0), n_filled.filter(n_filled > 0)
    usual = n_filled.head(_HEADER_ROWS).mode().max()
    n_titles = int((n_filled > _TITLE * usual).arg_max() or 0)  # type: ignore[operator]
    if n_titles:
        some = "a row" if n_titles == 1 else f"{n_titles:,} rows"
        remarks.append(f"passed over {some} above the table, such as {_first_cell(cells)!r}")
    cells = cells[n_titles:]
    rows = [[cell or "" for cell in row] for row in cells.head(_HEADER_ROWS).iter_rows()]
    if header is None:
        header = begins_with_header(rows, named)
    names = distinct_names(rows[0] if header else [""] * cells.width)
    if header and len(cells) == 1:
        raise NoRecordsError(f"{source} has a header ({', '.join(names)}) and no record.")
    frame = cells[int(header) :]
    frame.columns = names
    return RawRecords(
        frame=frame, source=source, is_text=True, has_header=header, remarks=tuple(remarks)
    )


def _first_cell(cells: pl.DataFrame) -> str:
    return str(next(cell for cell in cells.row(0) if cell is not None))[:40]
