"""Users who are shown lists and like some of what they see, with known probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from penchant.experiments.assignment import arms_of
from penchant.experiments.exploration import list_propensities, sample_list
from penchant.typing import Float64, Int64

_START = datetime(2026, 1, 5)
_DAYS = 28


@dataclass(frozen=True)
class ListSimulator:
    """A service whose users look at each position with a known probability and like what they see.

    An item at a position is liked with the probability that the position is looked at, times that
    with which this user likes the item, whatever stands elsewhere. What the lists of any model are
    worth is thereby known exactly.

    Attributes:
        n_users: users, with ids from 0.
        n_items: items, with ids from 0.
        k: the length of lists.
        seed: decides users and items.
    """

    n_users: int = 1000
    n_items: int = 40
    k: int = 5
    seed: int = 0

    @cached_property
    def likings(self) -> Float64:
        """The probability with which each user likes each item: float64[n_users, n_items]."""
        rng = np.random.default_rng(self.seed)
        tastes = rng.normal(size=(self.n_users, 3)) @ rng.normal(size=(3, self.n_items))
        logits = -2.5 + rng.normal(size=self.n_items) + 0.5 * tastes
        logits += rng.normal(0, 0.5, (self.n_users, 1))
        return np.asarray(1 / (1 + np.exp(-logits)))

    @cached_property
    def looks(self) -> Float64:
        """The probability with which each position is looked at: float64[k]."""
        return np.asarray(0.9 * np.arange(1, self.k + 1) ** -0.5)

    def rankings(self, noise: float, seed: int = 0) -> Int64:
        """All items for each user, as a model orders them.

        Args:
            noise: of the model's scores; 0 orders by what users like.
            seed: decides the noise.

        Returns:
            int64[n_users, n_items], best first.
        """
        rng = np.random.default_rng([self.seed, seed])
        odds = np.log(self.likings / (1 - self.likings))
        return np.argsort(-(odds + noise * rng.normal(size=odds.shape)), axis=1)

    def true_value(self, rankings: Int64, *, epsilon: float = 0.0) -> float:
        """The expected number of likes of a list, for users drawn uniformly.

        Args:
            rankings: as `rankings` gives them.
            epsilon: of `sample_list`.
        """
        worth = np.take_along_axis(self.likings, rankings, axis=1).mean(axis=0)
        shown = list_propensities(rankings.shape[1], self.k, epsilon)
        return float(worth @ shown @ self.looks)

    def run(
        self,
        rankings: Mapping[str, Int64],
        shares: Mapping[str, float] | None = None,
        *,
        epsilon: float = 0.0,
        lists_per_user: float = 3.0,
        seed: int = 0,
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Show lists for four weeks.

        Args:
            rankings: of each arm.
            shares: of the arms; equal ones by default.
            epsilon: of `sample_list`.
            lists_per_user: the mean number of lists, which does not depend on the user's tastes.
            seed: decides who is in which arm, what is shown, and what is liked.

        Returns:
            Lists with `list`, `user`, `time`, `experiment`, `arm`, `model`, `position`, `item`,
            `propensity` and `explored`, and outcomes with `sequence`, `user`, `item`, `kind`,
            `value` and `time`.
        """
        rng = np.random.default_rng([self.seed, 1 + seed])
        experiment = f"simulated-{seed}"
        shares = shares or dict.fromkeys(rankings, 1 / len(rankings))
        arms = np.array(arms_of(range(self.n_users), experiment, shares).to_list())
        user = np.repeat(np.arange(self.n_users), 1 + rng.poisson(lists_per_user - 1, self.n_users))
        rng.shuffle(user)  # lists stand in the order of time
        n_lists, k = len(user), self.k
        items, propensities = np.empty((n_lists, k), np.int64), np.empty((n_lists, k))
        explored = np.empty((n_lists, k), np.bool_)
        for row, who in enumerate(user.tolist()):
            drawn = sample_list(self.n_items, k, epsilon=epsilon, rng=rng)
            items[row] = rankings[arms[who]][who, drawn.places]
            propensities[row], explored[row] = drawn.propensities, drawn.explored
        seconds = np.sort(rng.integers(0, _DAYS * 86400, n_lists))
        liked = rng.random((n_lists, k)) < self.looks * self.likings[user[:, np.newaxis], items]
        start = pl.lit(_START)
        shown = pl.DataFrame(
            {
                "list": np.repeat(np.arange(1, n_lists + 1), k),
                "user": np.repeat(user, k),
                "time": np.repeat(seconds, k),
                "experiment": [experiment] * (n_lists * k),
                "arm": np.repeat(arms[user], k),
                "model": np.repeat(arms[user], k),
                "position": np.tile(np.arange(1, k + 1), n_lists),
                "item": items.ravel(),
                "propensity": propensities.ravel(),
                "explored": explored.ravel(),
            }
        ).with_columns((start + pl.duration(seconds=pl.col("time"))).alias("time"))
        outcomes = shown.filter(pl.Series(liked.ravel())).select(
            pl.int_range(1, pl.len() + 1).alias("sequence"),
            "user",
            "item",
            pl.lit("like").alias("kind"),
            pl.lit(None, pl.Float64).alias("value"),
            pl.col("time") + timedelta(seconds=30) * pl.col("position"),
        )
        return shown, outcomes

    def lists(self, rankings: Int64) -> pl.DataFrame:
        """The list of each user that a model would show: `user`, `position` and `item`."""
        return pl.DataFrame(
            {
                "user": np.repeat(np.arange(self.n_users), self.k),
                "position": np.tile(np.arange(1, self.k + 1), self.n_users),
                "item": rankings[:, : self.k].ravel(),
            }
        )
