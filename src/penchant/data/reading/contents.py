"""Read the records of a file's content: Parquet, JSON, or text of any layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from penchant.data.origin import Layout
from penchant.data.reading.encodings import encoding_of, encoding_remarks
from penchant.data.reading.excel import read_excel
from penchant.data.reading.files import decode, is_workbook
from penchant.data.reading.json_lines import read_json_lines
from penchant.data.reading.layouts.blocks import read_blocks
from penchant.data.reading.layouts.detection import layout_of_text
from penchant.data.reading.layouts.impressions import read_impressions
from penchant.data.reading.layouts.item_lines import read_item_lines
from penchant.data.reading.other_formats import refuse_other_texts
from penchant.data.reading.parquet import read_parquet
from penchant.data.reading.records import RawRecords
from penchant.data.reading.text import read_text
from penchant.data.reading.unpacking import most_unpacked
from penchant.errors import DataError

PARQUET = b"PAR1"
_HTML = re.compile(rb"\s*<(!doctype|html|\?xml|table|head|body|meta|workbook)[\s>]", re.IGNORECASE)
HARMLESS_TABLE = 4 * 10**9  # bytes of a Parquet table, which stores equal values once


@dataclass(frozen=True)
class TextForm:
    """What is known of a text file or a workbook before it is read, as in `penchant.read`.

    `named` are column names by which a header is recognised; `leading` are the ids before the
    items of a basket, as `read_item_lines` takes them; `has_encoding_option` is whether whoever
    reads can give an encoding.
    """

    separator: str | None = None
    header: bool | None = None
    encoding: str | None = None
    named: tuple[str, ...] = ()
    layout: Layout | None = None
    sheet: str | int | None = None
    leading: tuple[str, ...] | None = None
    has_encoding_option: bool = True

    def like(self, first: RawRecords) -> TextForm:
        """That of a further file of a log whose first one has these records."""
        if not first.is_text:
            return self
        if not first.has_header:
            return replace(self, layout=first.layout, header=False)
        return replace(self, layout=first.layout, named=tuple(first.frame.columns))


def read_content(
    data: bytes,
    label: str,
    form: TextForm,
    max_bytes: int | None = None,
    sizes: Mapping[str, int | None] | None = None,
) -> RawRecords:
    """The records of a file, whose format is recognised by its content.

    Args:
        data: its bytes, decompressed.
        label: its name in messages.
        form: what is known of it where it is text.
        max_bytes: as in `penchant.read`.
        sizes: of Parquet files that have been tried, as `sizes_in_trial` returns them.

    Raises:
        DataError: it cannot be read.
    """
    if data[:4] == PARQUET:
        return read_parquet(data, label, most_unpacked(len(data), max_bytes, HARMLESS_TABLE), sizes)
    if is_workbook(data, label):
        return read_excel(
            data, label, most_unpacked(len(data), max_bytes),
            sheet=form.sheet, header=form.header, named=form.named,
        )  # fmt: skip
    if form.sheet is not None:
        raise DataError(f"{label} is no Excel workbook, so that it has no sheet.")
    encoding = encoding_of([data], form.encoding)
    data = decode(data, label, encoding, has_option=form.has_encoding_option)
    records = _read_decoded(data, label, form)
    remarks = encoding_remarks(encoding, form.encoding)
    return replace(records, remarks=(*records.remarks, *remarks)) if remarks else records


def _read_decoded(data: bytes, label: str, form: TextForm) -> RawRecords:
    kind = kind_of_text(data, label, form)
    if kind == "json":
        return read_json_lines(data, label)
    if kind in ("adjacency", "sequences", "baskets"):
        return read_item_lines(data, label, kind, separator=form.separator, leading=form.leading)
    if kind == "blocks":
        return read_blocks(data, label, separator=form.separator)
    if kind == "impressions":
        return read_impressions(data, label)
    return read_text(data, label, separator=form.separator, header=form.header, named=form.named)


def kind_of_text(data: bytes, label: str, form: TextForm) -> Layout | Literal["json"]:
    """How UTF-8 text is read: its layout, in columns where nothing else is seen, or JSON.

    Args:
        data: the text.
        label: its name in messages.
        form: what is known of it.

    Raises:
        DataError: it is a web page, or a text of another format that is no log.
    """
    if _HTML.match(data):
        raise DataError(
            f"{label} is a web page or XML, whatever its name says: open it in a spreadsheet "
            "program and save it as .xlsx or CSV (UTF-8)."
        )
    if data.lstrip()[:1] in (b"{", b"[") and form.separator is None:
        return "json"
    if form.separator is None and form.layout is None:
        refuse_other_texts(data, label)
    layout = form.layout
    if layout is None and form.separator is None and form.header is None and not form.named:
        layout = layout_of_text(data)
    return layout or "columns"
