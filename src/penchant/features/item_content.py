"""What an item table says of each item, as vectors: labels, numbers, texts, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data.dataset import Dataset
from penchant.encoders.text.lsa import LatentSemanticAnalysis
from penchant.errors import DataError
from penchant.features.categorical import intervals
from penchant.features.labels import labels_of, numbers_of
from penchant.typing import Float32

PARTS = ("labels", "numbers", "text", "vectors")
_MOST_LABELS = 256  # of a column, the most frequent ones
_WORDS = 2.0  # mean words of a column from which it is text
_DISTINCT = 0.5  # the share of a column's values that are distinct where it is text


@dataclass(frozen=True, eq=False)
class ItemContent:
    """Blocks of numbers for each item, by the part of the table that they come from.

    `labels` are 0 and 1 for each frequent text, category, truth or element of a list; `numbers`
    lie in one of ten intervals each; `text` is a vector of all texts of an item together, by
    latent semantic analysis fitted to items with training events, and where these are no more
    than the vector is long, also to the distinct training reviews; `vectors` are the columns of
    fixed-length arrays, such as those that encoders of pictures give, as far as they are not all
    zero, each divided by its mean length.

    Attributes:
        blocks: float32[n_items, n] by part, in the order of `PARTS`; each column of arrays is a
            block of its own, such as `vectors picture`. Parts that the table does not have are
            missing.
    """

    blocks: Mapping[str, Float32]

    @classmethod
    def of(
        cls,
        train: Dataset,
        parts: tuple[str, ...] = PARTS,
        *,
        dim: int = 64,
        bins: int = 10,
        reviews: bool = False,
        seed: int = 0,
    ) -> ItemContent:
        """Read the item table of a log.

        Args:
            train: the log; which items have events decides what texts are fitted to.
            parts: those wanted.
            dim: length of the text vectors.
            bins: into how many intervals of like many items a number's range is divided.
            reviews: whether an item's training reviews are part of its text.
            seed: of the text vectors.

        Raises:
            DataError: the log says nothing of its items under these parts.
        """
        blocks: dict[str, Float32] = {}
        table, n = train.item_table, train.n_items
        if "labels" in parts and (found := _labels(table, train.items.noun, n)) is not None:
            blocks["labels"] = found
        if "numbers" in parts and (found := _numbers(table, train.items.noun, n, bins)) is not None:
            blocks["numbers"] = found
        if "text" in parts:
            texts = item_texts(train, reviews=reviews)
            known = texts.str.len_chars().to_numpy() > 0
            documents = texts.filter(pl.Series(known & (train.item_counts > 0)))
            if len(documents) > 1:
                if len(documents) <= dim:
                    documents = pl.concat([documents, _review_texts(train)])
                made = LatentSemanticAnalysis(dim=dim, seed=seed).fit(documents)
                blocks["text"] = _unit(made.encode(texts))
        if "vectors" in parts:
            blocks |= {f"vectors {name}": rows for name, rows in _vectors(table).items()}
        if not blocks:
            raise DataError(
                f"The log {train.name!r} says nothing of its items under {', '.join(parts)}: give "
                "an item table with texts, categories or numbers."
            )
        return cls(blocks)

    def together(self, weights: Mapping[str, float] | None = None) -> Float32:
        """float32[n_items, n], all blocks side by side, each multiplied by its weight.

        Args:
            weights: by block, or by part for all of its blocks; 1 where there is none, and what
                weighs 0 is left out.
        """
        some = weights or {}
        shares = {name: some.get(name, some.get(name.split()[0], 1.0)) for name in self.blocks}
        kept = [rows * np.float32(shares[n]) for n, rows in self.blocks.items() if shares[n]]
        n_items = len(next(iter(self.blocks.values())))
        return np.hstack([np.zeros((n_items, 0), np.float32), *kept])


def item_texts(log: Dataset, *, reviews: bool = False) -> pl.Series:
    """All that is written about each item, in one text; empty where there is nothing.

    Columns count as text whose values are mostly distinct and of several words, such as titles,
    plots and descriptions.

    Args:
        log: with an item table.
        reviews: whether `summary` and `text` of the log's own events are part of it.
    """
    texts = pl.Series("text", [""] * log.n_items, dtype=pl.String)
    if log.item_table is not None:
        columns = [c for c in log.item_table.columns if _is_text(log.item_table[c])]
        if columns:
            texts = log.item_table.select(
                pl.concat_str([pl.col(c).fill_null("") for c in columns], separator=" ")
                .str.strip_chars()
                .alias("text")
            )["text"]
    said = [c for c in ("summary", "text") if reviews and c in log.events.columns]
    if said:
        written = (
            log.events.select(
                "item", said=pl.concat_str([pl.col(c).fill_null("") for c in said], separator=" ")
            )
            .group_by("item")
            .agg(pl.col("said").str.join(" "))
        )
        everything = pl.DataFrame({"item": np.arange(log.n_items, dtype=np.int32), "own": texts})
        joined = everything.join(written, on="item", how="left", maintain_order="left")
        texts = joined.select(
            pl.concat_str(["own", pl.col("said").fill_null("")], separator=" ")
            .str.strip_chars()
            .alias("text")
        )["text"]
    return texts


def _review_texts(log: Dataset) -> pl.Series:
    """The distinct texts of a log's own events, as further documents; none where it has none."""
    columns = [c for c in ("summary", "text") if c in log.events.columns]
    if not columns:
        return pl.Series("text", [], dtype=pl.String)
    whole = pl.concat_str([pl.col(c).fill_null("") for c in columns], separator=" ")
    return log.events.select(whole.str.strip_chars().alias("text"))["text"].unique(
        maintain_order=True
    )


