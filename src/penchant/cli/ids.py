"""Ids as they are given on the command line: between commas, repeated, or in a file."""

from __future__ import annotations

import csv
import difflib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.errors import DataError, UnknownIdError

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.dataset import Dataset
    from penchant.data.vocabulary import Id, Vocabulary
    from penchant.models.base import Recommender

IDS = "id1,id2 or @FILE, with an id a line or in a CSV's first column; again for more"
"""How ids are given, for the help of options."""

_SEPARATORS = ("\t", ";", ",")
_NO_SEPARATOR = "\x1f"  # of files with an id a line
_SAMPLE = 100  # lines by which the separator of a file is recognised
_COMPARED = 2_000  # ids at most that are compared with an unknown one, letter by letter


def resolve_ids(vocabulary: Vocabulary, values: Sequence[str], purpose: str) -> list[Id]:
    """The known ids of option values, without repetition; a warning counts the others.

    A value that is an id as it stands is taken for one, whatever its characters are.

    Args:
        vocabulary: what is known.
        values: one for each time that the option is given.
        purpose: what the ids are, such as "candidates".

    Raises:
        UnknownIdError: ids are given, and none is known.
        DataError: a file cannot be read.
    """
    from penchant.data.vocabulary import report_unknown

    texts = list(dict.fromkeys(text for value in values for text in _split(vocabulary, value)))
    index = vocabulary.indices(_typed(vocabulary, texts))
    unknown = [text for text, i in zip(texts, index, strict=True) if i < 0]
    report_unknown(unknown, len(texts), purpose)
    return vocabulary.take(index[index >= 0]).to_list()


def resolve_users(model: Recommender, texts: Sequence[str]) -> list[Id]:
    """The ids of users of the log, without repetition.

    Raises:
        UnknownIdError: one is not known to the model; the sentence names ids like it.
    """
    advice = "; for someone new give what they like with --items, or ratings with --rated"
    return _resolve(model.users_, texts, "The model does not know the user", advice)


def resolve_items(log: Dataset, texts: Sequence[str]) -> list[Id]:
    """The ids of items of a log, without repetition.

    Raises:
        UnknownIdError: one is not in the log; the sentence names ids like it.
    """
    return _resolve(log.items, texts, f"The log {log.name!r} has no item")


def _resolve(
    vocabulary: Vocabulary, texts: Sequence[str], problem: str, advice: str = ""
) -> list[Id]:
    index = vocabulary.indices(_typed(vocabulary, texts))
    for text, i in zip(texts, index, strict=True):
        if i < 0:
            name = text if vocabulary.kind == "integer" else repr(text)
            raise UnknownIdError(f"{problem} {name}{_close_ids(vocabulary, text)}{advice}.")
    return list(dict.fromkeys(vocabulary.take(index).to_list()))


def id_of(vocabulary: Vocabulary, text: str) -> Id | None:
    """The known id that is written so, or None."""
    (index,) = vocabulary.indices(_typed(vocabulary, [text]))
    return None if index < 0 else vocabulary[int(index)]


def _typed(vocabulary: Vocabulary, texts: Sequence[str]) -> pl.Series:
    """Texts as ids of the vocabulary's type, null where they cannot be any."""
    import polars as pl

    series = pl.Series("id", list(texts), dtype=pl.String)
    if vocabulary.kind == "string":
        return series
    digits = series.str.strip_chars().str.replace(r"\.0+$", "")
    return digits.cast(pl.Int64, strict=False)


def _split(vocabulary: Vocabulary, value: str) -> list[str]:
    """The texts of one option value."""
    if value in vocabulary:
        return [value]
    if value.startswith("@"):
        return _in_file(vocabulary, value[1:])
    cells = csv.reader(value.splitlines(), skipinitialspace=True)
    return [text for row in cells for cell in row if (text := cell.strip())]


def _in_file(vocabulary: Vocabulary, name: str) -> list[str]:
    """The first cell of each line, or the whole line where that is a known id."""
    from penchant.data.reading.files import decode, load_bytes

    path = Path(name)
    if name == "-":
        data = sys.stdin.buffer.read()
    else:  # a file without any id, such as of what is out of stock, is no mistake
        data = b"" if path.is_file() and not path.stat().st_size else load_bytes(path)
    text = decode(data, name, None).decode()
    lines = [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
    sample = [line for line in lines if line.strip()][:_SAMPLE]
    separator = next((s for s in _SEPARATORS if all(s in line for line in sample)), _NO_SEPARATOR)
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row and row[0].strip()]
    except csv.Error as error:
        raise DataError(f"{name} is no list of ids ({error}).") from None
    whole = _typed(vocabulary, [separator.join(row) for row in rows])
    is_id = vocabulary.indices(whole) >= 0
    texts = [separator.join(r) if i else r[0].strip() for r, i in zip(rows, is_id, strict=True)]
    return texts[1:] if texts and _is_header(vocabulary, texts[0]) else texts


def _is_header(vocabulary: Vocabulary, cell: str) -> bool:
    """Whether the first cell of a file names a column of ids."""
    from penchant.data.reading.column_contents import is_number
    from penchant.data.reading.column_names import is_known_name, plain_name

    if vocabulary.indices(_typed(vocabulary, [cell]))[0] >= 0:
        return False
    if vocabulary.kind == "integer" and not is_number(cell):
        return True
    return is_known_name(cell) or plain_name(cell) == "id"


def _close_ids(vocabulary: Vocabulary, text: str) -> str:
    """What to say of known ids beside an unknown one: the most alike, or the range of numbers."""
    import polars as pl

    ids = vocabulary.ids
    if not len(ids):
        return ""
    if vocabulary.kind == "integer":
        return f" (the ids are integers from {ids[0]} to {ids[-1]})"
    same_start = pl.col("id").str.to_lowercase().str.starts_with(text[:2].lower())
    length = pl.col("id").str.len_chars().cast(pl.Int32)
    candidates = (
        ids.alias("id")
        .to_frame()
        .sort(~same_start, (length - len(text)).abs(), maintain_order=True)
        .head(_COMPARED)["id"]
        .to_list()
    )
    folded = {one.casefold(): one for one in reversed(candidates)}
    close = [folded[c] for c in difflib.get_close_matches(text.strip().casefold(), folded)]
    if not close:
        return f" (its ids are such as {ids[0]!r})"
    return f" (known and like it: {', '.join(map(repr, close))})"
