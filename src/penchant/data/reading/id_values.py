"""Give ids the type and the spelling that they have in a log."""

from __future__ import annotations

import polars as pl

_WHOLE = r"^(0|-?[1-9]\d*)\.0+$"
_LONG = r"^\d{16,}$"  # more digits than spreadsheets keep
_EXACT = 2**53  # integers up to it are exact as floats, as which workbooks have all numbers
_SCIENTIFIC = r"^\d([.,]\d+)?[eE]\+\d{2,}$"

ROUNDED = (
    "in scientific notation, as spreadsheets write long numbers, so that different ones are one: "
    "export again with this column as text"
)
"""What is wrong with ids of which `are_rounded` holds, and what to do."""


def plain_ids(ids: pl.Series, *, is_text: bool) -> tuple[pl.Series, str]:
    """Ids as a log has them, null where they are missing, and a remark where that is a guess.

    Args:
        ids: as they are in the source.
        is_text: all values of the source are text, so that ids may be numbers written as text.
    """
    name, ids = ids.name, clean_ids(ids)
    if not is_text:  # empty lists and objects of JSON beside texts
        return ids.replace(["[]", "{}"], [None, None]) if ids.dtype == pl.String else ids, ""
    ids = integer_ids(without_quotes(ids))
    whole = whole_numbers(ids) if ids.dtype == pl.String else None
    if whole is None:
        return ids, ""
    example = ids.drop_nulls()[0]
    remark = f"all {name} ids end in .0, as {example!r} does, and are read as whole numbers"
    return whole, remark


def integer_ids(ids: pl.Series) -> pl.Series:
    """Text ids as integers where all are written as integers are; otherwise unchanged.

    Leading zeros and signs, as in `007`, are part of an id, so that such ids stay text.
    """
    if ids.dtype != pl.String:
        return ids
    numbers = ids.cast(pl.Int64, strict=False)
    if numbers.null_count() > ids.null_count():
        return ids
    text = pl.col("id").str
    zero = text.starts_with("0") & (text.len_bytes() > 1)
    altered = (zero | text.starts_with("-0") | text.starts_with("+")).any()
    return ids if ids.alias("id").to_frame().select(altered).item() else numbers


def whole_numbers(ids: pl.Series) -> pl.Series | None:
    """Text ids that are all written as `17850.0` is, as integers; otherwise None."""
    present = ids.drop_nulls()
    if not len(present) or not present.str.contains(_WHOLE).all():
        return None
    numbers = ids.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    return numbers if numbers.null_count() == ids.null_count() else None


def are_rounded(ids: pl.Series) -> pl.Series:
    """bool, which ids are numbers in scientific notation, such as `9.78000E+12`."""
    if ids.dtype != pl.String:
        return pl.repeat(False, len(ids), eager=True)
    return ids.str.contains(_SCIENTIFIC)


def rounded_shown(numbers: pl.Series) -> pl.Series:
    """Texts of a workbook's numbers, with those that it has rounded in scientific notation.

    Spreadsheet programs keep 15 digits and end longer numbers in zeros; other programs write
    what fits into a float.
    """
    long = numbers.str.contains(_LONG).fill_null(False)
    values = numbers.cast(pl.Float64, strict=False)
    is_rounded = long & ((values > _EXACT) | numbers.filter(long).str.ends_with("0").all())
    shown = {text: f"{float(text):.16E}" for text in numbers.filter(is_rounded).unique()}
    return numbers.replace(shown) if shown else numbers


def clean_ids(ids: pl.Series) -> pl.Series:
    """Ids without blanks around them; empty ones become null."""
    if ids.dtype == pl.String:
        return _blank_to_null(ids)
    if ids.dtype.is_decimal():
        whole = ids.cast(pl.Int64, strict=False)
        return whole if (whole.cast(ids.dtype) == ids).all() else ids.cast(pl.String)
    if ids.dtype in (pl.Boolean, pl.Categorical, pl.Enum):
        return ids.cast(pl.String)
    return ids.fill_nan(None) if ids.dtype.is_float() else ids


def without_quotes(ids: pl.Series) -> pl.Series:
    """Text ids without quotes around them, which a blank in front keeps from being read as such."""
    if ids.dtype != pl.String:
        return ids
    quoted = ids.str.starts_with('"') & ids.str.ends_with('"') & (ids.str.len_chars() > 1)
    if not quoted.any():
        return ids
    bare = ids.str.slice(1, ids.str.len_chars() - 2).str.replace_all('""', '"', literal=True)
    return _blank_to_null(bare.zip_with(quoted.fill_null(False), ids))


def _blank_to_null(texts: pl.Series) -> pl.Series:
    """Texts without blanks around them; empty ones become null."""
    return texts.str.strip_chars().replace("", None)