def plain_columns(table: pl.DataFrame | None) -> pl.DataFrame | None:
    """The columns of a table that are no texts, where there is one."""
    if table is None:
        return None
    return table.select(c for c in table.columns if not _is_text(table[c]))


def _is_text(column: pl.Series) -> bool:
    if column.dtype != pl.String or column.name == "item":
        return False
    some = column.drop_nulls()
    if some.is_empty() or some.str.contains("^https?://").mean() > 0.5:  # type: ignore[operator]
        return False
    words = some.str.count_matches(r"\w+").to_numpy().mean()
    return some.n_unique() / len(some) > _DISTINCT and bool(words >= _WORDS)


def _labels(table: pl.DataFrame | None, noun: str, n: int) -> Float32 | None:
    found = []
    for labels in labels_of(plain_columns(table), noun):
        owner, value = labels.of(np.arange(n))
        counts = np.bincount(value, minlength=labels.size)
        kept = np.sort(np.argsort(-counts, kind="stable")[:_MOST_LABELS])
        place = np.full(labels.size, -1)
        place[kept] = np.arange(len(kept))
        block = np.zeros((n, len(kept)), np.float32)
        there = place[value] >= 0
        block[owner[there], place[value][there]] = 1
        found.append(block)
    return np.hstack(found) if found else None


def _numbers(table: pl.DataFrame | None, noun: str, n: int, bins: int) -> Float32 | None:
    _, numbers = numbers_of(table, noun, n)
    found = []
    for column in numbers[:-1].T:
        inside, size = intervals(column, bins)
        block = np.zeros((n, size), np.float32)
        block[np.flatnonzero(inside >= 0), inside[inside >= 0]] = 1
        found.append(block)
    return np.hstack(found) if found else None


def _vectors(table: pl.DataFrame | None) -> dict[str, Float32]:
    found = {}
    for column in [] if table is None else table.iter_columns():
        if not isinstance(column.dtype, pl.Array) or not column.dtype.inner.is_float():
            continue
        zero = pl.lit([0.0] * column.dtype.size, dtype=column.dtype)
        rows = column.to_frame().select(pl.first().fill_null(zero)).to_series().to_numpy()
        rows = np.nan_to_num(np.asarray(rows, np.float32))
        lengths = np.linalg.norm(rows, axis=1)
        if lengths.any():
            found[column.name] = rows / lengths[lengths > 0].mean()
    return found


def _unit(rows: Float32) -> Float32:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Float32 = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return found


def with_vectors(log: Dataset, name: str, vectors: npt.ArrayLike) -> Dataset:
    """The log with a further column of its item table, a vector for each item.

    Args:
        log: any log.
        name: of the column, such as `picture`.
        vectors: float[n_items, n], in the order of the log's vocabulary; zeros where there is
            none.

    Raises:
        DataError: there is not one for each item.
    """
    rows = np.ascontiguousarray(vectors, np.float32)
    if rows.ndim != 2 or len(rows) != log.n_items:
        raise DataError(
            f"{name} needs a vector for each of the {log.n_items:,} items, not an array of shape "
            f"{rows.shape}."
        )
    column = pl.Series(name, rows, dtype=pl.Array(pl.Float32, rows.shape[1]))
    table = log.item_table
    if table is None:
        table = log.items.ids.alias(log.items.noun).to_frame()
    return replace(log, item_table=table.with_columns(column))


def refuse_taken(log: Dataset, name: str) -> None:
    """Refuse a name that a column of the item table has, unless that is vectors, too.

    Raises:
        DataError: the name is taken by something else, which would be lost.
    """
    table = log.item_table
    if table is None or name not in table.columns or isinstance(table.schema[name], pl.Array):
        return
    raise DataError(
        f"The item table of {log.name!r} has a column {name!r} already, which vectors would "
        "replace: rename it."
    )
