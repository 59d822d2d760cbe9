"""What the store says of feedback and of what was shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penchant.data.reading.id_lists import typed_ids
from penchant.data.vocabulary import Vocabulary
from penchant.serving.engine import ServedModel
from penchant.typing import Int64

if TYPE_CHECKING:
    from penchant.serving.store import Store

_FRESH = 60.0  # seconds for which figures are taken as they are
_MOST_SHOWN = 12
_DAYS = 60
_HAD = ("rating", "like", "purchase")  # kinds that say somebody had an item


class StoreFigures:
    """Figures of a store, counted anew every minute at most.

    Args:
        store: where feedback and shown lists are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}

    def feedback(self, served: ServedModel) -> dict[str, Any]:
        """Feedback by day and by kind, of how many people, and on items had before or new."""
        return self._counted("feedback", served, lambda: _feedback(self._store.outcomes(), served))

    def shown(self, served: ServedModel) -> dict[str, Any]:
        """How many lists were shown by which model, and how often which items."""
        return self._counted("shown", served, lambda: _shown(self._store.shown(), served))

    def _counted(
        self, name: str, served: ServedModel, count: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Figures, and when they were counted; the same for a minute."""
        with self._lock:
            at, figures = self._kept.get((name, served.fingerprint), (0.0, {}))
            if time.time() - at > _FRESH:
                at, figures = time.time(), count()
                self._kept = {key: kept for key, kept in self._kept.items() if key[0] != name}
                self._kept[name, served.fingerprint] = (at, figures)
        return figures | {"at": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")}


def _feedback(events: pl.DataFrame, served: ServedModel) -> dict[str, Any]:
    days = (
        events.with_columns(day=pl.col("time").cast(pl.Datetime("us")).dt.date())
        .group_by("day", "kind")
        .len()
        .pivot("kind", index="day", values="len")
        .sort("day")
        .fill_null(0)
        .tail(_DAYS)
    )
    had = events.filter(pl.col("kind").is_in(_HAD))
    repeated = int(_repeated(had, served).sum())
    return {
        "events": events.height,
        "people": events["user"].n_unique(),
        "kinds": dict(sorted(events["kind"].value_counts().iter_rows())),
        "days": [row | {"day": row["day"].isoformat()} for row in days.to_dicts()],
        "had_before": repeated,
        "new_to_them": had.height - repeated,
    }


def _shown(places: pl.DataFrame, served: ServedModel) -> dict[str, Any]:
    counts = places["item"].cast(pl.String).value_counts(sort=True)
    known = int((_indices(served.model.items_, counts["item"].to_list()) >= 0).sum())
    top = counts.sort(["count", "item"], descending=[True, False]).head(_MOST_SHOWN)
    index = _indices(served.model.items_, top["item"].to_list())
    lists = places["list"].n_unique()
    arms = (
        places.group_by("arm")
        .agg(lists=pl.col("list").n_unique(), items=pl.col("item").n_unique())
        .sort("arm")
    )
    return {
        "lists": lists,
        "people": places["user"].drop_nulls().n_unique(),
        "items": counts.height,
        "catalogue_share": known / served.n_items if served.n_items else None,
        "explored": int(places["explored"].fill_null(value=False).sum()),
        "arms": arms.to_dicts(),
        "most_shown": [
            {
                "item": item,
                "title": served.titles[i] if i >= 0 else item,
                "lists": n,
                "share": n / lists,
            }
            for (item, n), i in zip(top.iter_rows(), index.tolist(), strict=True)
        ],
    }


def _repeated(events: pl.DataFrame, served: ServedModel) -> pl.Series:
    """bool[n], whether the person had the item before, in the log or in earlier events."""
    earlier = ~events.select(first=pl.struct("user", "item").is_first_distinct())["first"]
    users = _indices(served.model.users_, events["user"].cast(pl.String).to_list())
    items = _indices(served.model.items_, events["item"].cast(pl.String).to_list())
    histories = served.model.histories_
    some = np.flatnonzero(np.isin(histories.users, np.unique(users[users >= 0])))
    part = histories.take(some)
    owners = np.repeat(part.users.astype(np.int64), part.lengths)
    known = np.isin(users * served.n_items + items, owners * served.n_items + part.items)
    return earlier | pl.Series(known & (users >= 0) & (items >= 0), dtype=pl.Boolean)


def _indices(vocabulary: Vocabulary, texts: list[str]) -> Int64:
    """int64[n], indices of ids that are given as texts, -1 for what is not known."""
    if not texts:
        return np.empty(0, np.int64)
    return vocabulary.indices(typed_ids(vocabulary, texts)).astype(np.int64)
