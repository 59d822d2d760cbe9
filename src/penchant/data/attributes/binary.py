"""Binary attributes of items, such as MovieLens's genres as columns of 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from polars.datatypes import DataTypeClass

from penchant.data.attributes.titles import NO_GENRES
from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.errors import DataError, ParameterError
from penchant.typing import UInt8

MOVIELENS = (
    "Action", "Adventure", "Comedy", "Horror", "Children", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Musical", "Mystery", "Animation", "Romance", "Sci-Fi", "Thriller",
    "War", "Western",
)  # fmt: skip
"""MovieLens's 18 genres, in the order in which the recurrent attribute network reads them."""
SPELLINGS = {"Children's": "Children"}
"""Attributes that releases of MovieLens spell in two ways, and the spelling used here."""


@dataclass(frozen=True, eq=False, repr=False)
class Attributes:
    """Binary attributes of items.

    Attributes:
        names: the attributes, in the order of the matrix's columns.
        matrix: uint8[n_items, n_attributes] of 0 and 1, in the order of the item vocabulary.
        unknown: the values that are none of the attributes, such as misspelled ones or `unknown`,
            the most frequent first: `value`, and `items`, how many items have it.
        without: how many items have no attribute at all.
    """

    names: tuple[str, ...]
    matrix: UInt8
    unknown: pl.DataFrame
    without: int

    def __repr__(self) -> str:
        return (
            f"Attributes({len(self.names)} of {len(self.matrix):,} items, {self.without:,} without)"
        )


def item_attributes(
    log: Dataset,
    column: str = "genres",
    names: Sequence[str] | None = None,
    *,
    separator: str = "|",
    limit: int = 200,
) -> Attributes:
    """Break a column of the item table into binary attributes.

    MovieLens writes one genre as `Children's` in some releases and as `Children` in others;
    either name means both.

    Args:
        log: the log with the item table.
        column: lists of texts, or texts such as `Action|Sci-Fi`.
        names: the attributes, in this order. By default MovieLens's 18 genres where the column
            has no other values, otherwise all values, the most frequent first and those equally
            frequent in alphabetical order.
        separator: what stands between the values of a text.
        limit: the most attributes taken by default; further values count as unknown.

    Raises:
        DataError: there is no item table, no such column, it holds no texts, or it is empty and
            no names were given.
        ParameterError: a name is blank or named twice, or another argument is impossible.

    Example:
        >>> films = pl.DataFrame({"item": ["a", "b"], "genres": ["Comedy|War", "War"]})
        >>> log = pn.read(pl.DataFrame({"user": [1, 1], "item": ["a", "b"]}), item_table=films)
        >>> pn.item_attributes(log, names=["Comedy", "War"]).names
        ('Comedy', 'War')
    """
    if limit < 1:
        raise ParameterError(f"limit must be 1 or more, not {limit}.")
    if names is not None:
        check_names(names)
    lists = attribute_values(log, column, separator)
    values = pl.DataFrame({"item": pl.int_range(len(lists), eager=True), "value": lists})
    values = values.explode("value").drop_nulls()
    values = values.with_columns(
        pl.col("value").replace(list(SPELLINGS), list(SPELLINGS.values()))
    ).unique()
    counts = values.group_by("value").agg(pl.len().alias("items"))
    counts = counts.sort("items", "value", descending=[True, False])
    if names is None:
        names = _default_names(counts["value"], log, column, limit)
    columns = {SPELLINGS.get(name, name): n for n, name in enumerate(names)}
    known = values.filter(pl.col("value").is_in(list(columns)))
    matrix = np.zeros((log.n_items, len(names)), dtype=np.uint8)
    column_of_value = known["value"].replace_strict(columns, return_dtype=pl.Int64)
    matrix[known["item"].to_numpy(), column_of_value.to_numpy()] = 1
    return Attributes(
        names=tuple(names),
        matrix=matrix,
        unknown=counts.filter(~pl.col("value").is_in(list(columns))),
        without=int((~matrix.any(axis=1)).sum()),
    )


def attribute_values(log: Dataset, column: str = "genres", separator: str = "|") -> pl.Series:
    """List[String], the values of each item in the order of the vocabulary, as they are written.

    Blank ones are left out; an item without values has an empty list.

    Raises:
        DataError: there is no item table, no such column, or it holds no texts.
        ParameterError: the separator is empty.
    """
    require_log(log)
    if not separator:
        raise ParameterError("separator must be a text such as '|'.")
    table = log.item_table
    if table is None:
        raise DataError(
            f"The log {log.name!r} has no item table: give one whose column {column!r} has lists "
            "such as Action|Sci-Fi with --items FILE (item_table=… in Python)."
        )
    if column == "item" or column not in table.columns:
        others = ", ".join(c for c in table.columns if c != "item") or "no others"
        raise DataError(
            f"The item table has no attributes {column!r}; its columns are {others}: name one of "
            "them with column=… (--column …; of a model, as in -m per-user:column=…)."
        )
    values = table[column]
    if values.dtype == pl.Null:
        values = values.cast(pl.String)
    if isinstance(values.dtype, pl.List):
        has_texts = _is_text(values.dtype.inner)
    else:
        has_texts = _is_text(values.dtype)
        if has_texts:
            values = values.cast(pl.String).str.split(separator)
    if not has_texts:
        raise DataError(
            f"The column {column!r} of the item table holds {values.dtype} and not texts or lists "
            "of texts."
        )
    element = pl.element().str.strip_chars()
    return (
        values.cast(pl.List(pl.String))
        .fill_null([])
        .list.eval(element.filter(element.is_not_null() & (element != "")))
        .alias(column)
    )


def check_names(names: Sequence[str]) -> None:
    """Refuse names of attributes that cannot be those of columns.

    Raises:
        ParameterError: there are none, they are no texts, or one is blank or named twice.
    """
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ParameterError("The names of attributes are a list of texts.")
    if not names:
        raise ParameterError("Name at least one attribute.")
    seen: dict[str, str] = {}
    for name in names:
        if not name.strip():
            raise ParameterError(f"{name!r} cannot be the name of an attribute: it is blank.")
        spelling = SPELLINGS.get(name, name)
        if seen.setdefault(spelling, name) != name:
            raise ParameterError(f"{seen[spelling]!r} and {name!r} are one attribute: keep one.")
    if len(seen) < len(names):
        repeated = next(name for n, name in enumerate(names) if name in names[:n])
        raise ParameterError(f"The attribute {repeated!r} is named twice: name it once.")


def _default_names(values: pl.Series, log: Dataset, column: str, limit: int) -> list[str]:
    """The attributes of a log where none are named."""
    named = values.filter(~values.is_in(list(NO_GENRES))).to_list()
    if not named:
        raise DataError(
            f"No item of {log.name!r} has a value in the column {column!r}: say which attributes "
            "there are with names=… (--attribute …)."
        )
    return list(MOVIELENS) if set(named) <= set(MOVIELENS) else named[:limit]


def _is_text(dtype: pl.DataType | DataTypeClass) -> bool:
    return dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null)
