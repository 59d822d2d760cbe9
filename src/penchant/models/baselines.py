"""The baselines: trivial recommenders that every model is compared with."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Like, Target
from penchant.models.base import Recommender, Signal, Task
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.biases import fit_biases, of_items, user_biases, user_sums
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import Float32, Float64

_DAY = 86_400e6  # microseconds
_HALF_LIFE_SHARE = 0.1  # of all events


class Random(Recommender):
    """Scores drawn at random, the same ones for the same history.

    Known users without a history have draws of their own each, unknown ones one list.
    """

    signal: ClassVar[Signal] = "nothing"
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"ranking"})
    fitted_attributes: ClassVar[Declarations] = {}

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        pass

    def _scores(self, users: Histories) -> Float32:
        # The signature makes one user's scores independent of who else is in the batch. One list
        # for all users without a history would be one draw, however many users judge it.
        own = (users.lengths == 0) & (users.users >= 0)
        scores = np.empty((len(users), users.n_items), np.float32)
        for row, key in enumerate(users.signatures):
            user = [int(users.users[row]) + 1] if own[row] else []
            rng = np.random.Generator(np.random.SFC64([self.seed, int(key), *user]))
            rng.random(out=scores[row], dtype=np.float32)
        return scores


class Popular(Refitting):
    """The number of training events of each item, or their weight; the same list for everybody.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        half_life: where given, an event counts half as much for each so many days that it is
            older than the newest one.
    """

    half_life: Annotated[float | None, Field(gt=0), Space(7, 3650, log=True)] = None

    signal: ClassVar[Signal] = "popularity"
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"ranking"})
    fitted_attributes: ClassVar[Declarations] = {
        "popularity_": floats("items", low=0),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        train = train.positives
        weights = [w for w in (train.weights, self._decay(train)) if w is not None]
        weight = np.prod(weights, axis=0) if weights else None
        items = train.events["item"].to_numpy()
        self.popularity_ = np.bincount(items, weight, train.n_items).astype(np.float32)

    def _decay(self, train: Dataset) -> Float64 | None:
        """float64[n_events], what each event counts for its age; None where all count alike."""
        if self.half_life is None or not train.has_times:
            return None
        time = train.events["time"].to_physical().to_numpy()
        age: Float64 = (time.max() - time) / (self.half_life * _DAY)
        return np.exp2(-age)

    @property
    def uses_weights(self) -> bool:
        """True: the sum of them counts."""
        return True

    def _scores(self, users: Histories) -> Float32:
        return _same_for_all(self.popularity_, users)


class RecentPopular(Popular):
    """The number of training events of each item, the same list for everybody, old ones less.

    By default an event counts half for each tenth of all events that are later than it, so that
    no calendar matters: 2^(-10 m / n) of n events with m later ones. Without times the order of
    rows stands for theirs.

    `update` takes further events in: the model is then what a new fit to all events is, where
    these have times.

    Attributes:
        half_life: days for which an event counts half, where it is given and events have times.
    """

    def _decay(self, train: Dataset) -> Float64 | None:
        decay = super()._decay(train)
        if decay is not None:
            return decay
        n = len(train)
        later = np.arange(n)[::-1]
        if train.has_times:
            time = train.events["time"].to_physical().to_numpy()
            later = n - np.searchsorted(np.sort(time), time, side="right")
        return np.exp2(-later / (_HALF_LIFE_SHARE * n))


class GlobalMean(PredictsRatings, Recommender):
    """The mean of all ratings, for everyone and everything."""

    signal: ClassVar[Signal] = "nothing"
    needs_ratings: ClassVar[bool] = True
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"rating", "like"})
    fitted_attributes: ClassVar[Declarations] = {
        "mean_": plain(float),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.mean_ = float(train.ratings.mean(dtype=np.float64))

    def _scores(self, users: Histories) -> Float32:
        return _same_for_all(np.full(users.n_items, self.mean_, np.float32), users)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], always the same number."""
        return np.full(len(rows), self.mean_, np.float32)


class UserMean(PredictsRatings, Recommender):
    """The mean of the user's own ratings, or the global mean for one without any."""

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"rating", "like"})
    fitted_attributes: ClassVar[Declarations] = {
        "mean_": plain(float),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.mean_ = float(train.ratings.mean(dtype=np.float64))

    def _means(self, users: Histories) -> Float32:
        total, count = user_sums(users, 0.0)
        means = np.divide(total, count, out=np.full(len(users), self.mean_), where=count > 0)
        return np.asarray(means, np.float32)

    def _scores(self, users: Histories) -> Float32:
        shape = (len(users), users.n_items)
        return np.broadcast_to(self._means(users)[:, None], shape)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], each user's mean."""
        return self._means(rows.histories)[rows.history]


