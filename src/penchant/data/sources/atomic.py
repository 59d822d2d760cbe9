"""Read RecBole's atomic files: tab-separated, with a type behind each column's name."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl

from penchant.data.attributes.titles import no_genres, year_in_title
from penchant.data.dataset import Dataset
from penchant.data.origin import Origin
from penchant.data.reading.listed_items import refuse_listed_items
from penchant.data.reading.records import RawRecords, announce_skipped
from penchant.data.reading.typed_pieces import type_columns
from penchant.errors import DataError

logger = logging.getLogger(__name__)

_TYPES = ("token", "token_seq", "float", "float_seq")
_ROLES = {"rating": "rating", "weight": "weight", "time": "timestamp", "text": "text"}
_NAMES = {
    "movie_title": "title",
    "release_year": "year",
    "class": "genres",
    "genre": "genres",
    "zip_code": "zip",
}


def read(
    folder: Path,
    stem: str | None = None,
    *,
    user: str = "user_id",
    item: str = "item_id",
    name: str | None = None,
    scale: tuple[float, float] | None = None,
) -> Dataset:
    """Read `<stem>.inter` and, where they exist, `<stem>.item` and `<stem>.user`.

    Tokens are integers where all of a column are (without leading zeros), otherwise strings.
    Sequences become lists. Well-known columns get this package's names: title, year, genres,
    zip; a timestamp becomes a time. Further columns are kept. Events without a usable user, item,
    rating or time are left out and listed in `origin.skipped`.

    Args:
        folder: where the files are.
        stem: their common name; by default that of the only `.inter` file.
        user: the column of user ids.
        item: the column of item ids.
        name: what reports call the log; by default the stem.
        scale: the lowest and highest possible rating, where known.

    Raises:
        DataError: there is no such file, it is not in this format, or it has lists of items.
    """
    log_file = _log_file(folder, stem)
    names = {user: "user", item: "item"}
    log = read_table(log_file)
    for column in names:
        if column not in log.columns:
            raise DataError(f"{log_file} has no column {column!r}, only {', '.join(log.columns)}.")
    refuse_listed_items(log, item, str(log_file), asked=False)
    columns = {"user": user, "item": item} | {
        role: column
        for role, column in _ROLES.items()
        if column in log.columns and not log.schema[column].is_nested()
    }
    records = RawRecords(frame=log, source=log_file.name, lines_before=1)
    typed = type_columns(records, columns, "skip")
    for remark in typed.remarks:
        logger.warning(f"{log_file.name}: {remark}.")
    announce_skipped(log_file.name, typed.skipped)
    log = typed.frame
    tables = {
        side: _side_table(log_file.with_suffix(f".{side}"), side, names, log)
        for side in ("user", "item")
    }
    return Dataset.from_frame(
        log.with_columns(_same_ids(log[side], table) for side, table in tables.items()),
        user_table=tables["user"],
        item_table=tables["item"],
        name=name or log_file.stem,
        scale=scale,
        origin=Origin(source=str(log_file), columns=columns, skipped=typed.skipped),
    )


def read_table(path: Path) -> pl.DataFrame:
    """One atomic file as a frame, with the file's column names and empty fields as nulls.

    Raises:
        DataError: the file is not in this format.
    """
    try:
        frame = pl.read_csv(path, separator="\t", quote_char=None, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be read as an atomic file ({reason}).") from error
    if frame.width == 1 and frame.columns[0].count(":") > 1:
        frame = _split_at_blanks(frame.to_series(), path)
    columns = []
    for heading in frame.columns:
        column, _, kind = heading.rpartition(":")
        if not column or kind not in _TYPES:
            raise DataError(
                f"{path} is no atomic file: its heading {heading!r} should be a name, a colon and "
                f"one of {', '.join(_TYPES)}."
            )
        columns.append(_typed(frame[heading], kind, path).alias(column))
    return pl.DataFrame(columns)


def _split_at_blanks(lines: pl.Series, path: Path) -> pl.DataFrame:
    """The columns of a file that has blanks for tabs.

    Raises:
        DataError: blanks are not what separates the columns, or not they alone.
    """
    headings = lines.name.split()
    fields = lines.fill_null("").str.extract_all(r"\S+")
    # A sequence has blanks within its fields, so that nobody can tell where a column ends.
    sequences = any(heading.endswith("_seq") for heading in headings)
    if len(headings) < 2 or sequences or not (fields.list.len() == len(headings)).all():
        raise DataError(
            f"{path}: its columns are not separated by tabs: replace what stands between them."
        )
    logger.warning(f"{path}: its columns are not separated by tabs, and are read with blanks.")
    return pl.DataFrame({name: fields.list.get(n) for n, name in enumerate(headings)})


def _log_file(folder: Path, stem: str | None) -> Path:
    if stem is not None:
        return folder / f"{stem}.inter"
    files = sorted(folder.glob("*.inter"))
    if len(files) != 1:
        which = ", ".join(path.name for path in files) or "none"
        raise DataError(f"{folder} should have one .inter file, and has {which}: name it.")
    return files[0]


def _typed(text: pl.Series, kind: str, path: Path) -> pl.Series:
    try:
        if kind == "float":
            return text.cast(pl.Float64)
        if kind.endswith("_seq"):
            parts = (
                text.fill_null("").str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
            )
            return parts.cast(pl.List(pl.Float64)) if kind == "float_seq" else parts
    except pl.exceptions.InvalidOperationError as error:
        raise DataError(f"{path} has something other than a number in {text.name!r}.") from error
    if text.str.contains(r"^(0|-?[1-9][0-9]*)$").all():
        integers = text.cast(pl.Int64, strict=False)
        if integers.null_count() == text.null_count():
            return integers
    return text


def _side_table(
    path: Path, side: str, names: dict[str, str], log: pl.DataFrame
) -> pl.DataFrame | None:
    if not path.exists():
        return None
    table = read_table(path).rename({**names, **_NAMES}, strict=False)
    if side not in table.columns:
        raise DataError(f"{path} has no column of {side} ids, only {', '.join(table.columns)}.")
    if "title" in table.columns:
        if table.schema["title"] == pl.List(pl.String):
            table = table.with_columns(pl.col("title").list.join(" "))
        years = [year_in_title(pl.col("title"))]
        if "year" in table.columns:
            years.insert(0, pl.col("year").cast(pl.Int16, strict=False))
        table = table.with_columns(pl.coalesce(years).alias("year"))
    if table.schema.get("genres") == pl.List(pl.String):
        table = table.with_columns(no_genres(pl.col("genres")))
    return table.with_columns(_same_ids(table[side], log))


def _same_ids(ids: pl.Series, other: pl.DataFrame | None) -> pl.Series:
    """Ids as strings where they are strings in the other table."""
    if other is not None and other.schema[ids.name] == pl.String:
        return ids.cast(pl.String)
    return ids
