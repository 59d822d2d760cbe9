"""Columns of an item or user table as labels, and which of them are worth knowing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.typing import AnyInt, Float32, Int32, Int64

RARE = 2
"""How many owners a label needs to be one."""
SPARSE = 0.05
"""The share of owners that a column must tell something about."""

_BRACKETS = r"\s*[\(\[][^\)\]]*[\)\]]"
_NO_LETTERS = r"[^\p{L}\p{N}]+"


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of one column: none, one or many for each owner (an item or a user).

    The labels of owner `n` are `values[offsets[n]:offsets[n + 1]]`. The last owner stands for all
    unknown ones and has none, so that an index of -1 needs no care.

    Attributes:
        name: of the column.
        offsets: int64[n_owners + 2].
        values: int32[n_values], from 0.
        size: how many labels there are.
        texts: what each says, in lower case; empty where it is not known any more.
    """

    name: str
    offsets: Int64
    values: Int32
    size: int
    texts: tuple[str, ...] = ()

    def of(self, owners: AnyInt) -> tuple[Int64, Int32]:
        """The position in `owners` (int[n], -1 is unknown) and the label, of each label."""
        lengths = np.diff(self.offsets)[owners]
        position = np.repeat(np.arange(len(owners)), lengths)
        first = self.offsets[:-1][owners] - (np.cumsum(lengths) - lengths)
        return position, self.values[np.arange(len(position)) + np.repeat(first, lengths)]

    @property
    def alone(self) -> bool:
        """Whether no owner has more than one."""
        return bool((np.diff(self.offsets) <= 1).all())

    def only(self) -> Int32:
        """int32[n_owners + 1], the label of each owner who has at most one, -1 for none."""
        found = np.full(len(self.offsets) - 1, -1, np.int32)
        found[np.diff(self.offsets) > 0] = self.values
        return found


def labels_of(table: pl.DataFrame | None, noun: str) -> tuple[Labels, ...]:
    """The labels that a table's columns of texts, categories, truths and lists of them give.

    Texts are compared by letters and digits alone, in lower case and without what stands in
    brackets: editions and spellings of one title share a label. A label that fewer than two
    owners have is none, and a column that labels hardly anybody, such as one of addresses of
    images, is left out; so is one that says exactly what an earlier one does.

    Args:
        table: a row for each owner in the order of the vocabulary, or None.
        noun: the column of ids.
    """
    if table is None:
        return ()
    found: list[Labels] = []
    for column in table.iter_columns():
        if column.name == noun or not _has_labels(column.dtype):
            continue
        labels = _labels(column)
        alike = any(
            np.array_equal(labels.offsets, other.offsets)
            and np.array_equal(labels.values, other.values)
            for other in found
        )
        if labels.size > 1 and not alike and _share(labels) >= SPARSE:
            found.append(labels)
    return tuple(found)


def numbers_of(table: pl.DataFrame | None, noun: str, n: int) -> tuple[tuple[str, ...], Float32]:
    """The names of a table's numeric columns, and float32[n + 1, n_columns], NaN where unknown.

    The last row is that of unknown owners.
    """
    columns = []
    if table is not None:
        columns = [c for c in table.iter_columns() if c.name != noun and c.dtype.is_numeric()]
    numbers = np.full((n + 1, len(columns)), np.nan, np.float32)
    for place, column in enumerate(columns):
        values = column.cast(pl.Float32).fill_null(np.nan).to_numpy()
        numbers[:-1, place] = np.where(np.isfinite(values), values, np.nan)
    told = [n for n in range(len(columns)) if len(np.unique(numbers[:-1, n])) > 1]
    return tuple(columns[n].name for n in told), np.array(numbers[:, told], order="C")


def label_key(texts: pl.Series) -> pl.Series:
    """Texts in lower case, without brackets and their content, and of letters and digits alone."""
    lower = texts.cast(pl.String).str.to_lowercase()
    bare = lower.str.replace_all(_BRACKETS, "")
    words = bare.str.replace_all(_NO_LETTERS, " ").str.strip_chars()
    return pl.select(pl.when(words != "").then(words)).to_series()


def _labels(column: pl.Series) -> Labels:
    owners = pl.DataFrame({"owner": pl.int_range(len(column), eager=True), "label": column})
    if isinstance(column.dtype, pl.List):
        owners = owners.explode("label")
    words = label_key(owners["label"])
    owners = owners.with_columns(label=words).drop_nulls().unique().sort("owner", "label")
    often = owners.group_by("label").len().filter(pl.col("len") >= RARE).sort("label")
    places = often.select("label", place=pl.int_range(pl.len(), dtype=pl.Int32))
    kept = owners.join(places, on="label", how="inner", maintain_order="left")
    counts = np.bincount(kept["owner"].to_numpy(), minlength=len(column) + 1)
    return Labels(
        name=re.sub(r"\W+", "_", column.name),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        values=kept["place"].to_numpy().astype(np.int32),
        size=len(places),
        texts=tuple(places["label"]),
    )


def _share(labels: Labels) -> float:
    return float((np.diff(labels.offsets) > 0)[:-1].mean())


def _has_labels(dtype: pl.DataType) -> bool:
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    return inner in (pl.String, pl.Categorical, pl.Enum, pl.Boolean)
