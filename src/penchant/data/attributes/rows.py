"""Turn a log into rows of item attributes and likes, from which a network per user learns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.attributes.binary import Attributes
from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.vocabulary import Id, Vocabulary
from penchant.errors import DataError, ParameterError
from penchant.typing import Int64, UInt8
from penchant.wording import counted

COLUMNS = ("user", "item", "like", "row", "count")
"""The columns beside the attributes, whose names no attribute can have."""


def attribute_rows(log: Dataset, attributes: Attributes, like: float | None = None) -> pl.DataFrame:
    """The log as one row an event, in the order of its source.

    Columns are `user` and `item` (the log's own ids), a column of 0 and 1 for each attribute
    (UInt8), `like` (UInt8, whether the rating is at least as high as asked for, by default
    whether it is one of the log's likes) and `row` (the record's number in the source). A
    repeated event is a row each time.

    Raises:
        DataError: the log has no ratings, or the attributes are those of another log.
        ParameterError: an attribute has the name of another column, or `like` is not finite.

    Example:
        >>> from penchant.testing import planted_attributes
        >>> log = planted_attributes(n_users=5)
        >>> rows = pn.attribute_rows(log, pn.item_attributes(log))
        >>> len(rows) == len(log)
        True
    """
    require_log(log)
    if like is None:
        like = default_like(log)
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
    """A small data set for each user: `sets[user]`, or `for user, rows in sets.items()`.

    Attributes:
        users: the log's users. A user without events has an empty set.
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
        return self._rows_of(self.users.index(user))

    def __repr__(self) -> str:
        rows, users = counted(len(self.rows), "row"), counted(len(self), "user")
        return f"AttributeSets({rows} of {users}, {len(self.names)} attributes)"

    def items(self) -> Iterator[tuple[Id, pl.DataFrame]]:
        """Each user with their rows, in the order of the vocabulary."""
        return ((user, self._rows_of(index)) for index, user in enumerate(self))

    def arrays(self) -> tuple[UInt8, UInt8]:
        """The attributes, uint8[n_events, n_attributes], and the likes, uint8[n_events].

        They are in the order of `rows`, so that `starts` has the events of each user.
        """
        return self.rows.select(self.names).to_numpy(), self.rows["like"].to_numpy()

    def counted(self) -> pl.DataFrame:
        """The sets with rows of equal user, attributes and like merged into one.

        Columns are `user`, the attributes, `like` and `count` (UInt32); the counts of a user add
        up to the number of their events, and rows are in the order in which they first occur.
        """
        keys = ["user", *self.names, "like"]
        return self.rows.group_by(keys, maintain_order=True).agg(pl.len().alias("count"))

    def _rows_of(self, index: int) -> pl.DataFrame:
        first, last = int(self.starts[index]), int(self.starts[index + 1])
        return self.rows.slice(first, last - first)


def attribute_sets(
    log: Dataset, attributes: Attributes, like: float | None = None
) -> AttributeSets:
    """The data set of each user: the attributes of what they rated, and whether they liked it.

    Raises:
        DataError: see `attribute_rows`.
        ParameterError: see `attribute_rows`.

    Example:
        >>> from penchant.testing import planted_attributes
        >>> log = planted_attributes(n_users=5)
        >>> len(pn.attribute_sets(log, pn.item_attributes(log)))
        5
    """
    rows = attribute_rows(log, attributes, like)
    order = np.argsort(log.users.indices(rows["user"]), kind="stable")
    starts = np.zeros(log.n_users + 1, dtype=np.int64)
    np.cumsum(log.user_counts, out=starts[1:])
    return AttributeSets(log.users, attributes.names, rows[order], starts)


def default_like(log: Dataset) -> float:
    """The rating, as it is written, from which an event is one of the log's likes.

    Raises:
        DataError: the log has no ratings.
    """
    if not len(log.ratings):
        return 4.0  # of no events none is a like, whatever the threshold
    return float(str(np.float32(log.like_threshold)))


def ratings_as_written(log: Dataset) -> pl.Series:
    """Float64, the ratings as decimals are written: 3.3, where float32 has 3.2999999523162842.

    A threshold such as 3.3 then gives the same likes here and in a database.

    Raises:
        DataError: the log has no ratings.
    """
    distinct, inverse = np.unique(log.ratings, return_inverse=True)
    decimals = np.array([float(str(rating)) for rating in distinct], dtype=np.float64)
    return pl.Series("rating", decimals[inverse])


def check_rows(names: Sequence[str], like: float) -> None:
    """Refuse attributes with the name of another column, and an impossible threshold.

    Raises:
        ParameterError: an attribute has the name of another column, or `like` is not finite.
    """
    if taken := [name for name in names if name in COLUMNS]:
        raise ParameterError(
            f"An attribute cannot be called {taken[0]!r}, as another column is: leave it out with "
            "names=…."
        )
    if not math.isfinite(like):
        raise ParameterError(f"like must be a rating such as 4, not {like}.")
