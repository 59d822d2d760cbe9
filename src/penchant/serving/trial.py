"""A candidate and the bundle that serves, on the latest events that neither has learned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.metrics import Bootstrap, Ranked, mean_replicates
from penchant.metrics.ranking import NDCG
from penchant.models.base import Recommender
from penchant.repeats import Repeats
from penchant.run import Run
from penchant.typing import Bool, Int32, Int64


@dataclass(frozen=True)
class Trial:
    """What both models reach on the same events.

    Attributes:
        metric: what is measured, of each user.
        users: how many users there are.
        events: how many events.
        serving: the mean for the bundle that serves.
        candidate: the mean for the candidate.
        low: lower end of the interval of the difference, by resampling users.
        high: upper end.
    """

    metric: str
    users: int
    events: int
    serving: float
    candidate: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """By how much the candidate is better."""
        return self.candidate - self.serving

    def is_worse(self, tolerance: float) -> bool:
        """Whether the candidate is worse: surely, or by more than is tolerated.

        Args:
            tolerance: share of the figure of the bundle that serves.
        """
        return self.high < 0 or self.difference < -tolerance * self.serving

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self) | {"difference": self.difference}

    def __str__(self) -> str:
        return (
            f"{self.metric} {self.candidate:.4f} and {self.serving:.4f} of the bundle that serves, "
            f"a difference of {self.difference:+.4f} ({self.low:+.4f} to {self.high:+.4f}), for "
            f"{self.users:,} users with {self.events:,} events"
        )


def latest_events(log: Dataset, numbers: Int64, learned: int, share: float) -> Bool:
    """bool[n_events], which events of a log are the latest of those that are new to a bundle.

    Args:
        log: all events.
        numbers: int64[n_events], the number of each event in the store, 0 for others.
        learned: the number up to which the bundle has learned.
        share: of the new events, by time and then by number.
    """
    new = np.flatnonzero(numbers > learned)
    times = np.zeros(len(new), np.int64)
    if log.has_times:
        times = log.events["time"].to_physical().to_numpy()[new]
    order = new[np.lexsort((numbers[new], times))]
    latest = np.zeros(len(log), np.bool_)
    latest[order[len(order) - int(np.ceil(share * len(order))) :]] = True
    return latest


def judged_events(log: Dataset, latest: Bool, repeats: Repeats) -> Holdout:
    """The latest events that lists should have held, with what was known of the users before.

    Where the log has ratings, those are the liked ones.
    """
    holdout = Holdout.of(log.subset(~latest), log.subset(latest), repeats=repeats).judging
    if holdout.ratings is not None and len(holdout):
        holdout = holdout.subset(holdout.ratings >= np.float32(log.like_threshold))
    return holdout


def compare(
    serving: Recommender,
    candidate: Recommender,
    log: Dataset,
    holdout: Holdout,
    changed: Bool,
    k: int,
    run: Run,
) -> Trial:
    """Rank for the users of a holdout with both models.

    The bundle that serves answers as it does in the service: for users with events that it has not
    learned, from their history as it then was.

    Args:
        serving: the model of that bundle.
        candidate: learned from the same log without the events of the holdout.
        log: whose vocabularies the holdout has.
        holdout: at least one event.
        changed: bool[n_users], who has events that the serving one has not learned.
        k: length of the lists.
        run: threads and progress.
    """
    metric = NDCG(k)
    nobody = np.zeros(log.n_users, np.bool_)
    old, new = (
        metric(Ranked.of(_lists(model, log, holdout, anew, k, run), holdout.offsets, holdout.items))
        for model, anew in ((serving, changed), (candidate, nobody))
    )
    settings = Bootstrap()
    means = mean_replicates((new - old)[:, np.newaxis], settings.replicates, settings.seed)
    tail = (1 - settings.level) / 2
    low, high = np.quantile(means[:, 0], [tail, 1 - tail])
    return Trial(
        metric=metric.name,
        users=len(new),
        events=len(holdout),
        serving=float(old.mean()),
        candidate=float(new.mean()),
        low=float(low),
        high=float(high),
    )


def _lists(
    model: Recommender, log: Dataset, holdout: Holdout, anew: Bool, k: int, run: Run
) -> Int32:
    """int32[n_users, k], a model's lists for the users of a holdout, as items of the log.

    Users of `anew`, bool[n_users of the log], are for the model people with a history and no more.
    """
    histories = holdout.histories
    item_places = model.items_.indices(log.items.ids)
    known = histories.subset(item_places[histories.items] >= 0)
    users = model.users_.indices(log.users.ids)[histories.users]
    own = model.histories_
    translated = Histories(
        users=np.where(anew[histories.users], -1, users).astype(np.int32),
        offsets=known.offsets,
        items=item_places[known.items],
        ratings=None if own.ratings is None else known.ratings,
        times=None if own.times is None else known.times,
        n_items=len(model.items_),
        weights=None if own.weights is None else known.weights,
        positive=own.positive,
        baskets=None if own.baskets is None else known.baskets,
        in_sessions=own.in_sessions,
    )
    lists, _ = model.top_items(translated, k, repeats=holdout.repeats, run=run)
    back = np.append(log.items.indices(model.items_.ids), np.int32(-1))
    return np.asarray(back[lists], np.int32)  # -1 takes the last
