"""Find rated books that the catalogue lacks, and users without an entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from penchant.data.dataset import Dataset
from penchant.notebook import ShownAsText

_SHOWN = 3  # examples in a sentence


@dataclass(frozen=True, eq=False)
class Gaps(ShownAsText):
    """Books and users of a log that the tables do not know.

    Attributes:
        items: `item`, `events`: rated books that the catalogue does not list, most rated first.
        users: `user`, `events`: users without an entry, most active first.
        n_items: the number of books with events.
        n_users: the number of users with events.
    """

    items: pl.DataFrame
    users: pl.DataFrame
    n_items: int
    n_users: int

    def __str__(self) -> str:
        return "; ".join(self.sentences()) or "the tables know every book and user of the log"

    def sentences(self) -> Iterator[str]:
        """What is missing, one sentence each."""
        for noun, missing, total, where in (
            ("rated books", self.items, self.n_items, "are not in the catalogue"),
            ("users with events", self.users, self.n_users, "have no entry"),
        ):
            if len(missing):
                some = ", ".join(str(value) for value in missing.to_series().head(_SHOWN))
                yield f"{len(missing):,} of {total:,} {noun} {where}, such as {some}"


def catalogue_gaps(log: Dataset) -> Gaps:
    """Which rated books the catalogue does not list, and which users have no entry.

    Args:
        log: as `read` returns it, filtered or not. Without a table nothing is known to be
            missing from it.
    """
    missing_rows = []
    for noun, key in (("item", "isbn"), ("user", "location")):
        vocabulary, table, counts = log.side(noun)
        frame = pl.DataFrame([vocabulary.ids.alias(noun), pl.Series("events", counts)])
        # An entry always has the column as it was written.
        absent = pl.lit(False) if table is None else pl.Series(table[key].is_null())
        rows = frame.filter(absent & (pl.col("events") > 0))
        missing_rows.append(rows.sort("events", descending=True, maintain_order=True))
    n_items, n_users = (int((c > 0).sum()) for c in (log.item_counts, log.user_counts))
    return Gaps(missing_rows[0], missing_rows[1], n_items, n_users)
