"""Summarise a log in a few figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.sessions import session_lengths, sessions_of_users
from penchant.json_values import json_value
from penchant.notebook import ShownAsText
from penchant.typing import Float64, Int64
from penchant.wording import counted

_QUANTILES = {"min": 0.0, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "max": 1.0}
_BINS = 20  # of a histogram of ratings that are not few distinct values


@dataclass(frozen=True)
class Summary(ShownAsText):
    """Counts, sparsity, ratings, concentration and time span of a log.

    Attributes:
        name: the log's name.
        n_events: the number of events.
        n_users: users with events.
        n_items: items with events.
        n_catalogue: items of the vocabulary, those without events included.
        density: distinct user-item pairs as a share of n_users × n_items.
        rating_mean: the mean rating, None without ratings.
        rating_std: the standard deviation of ratings.
        rating_histogram: pairs of a rating (or the lower end of a bin) and its count.
        events_per_user: minimum, quartiles, 95 % quantile and maximum over users with events.
        events_per_item: the same over items with events.
        gini: inequality of item popularity over items with events, from 0 to 1.
        top_1_percent: share of events on the most popular 1 % of items with events.
        top_10_percent: share of events on the most popular 10 %.
        first: the earliest time, None without times.
        last: the latest time.
        n_baskets: baskets, those without a user included; None without any.
        n_anonymous: events without a user, which no other figure counts.
        n_sessions: sessions; None without any.
        sessions_per_user: minimum, quartiles, 95 % quantile and maximum over users with events;
            None where sessions stand for users.
        events_per_session: minimum, quartiles, 95 % quantile and maximum over sessions.
        single_sessions: the share of sessions that have one event alone.
    """

    name: str
    n_events: int
    n_users: int
    n_items: int
    n_catalogue: int
    density: float
    rating_mean: float | None
    rating_std: float | None
    rating_histogram: tuple[tuple[float, int], ...]
    events_per_user: dict[str, float]
    events_per_item: dict[str, float]
    gini: float
    top_1_percent: float
    top_10_percent: float
    first: datetime | None
    last: datetime | None
    n_baskets: int | None = None
    n_anonymous: int = 0
    n_sessions: int | None = None
    sessions_per_user: dict[str, float] | None = None
    events_per_session: dict[str, float] | None = None
    single_sessions: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """All figures as plain values for JSON; times in ISO form."""
        plain: dict[str, Any] = json_value(asdict(self))
        return plain

    def __str__(self) -> str:
        inactive = self.n_catalogue - self.n_items
        items = f"{self.n_items:,}" + (f" (and {inactive:,} without events)" if inactive else "")
        lines = [
            ("events", f"{self.n_events:,}"),
            ("users", f"{self.n_users:,}"),
            ("items", items),
            *([] if self.n_baskets is None else [("baskets", f"{self.n_baskets:,}")]),
            *([("without a user", counted(self.n_anonymous, "event"))] if self.n_anonymous else []),
            *self._lines_of_sessions(),
            ("density", f"{self.density:.3%}"),
            ("events per user", _listed(self.events_per_user)),
            ("events per item", _listed(self.events_per_item)),
            ("item Gini", f"{self.gini:.3f}"),
            (
                "events on top items",
                f"1 % of items: {self.top_1_percent:.1%}, 10 %: {self.top_10_percent:.1%}",
            ),
        ]
        if self.rating_mean is not None:
            lines.append(("rating", f"mean {self.rating_mean:.3f}, std {self.rating_std:.3f}"))
            top = max(count for _, count in self.rating_histogram)
            lines += [
                (f"  {value:g}", f"{count:>12,}  {'█' * round(30 * count / top)}".rstrip())
                for value, count in self.rating_histogram
            ]
        if self.first is not None and self.last is not None:
            days = (self.last - self.first).days
            lines.append(("time", f"{self.first} to {self.last} ({counted(days, 'day')})"))
        width = max(len(key) for key, _ in lines)
        return "\n".join([f"{self.name}", *(f"{key:<{width}}  {value}" for key, value in lines)])

    def _lines_of_sessions(self) -> list[tuple[str, str]]:
        if self.n_sessions is None or self.events_per_session is None:
            return []
        single = f"{self.single_sessions:.1%} of one event"
        per_user = self.sessions_per_user
        return [
            ("sessions", f"{self.n_sessions:,}, {single}"),
            *([] if per_user is None else [("sessions per user", _listed(per_user))]),
            ("events per session", _listed(self.events_per_session)),
        ]


def summary(log: Dataset) -> Summary:
    """Compute counts, sparsity, ratings, concentration and time span of a log.

    Example:
        >>> log = planted_pairs(n_users=50, n_items=20)
        >>> found = pn.summary(log)
        >>> found.n_users, found.n_items, found.n_events
        (50, 20, 350)
    """
    require_log(log)
    users = log.user_counts[log.user_counts > 0]
    items = log.item_counts[log.item_counts > 0]
    times = log.events["time"].drop_nulls() if "time" in log.events.columns else None
    rated = log.has_ratings and len(log) > 0
    ratings = log.ratings.astype(np.float64) if rated else None
    sessions = session_lengths(log) if len(log) else None
    first, last = (None, None) if times is None else (times.min(), times.max())
    return Summary(
        name=log.name,
        n_events=len(log),
        n_users=len(users),
        n_items=len(items),
        n_catalogue=log.n_items,
        density=_n_pairs(log) / (len(users) * len(items)) if len(log) else 0.0,
        rating_mean=None if ratings is None else float(ratings.mean()),
        rating_std=None if ratings is None else float(ratings.std()),
        rating_histogram=() if ratings is None else _histogram(ratings),
        events_per_user=_quantiles(users),
        events_per_item=_quantiles(items),
        gini=gini(items),
        top_1_percent=_top_share(items, 0.01),
        top_10_percent=_top_share(items, 0.1),
        first=first if isinstance(first, datetime) else None,
        last=last if isinstance(last, datetime) else None,
        n_baskets=_n_baskets(log),
        n_anonymous=0 if log.anonymous is None else len(log.anonymous),
        n_sessions=None if sessions is None else len(sessions),
        sessions_per_user=_quantiles(sessions_of_users(log)) if log.has_sessions else None,
        events_per_session=None if sessions is None else _quantiles(sessions),
        single_sessions=None if sessions is None else float((sessions == 1).mean()),
    )


def _n_pairs(log: Dataset) -> int:
    """How many pairs of a user and an item there are; sorting takes less memory than a set."""
    pairs = log.pairs
    pairs.sort()
    return 1 + int((pairs[1:] != pairs[:-1]).sum())


def _n_baskets(log: Dataset) -> int | None:
    """How many baskets there are; of two users a basket of one number is two."""
    if not log.has_orders:
        return None
    known = log.events.select("user", "basket").drop_nulls().n_unique()
    unknown = log.anonymous
    if unknown is None or "basket" not in unknown.columns:
        return known
    return known + unknown["basket"].drop_nulls().n_unique()


def gini(counts: Int64) -> float:
    """The Gini index of counts: 0 where all are equal, towards 1 where one has everything."""
    n = len(counts)
    if not n:
        return 0.0
    ranks = np.arange(1, n + 1)
    return float(((2 * ranks - n - 1) * np.sort(counts)).sum() / (n * counts.sum()))


def _histogram(ratings: Float64) -> tuple[tuple[float, int], ...]:
    values, counts = np.unique(ratings, return_counts=True)
    if len(values) > _BINS:
        counts, edges = np.histogram(ratings, bins=_BINS)
        values = edges[:-1]
    return tuple((float(v), int(c)) for v, c in zip(values, counts, strict=True))


def _quantiles(counts: Int64) -> dict[str, float]:
    if not len(counts):
        return {}
    values = np.quantile(counts, list(_QUANTILES.values()))
    return {name: float(v) for name, v in zip(_QUANTILES, values, strict=True)}


def _top_share(counts: Int64, share: float) -> float:
    """The events on the most popular `share` of items, as a share of all events."""
    if not len(counts):
        return 0.0
    n = max(1, round(share * len(counts)))
    return float(np.sort(counts)[-n:].sum() / counts.sum())


def _listed(quantiles: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:,g}" for name, value in quantiles.items())
