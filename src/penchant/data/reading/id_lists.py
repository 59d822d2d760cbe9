"""Lists of ids as a person writes them: between commas, repeated, or in a file."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

import polars as pl

from penchant.data.reading.column_contents import is_number
from penchant.data.reading.column_names import is_known_name, plain_name
from penchant.data.reading.files import decode, load_bytes
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError

T = TypeVar("T")

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_SEPARATORS = ("\t", ";", ",")
_NO_SEPARATOR = "\x1f"  # of files with an id a line
_SAMPLE = 100  # lines by which the separator of a file is recognised


def split_ids(vocabulary: Vocabulary, values: Sequence[str]) -> list[str]:
    """The texts of ids in values, each once, where it stands last: so histories end as given.

    A value that is an id as it stands is taken for one, whatever its characters are; one that
    begins with `@` names a file (`@-` is standard input); any other has ids between commas.

    Raises:
        DataError: a file cannot be read.
    """
    return last_mentions([text for value in values for text in _split(vocabulary, value)])


def last_mentions(values: Sequence[T]) -> list[T]:
    """Each value once, in the order of their last places."""
    return list(dict.fromkeys(reversed(values)))[::-1]


def ids_in_file(vocabulary: Vocabulary, path: Path) -> list[str]:
    """The texts of ids in a file: the first cell of each line, or the whole line if that is one.

    A first line that names the column is passed over. A file may be empty.

    Raises:
        DataError: the file cannot be read, or is no list of ids.
    """
    # A file without any id, such as of what is out of stock, is no mistake.
    data = b"" if path.is_file() and not path.stat().st_size else load_bytes(path)
    return _ids_in(vocabulary, data, str(path))


def typed_ids(vocabulary: Vocabulary, texts: Sequence[str] | pl.Series) -> pl.Series:
    """Texts as ids of the vocabulary's type, null where they cannot be any."""
    series = pl.Series("id", texts, dtype=pl.String)
    if vocabulary.kind == "string":
        return series
    digits = series.str.strip_chars().str.replace(r"\.0+$", "")
    return digits.cast(pl.Int64, strict=False)


def exact_ids(
    texts: Sequence[str] | pl.Series, kind: Literal["integer", "string"], name: str = "id"
) -> pl.Series:
    """Texts as ids of one kind, null where a text is no integer as it would be written.

    Programs name ids so, and `typed_ids` is for people: were `042`, `42.0` or ` 42` the user 42,
    one person would have several names.
    """
    if kind == "string":
        return pl.Series(name, texts, dtype=pl.String)
    if isinstance(texts, pl.Series):
        integers = texts.cast(pl.Int64, strict=False).rename(name)
        return integers.set(~integers.cast(pl.String).eq_missing(texts), None)
    numbers = [int(text) if is_integer(text) else None for text in texts]  # faster for a few
    return pl.Series(name, numbers, dtype=pl.Int64)


def is_integer(text: str) -> bool:
    """Whether a text is an integer of 64 bits as Python writes it."""
    return _INTEGER.fullmatch(text) is not None and -(2**63) <= int(text) < 2**63


def _split(vocabulary: Vocabulary, value: str) -> list[str]:
    """The texts of one option value."""
    if value in vocabulary:
        return [value]
    if value == "@-":
        return _ids_in(vocabulary, sys.stdin.buffer.read(), "standard input")
    if value.startswith("@"):
        return ids_in_file(vocabulary, Path(value[1:]))
    cells = csv.reader(value.splitlines(), skipinitialspace=True)
    return [text for row in cells for cell in row if (text := cell.strip())]


def _ids_in(vocabulary: Vocabulary, data: bytes, name: str) -> list[str]:
    text = decode(data, name, None).decode()
    lines = [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
    sample = [line for line in lines if line.strip()][:_SAMPLE]
    separator = next((s for s in _SEPARATORS if all(s in line for line in sample)), _NO_SEPARATOR)
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row and row[0].strip()]
    except csv.Error as error:
        raise DataError(f"{name} is no list of ids ({error}).") from None
    whole = typed_ids(vocabulary, [separator.join(row) for row in rows])
    is_id = vocabulary.indices(whole) >= 0
    texts = [separator.join(r) if i else r[0].strip() for r, i in zip(rows, is_id, strict=True)]
    return texts[1:] if texts and _is_header(vocabulary, texts[0]) else texts


def _is_header(vocabulary: Vocabulary, cell: str) -> bool:
    """Whether the first cell of a file names a column of ids."""
    if vocabulary.indices(typed_ids(vocabulary, [cell]))[0] >= 0:
        return False
    if vocabulary.kind == "integer" and not is_number(cell):
        return True
    return is_known_name(cell) or plain_name(cell) == "id"
