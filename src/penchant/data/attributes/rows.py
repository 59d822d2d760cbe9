"""Events as (attributes of the item, like): what a network per user learns from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.attributes.binary import Attributes
from penchant.data.dataset import Dataset
from penchant.data.vocabulary import Id, Vocabulary
from penchant.errors import DataError, ParameterError
from penchant.typing import Int64, UInt8

COLUMNS = ("user", "item", "like", "row", "count")
"""What no attribute can be called, since the columns beside the attributes are."""


def attribute_rows(log: Dataset, attributes: Attributes, like: float = 4.0) -> pl.DataFrame:
    """The log as one row an event, in the order of its source.

    Columns are `user` and `item` (the log's own ids), a column of 0 and 1 for each attribute
    (UInt8), `like` (UInt8, whether the rating is at least as high as asked for) and `row` (the
    record's number in the source). Events that stand several times are rows several times.

    Raises:
        DataError: the log has no ratings, or the attributes are those of another log.
        ParameterError: an attribute has the name of another column, or `like` is not finite.
    """
    check_rows(attributes.names, like)
    if len(attributes.matrix) != log.n_items:
        raise DataError(
            f"The attributes are of {len(attributes.matrix):,} items and the log {log.name!r} has "
            f"{log.n_items:,}: take those of this log."
        )
    likes = ratings_as_written(log) >= like
    events = log.frame().select("user", "item", likes.cast(pl.UInt8).alias("like"), "row")
    item = log.events["item"].to_numpy()
    columns = [
        pl.Series(name, np.ascontiguousarray(attributes.matrix[:, n])[item])
        for n, name in enumerate(attributes.names)
    ]
    rows = events.select("user", "item").with_columns(columns)
    return rows.with_columns(events["like"], events["row"]).sort("row", maintain_order=True)


@dataclass(frozen=True, eq=False, repr=False)
class AttributeSets:
    """One small data set for each user: `sets[user]`, or `for user, rows in sets.items()`.

    Attributes:
        users: the log's users. A user of whom the log has no event has an empty set.
        names: the attributes.
        rows: as `attribute_rows` gives them, but user after user in the order of the vocabulary,
            and those of a user in the order of the source.
        starts: int64[n_users + 1]: the rows of the user with index u are
            `rows[starts[u]:starts[u + 1]]`.
    """

    users: Vocabulary
    names: tuple[str, ...]
    rows: pl.DataFrame
    starts: Int64

    def __len__(self) -> int:
        return len(self.users)

    def __iter__(self) -> Iterator[Id]:
        return iter(self.users.ids)

    def __contains__(self, user: object) -> bool:
        return user in self.users

    def __getitem__(self, user: Id) -> pl.DataFrame:
        return self._of(self.users.index(user))

    def __repr__(self) -> str:
        rows, users = f"{len(self.rows):,} rows", f"{len(self):,} users"
        return f"AttributeSets({rows} of {users}, {len(self.names)} attributes)"

    def items(self) -> Iterator[tuple[Id, pl.DataFrame]]:
        """Each user with their rows, in the order of the vocabulary."""
        return ((user, self._of(index)) for index, user in enumerate(self))

    def arrays(self) -> tuple[UInt8, UInt8]:
        """For a network: uint8[n_events, n_attributes] and uint8[n_events], the likes.

        They are in the order of `rows`, so that `starts` says whose each is.
        """
        return self.rows.select(self.names).to_numpy(), self.rows["like"].to_numpy()

    def counted(self) -> pl.DataFrame:
        """The sets with rows that are alike in user, attributes and like as one row.

        Columns are `user`, the attributes, `like` and `count` (UInt32); the counts of a user add
        up to the number of their events, and rows are in the order in which they first occur.
        """
        alike = ["user", *self.names, "like"]
        return self.rows.group_by(alike, maintain_order=True).agg(pl.len().alias("count"))

    def _of(self, index: int) -> pl.DataFrame:
        first, last = int(self.starts[index]), int(self.starts[index + 1])
        return self.rows.slice(first, last - first)


def attribute_sets(log: Dataset, attributes: Attributes, like: float = 4.0) -> AttributeSets:
    """The data set of each user: which attributes had what they rated, and whether they liked it.

    Raises:
        DataError: see `attribute_rows`.
        ParameterError: see `attribute_rows`.
    """
    rows = attribute_rows(log, attributes, like)
    order = np.argsort(log.users.indices(rows["user"]), kind="stable")
    starts = np.zeros(log.n_users + 1, dtype=np.int64)
    np.cumsum(log.user_counts, out=starts[1:])
    return AttributeSets(log.users, attributes.names, rows[order], starts)


def ratings_as_written(log: Dataset) -> pl.Series:
    """Float64, the ratings as they are written: 3.3, where float32 has 3.2999999523162842.

    A database compares them with a threshold such as 3.3 and is to find what is found here.

    Raises:
        DataError: the log has no ratings.
    """
    distinct, which = np.unique(log.ratings, return_inverse=True)
    written = np.array([float(str(rating)) for rating in distinct], dtype=np.float64)
    return pl.Series("rating", written[which])


def check_rows(names: Sequence[str], like: float) -> None:
    """Refuse attributes that cannot stand beside the other columns, and an impossible threshold.

    Raises:
        ParameterError: see above.
    """
    if taken := [name for name in names if name in COLUMNS]:
        raise ParameterError(
            f"An attribute cannot be called {taken[0]!r}, as another column is: leave it out with "
            "names=…."
        )
    if not math.isfinite(like):
        raise ParameterError(f"like must be a rating such as 4, not {like}.")