class ItemMean(PredictsRatings, Recommender):
    """The mean of the item's ratings, or the global mean for an item without any.

    Attributes:
        damping: how many ratings at the global mean each item starts with.
    """

    damping: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 0.0

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"rating", "like"})
    fitted_attributes: ClassVar[Declarations] = {
        "mean_": plain(float),
        "item_means_": floats("items"),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.mean_ = float(train.ratings.mean(dtype=np.float64))
        items = train.events["item"].to_numpy()
        total = np.bincount(items, train.ratings, train.n_items) + self.damping * self.mean_
        count = train.item_counts + self.damping
        means = np.divide(total, count, out=np.full(train.n_items, self.mean_), where=count > 0)
        self.item_means_ = means.astype(np.float32)

    def _scores(self, users: Histories) -> Float32:
        return _same_for_all(self.item_means_, users)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], each item's mean."""
        return of_items(self.item_means_, rows.items, self.mean_)


class Bias(PredictsRatings, Recommender):
    """Global mean plus an item's and a user's deviation, both shrunk towards zero.

    Minimises sum (r - mean - b_i - b_u)^2 + l2_item * sum b_i^2 + l2_user * sum b_u^2 by
    alternating exact steps; a user's deviation is computed from the history given at
    prediction, so new users have one too. Koren, "Factorization Meets the Neighborhood" (2008),
    eq. 1.

    Attributes:
        l2_item: shrinkage of items.
        l2_user: shrinkage of users.
    """

    l2_item: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 5.0
    l2_user: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 5.0

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"rating", "like"})
    fitted_attributes: ClassVar[Declarations] = {
        "mean_": plain(float),
        "item_bias_": floats("items"),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.mean_, self.item_bias_ = fit_biases(train, self.l2_user, self.l2_item)

    def user_bias(self, users: Histories) -> Float32:
        """float32[n_users], each user's deviation from what the items alone lead one to expect."""
        return user_biases(users, self.mean_, self.item_bias_, self.l2_user)

    def _scores(self, users: Histories) -> Float32:
        return self.user_bias(users)[:, None] + (self.item_bias_ + np.float32(self.mean_))

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], mean + item's deviation + user's deviation."""
        item = of_items(self.item_bias_, rows.items, 0.0)
        return np.float32(self.mean_) + item + self.user_bias(rows.histories)[rows.history]


class _LikeShare(Recommender):
    """What both baselines of likes share: the threshold, and the share of likes in training."""

    threshold: float | None = None

    needs_ratings: ClassVar[bool] = True
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"like"})
    fitted_attributes: ClassVar[Declarations] = {
        "threshold_": plain(float),
        "share_": plain(float),
    }

    @property
    def target(self) -> Target:
        """Predictions are probabilities of a like."""
        return Like(self.threshold_)

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.threshold_ = train.like_threshold if self.threshold is None else self.threshold
        self.share_ = float(Like(self.threshold_).of_ratings(train.ratings).mean())


class MajorityClass(_LikeShare):
    """Says of every user and item what most training ratings say: liked, or not.

    Predictions are the share of likes in training, so that a threshold of one half gives the
    majority's answer.

    Attributes:
        threshold: the rating from which an event is a like; None takes the upper quarter of the
            scale, such as 4 of 1 to 5 and 8 of 1 to 10.
    """

    signal: ClassVar[Signal] = "nothing"

    def _scores(self, users: Histories) -> Float32:
        return _same_for_all(np.full(users.n_items, self.share_, np.float32), users)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], always the share of likes."""
        return np.full(len(rows), self.share_, np.float32)


class UserMajority(_LikeShare):
    """Says of every item what most of the user's own ratings say: liked, or not.

    Predictions are the user's share of likes, drawn a little towards the share of everybody's.
    Where nothing is known of a user, an unrated history included, they are the latter.

    Attributes:
        threshold: the rating from which an event is a like; None takes the upper quarter of the
            scale, such as 4 of 1 to 5 and 8 of 1 to 10.
        damping: how many ratings at everybody's share each user starts with; 0 takes the
            user's share as it is.
    """

    damping: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 2.0

    signal: ClassVar[Signal] = "ratings"

    def _shares(self, users: Histories) -> Float32:
        shares = np.full(len(users), self.share_, np.float32)
        if users.ratings is not None:
            liked = Like(self.threshold_).of_ratings(users.ratings)
            likes = np.bincount(users.rows, liked, len(users)) + self.damping * self.share_
            count = users.lengths + self.damping
            np.divide(likes, count, out=shares, where=count > 0, casting="same_kind")
        return shares

    def _scores(self, users: Histories) -> Float32:
        shape = (len(users), users.n_items)
        return np.broadcast_to(self._shares(users)[:, None], shape)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], each user's share of likes."""
        return self._shares(rows.histories)[rows.history]


def _same_for_all(scores: Float32, users: Histories) -> Float32:
    """One row of scores for every user, shared and read-only."""
    return np.broadcast_to(scores, (len(users), users.n_items))
