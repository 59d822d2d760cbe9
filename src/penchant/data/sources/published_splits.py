"""Read the splits into training and test that were published with a data set."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from penchant.data.sources.movielens import read, read_tabs
from penchant.errors import DataError

SPLITS_100K = ("u1", "u2", "u3", "u4", "u5", "ua", "ub")
NCF_FILES = ("ml-1m.train.rating", "ml-1m.test.rating", "ml-1m.test.negative")


class PublishedSplit(NamedTuple):
    """A published split in outside ids.

    Attributes:
        train: user, item, rating, time.
        test: user, item, rating, time.
        candidates: user, items (List[Int64], what the test item is to be ranked against), or
            None where the split has no such lists.
    """

    train: pl.DataFrame
    test: pl.DataFrame
    candidates: pl.DataFrame | None = None


def movielens_100k(folder: Path, split: str) -> PublishedSplit:
    """One of the splits u1 to u5 (five folds), ua and ub (ten ratings a user) of 100K.

    Raises:
        DataError: the folder does not have the split.
    """
    for end in ("base", "test"):
        if not (folder / f"{split}.{end}").is_file():
            raise DataError(
                f"{folder} has no {split}.{end}: use a complete copy of MovieLens 100K."
            )
    return PublishedSplit(_ratings(folder / f"{split}.base"), _ratings(folder / f"{split}.test"))


def ncf(lists: Path, movielens_1m: Path) -> PublishedSplit:
    """The leave-one-out split of MovieLens 1M that came with neural collaborative filtering.

    Its ids are turned back into those of MovieLens: users count from 0, and items are
    numbered in the order in which they first appear in `ratings.dat`. The published lists of
    156 users hold the test item itself among the 99 negatives; they are given as they are.

    Args:
        lists: the folder with the three files of He et al. (2017).
        movielens_1m: the folder with MovieLens 1M, whose `ratings.dat` gives the item ids.

    Raises:
        DataError: a file is missing or damaged, or they do not belong together.
    """
    log = read(movielens_1m)
    ids = log.items.take(log.events["item"].unique(maintain_order=True).to_numpy())
    train, test = (
        frame.with_columns(pl.col("user") + 1, _item_ids(frame["item"], ids))
        for frame in (_ratings(lists / file) for file in NCF_FILES[:2])
    )
    lines = _negatives(lists / NCF_FILES[2])
    listed = lines.select(pl.col("user") + 1, _item_ids(lines["item"], ids))
    if not listed.equals(test.select("user", "item")):
        raise DataError(f"The test files in {lists} do not list the same users and items.")
    flat = listed.select("user", lines["items"]).explode("items")
    candidates = flat.with_columns(_item_ids(flat["items"], ids))
    return PublishedSplit(
        train, test, candidates.group_by("user", maintain_order=True).agg("items")
    )


def _ratings(path: Path) -> pl.DataFrame:
    return read_tabs(path).with_columns(pl.col("user", "item").cast(pl.Int64))


def _item_ids(numbers: pl.Series, ids: pl.Series) -> pl.Series:
    if numbers.null_count() or not numbers.is_between(0, len(ids) - 1).all():
        raise DataError("The split has items that ratings.dat does not have.")
    return ids.gather(numbers).alias(numbers.name)


def _negatives(path: Path) -> pl.DataFrame:
    """Lines `(user,item)`, then the negatives, between tabs."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}).") from error
    try:
        return (
            pl.Series("line", lines)
            .to_frame()
            .select(
                pl.col("line").str.extract(r"^\((\d+),").cast(pl.Int64).alias("user"),
                pl.col("line").str.extract(r"^\(\d+,(\d+)\)\t").cast(pl.Int64).alias("item"),
                pl.col("line").str.split("\t").list.slice(1).cast(pl.List(pl.Int64)).alias("items"),
            )
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} is damaged: not all of its fields are numbers.") from error
