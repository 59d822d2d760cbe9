"""What all parts of the study of movies share: the log, the split, who is looked at, how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout, Rows
from penchant.data.splits import TRAIN, VALIDATION, Split, split_per_user
from penchant.data.target import Like
from penchant.errors import DataError
from penchant.metrics import best_threshold
from penchant.models import make
from penchant.models.base import Recommender
from penchant.models.protocols import RatesRows
from penchant.run import Run
from penchant.topk import blocks
from penchant.typing import Bool, Float32, Int64

Found = dict[str, Any]

LIKE = 4.0
EVERYTHING = "likes everything"
MAJORITY = "the user's own majority"
NETWORKS = MappingProxyType(
    {
        "LSTM": "per-user:cell=lstm",
        "modified LSTM": "per-user:cell=no-forget,activation=sigmoid,recurrent_activation=tanh",
        "modified LSTM (as printed)": "per-user:cell=no-forget",
        "GRU": "per-user:cell=gru",
    }
)
"""The networks of which each user has one of their own: as the thesis' program builds its two,
the second as the thesis prints its formulas, and a further cell."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Setup:
    """What a part of the study needs to know.

    Attributes:
        log: ratings with an item table that has `genres`.
        seed: decides everything random.
        run: threads and progress.
        users: how many users get networks of their own; None for all of them.
        epochs: of these networks.
        autoencoder_epochs: of the published autoencoder.
        quick: whether everything is cut to seconds, for a look at what the page is like.
    """

    log: Dataset
    seed: int
    run: Run
    users: int | None
    epochs: int
    autoencoder_epochs: int
    quick: bool = False
    replicates: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "replicates", 500 if self.quick else 1000)

    @cached_property
    def rated(self) -> Dataset:
        """The log without items that nobody has rated, as the published programs see it."""
        items = self.log.items.take(np.flatnonzero(self.log.item_counts))
        table = self.log.item_table
        if table is not None:
            table = table.filter(table["item"].is_in(items.implode()))
        return Dataset.from_frame(
            self.log.frame(), item_table=table, name=self.log.name, scale=self.log.scale
        )

    @cached_property
    def split(self) -> Split:
        """70 % of each user's ratings to learn from, a seventh of which is for validation.

        Raises:
            DataError: users have too few ratings for that.
        """
        found = split_per_user(self.log, validation=0.1, test=0.3, seed=self.seed)
        if found.validation is None:
            raise DataError(
                f"No user of {self.log.name!r} has enough ratings to put a tenth of them aside for "
                "validation: take a log with longer histories."
            )
        return found

    @cached_property
    def first(self) -> int:
        """The index of the user who comes first in the file."""
        return int(self.log.events["user"][int(self.log.events["row"].arg_min() or 0)])

    @cached_property
    def sample(self) -> Int64:
        """The users who get networks of their own, the first of the file among them."""
        n = self.log.n_users if self.users is None else min(self.users, self.log.n_users)
        others = np.delete(np.arange(self.log.n_users), self.first)
        drawn = np.random.default_rng(self.seed).permutation(others)[: n - 1]
        return np.sort(np.append(drawn, self.first))

    @cached_property
    def test(self) -> Holdout:
        """The test rows of the users of the sample: all contenders are judged on these."""
        return self.split.test.subset(np.isin(self.split.test.rows.users, self.sample))

    @cached_property
    def own(self) -> Split:
        """The same split of the sample's users alone, which is all that their networks need."""
        keep = np.isin(self.log.events["user"].to_numpy(), self.sample)
        return Split(
            log=alone(self.log.subset(keep)),
            sides=self.split.sides[keep],
            kind=self.split.kind,
            sentence=self.split.sentence,
            ties=self.split.ties,
            seed=self.split.seed,
        )

    def network(self, name: str, **changes: Any) -> Recommender:
        """One of `NETWORKS`, unfitted."""
        settings = {"epochs": self.epochs, "seed": self.seed} | changes
        return make(NETWORKS[name]).clone(**settings)

    def model(self, spec: str) -> Recommender:
        """A model of the table of models, unfitted, with the study's seed."""
        found = make(spec).clone(seed=self.seed)
        if self.quick and "epochs" in found.params():
            return found.clone(epochs=2)
        return found


def alone(log: Dataset) -> Dataset:
    """The same events in a log that knows no other users."""
    return Dataset.from_frame(
        log.frame(), item_table=log.item_table, name=log.name, scale=log.scale
    )


def known(split: Split) -> Dataset:
    """Everything that may be known before the test events."""
    return split.log.subset((split.sides == TRAIN) | (split.sides == VALIDATION))


def questions(model: Recommender, user: Any, items: npt.ArrayLike) -> Rows:
    """What would this known user say of these items (indices of the model's vocabulary)?"""
    index = np.asarray(items, np.int32)
    return Rows(model.histories_of([user]), np.zeros(len(index), np.int32), index)


def row_scores(model: Recommender, rows: Rows) -> Float32:
    """float32[n_rows], the score of each row's item, of a model that only ranks items."""
    found = np.empty(len(rows), np.float32)
    for start, stop in blocks(len(rows.histories), rows.histories.n_items):
        here = (rows.history >= start) & (rows.history < stop)
        scores = model.scores(rows.histories.block(start, stop))
        found[here] = scores[rows.history[here] - start, rows.items[here]]
    return found


def answers(model: Recommender, holdout: Holdout) -> Float32:
    """float32[n_rows], predictions where the model can make them, otherwise scores."""
    if isinstance(model, RatesRows):
        return model.predict(holdout.rows)
    return row_scores(model, holdout.rows)


def liked(holdout: Holdout) -> Bool:
    """bool[n_rows], which held-out ratings are likes."""
    assert holdout.ratings is not None
    return holdout.ratings >= LIKE


def contender(model: Recommender, setup: Setup) -> Found:
    """What a fitted model says of the sample's test rows, and its cuts from validation rows.

    Chances are cut at one half; ratings and reconstructions where validation rows are most often
    decided rightly. The cut for F1 is the one that is best on validation rows for all.
    """
    checked = setup.split.validation
    assert checked is not None
    held, truth = answers(model, checked), liked(checked)
    chances = isinstance(model, RatesRows) and isinstance(model.target, Like)
    return {
        "scores": by_row(setup.test, answers(model, setup.test)),
        "chances": chances,
        "cut": 0.5 if chances else best_threshold(held, truth, "like-accuracy"),
        "f1_cut": best_threshold(held, truth, "f1"),
        "seconds": model.fit_seconds_,
        "parameters": model.n_parameters(),
    }


def by_row(holdout: Holdout, values: npt.ArrayLike) -> list[float]:
    """Values of a holdout's rows in the order of the file, short enough for a file."""
    order = np.argsort(holdout.source_rows, kind="stable")
    return [float(x) for x in np.round(np.asarray(values, np.float64)[order], 6)]


def per_cent(value: float, places: int = 2) -> str:
    """A share as a text has it."""
    return f"{100 * value:.{places}f}\N{NO-BREAK SPACE}%"
