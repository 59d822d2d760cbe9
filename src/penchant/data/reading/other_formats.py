"""Recognise files of formats that are no logs, with what to do instead of reading them."""

from __future__ import annotations

import re

from penchant.errors import DataError

_POINTERS = {
    b"version https://git-lfs.github.com/spec/": ("Git LFS", "git lfs pull"),
    b"/annex/objects/": ("git-annex", "git annex get"),
}
_ARROW = {
    b"ARROW1": ("an Arrow or Feather file", "read_ipc"),
    b"FEA1": ("a Feather file", "read_ipc"),
    b"\xff\xff\xff\xff": ("a stream of Arrow", "read_ipc_stream"),
}
_SAMPLE = 20  # lines by which a format is recognised
_FEATURE = rb"\d+(:\d+)?:[-+]?[\d.]+([eE][-+]?\d+)?"  # with a field before it in libFFM
_SPARSE = re.compile(rb"[-+]?[\d.]+(,\d+)*([ \t]+" + _FEATURE + rb")+\s*")
_RULE = re.compile(rb"\s*[+|]?[-:=\s]*--[-:=\s]*([+|][-:=\s]*)+")  # such as +----+----+


def refuse_other_formats(data: bytes, name: str) -> None:
    """Refuse what stands for a file that is elsewhere, and tables of Arrow.

    Raises:
        DataError: the data are such.
    """
    for start, (tool, command) in _POINTERS.items():
        if data.startswith(start):
            raise DataError(
                f"{name} is a pointer of {tool} in place of the file: fetch the file with "
                f"'{command}'."
            )
    for start, (kind, function) in _ARROW.items():
        if data.startswith(start):
            raise DataError(
                f"{name} is {kind}: read polars.{function}('{name}') and pass the frame, or write "
                "it as Parquet with write_parquet."
            )


def refuse_other_texts(data: bytes, name: str) -> None:
    """Refuse lines of sparse features, and tables drawn with lines.

    Raises:
        DataError: the text is such.
    """
    lines = [line for line in data[: 2**16].split(b"\n")[:_SAMPLE] if line.strip()]
    if any(_RULE.fullmatch(line) for line in lines[:2]):
        raise DataError(
            f"{name} is a table drawn with lines, as clients of databases print it: write it as "
            "CSV or with tabs, such as with mysql --batch or psql --csv."
        )
    if lines and all(_SPARSE.fullmatch(line) for line in lines[:-1] or lines):
        raise DataError(
            f"{name} has lines of a label and index:value, as of LibSVM and libFM, which say "
            "nothing of users and items: write a row with user, item and rating per event."
        )
