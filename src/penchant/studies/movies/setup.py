"""What all sections of the study of movies share: the log, its split, the sample of users."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data import TRAIN, VALIDATION, Dataset, Holdout, Id, Like, Rows, Split, split_per_user
from penchant.errors import DataError
from penchant.metrics import best_threshold
from penchant.models import RatesRows, Recommender, make
from penchant.studies.records import rounded
from penchant.studies.setup import StudySetup
from penchant.topk import blocks
from penchant.typing import Bool, Float32, Int64

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
PUBLISHED_ON = "movielens-1m"
EMBEDDING = 50  # numbers in a row of the embedding
PUBLISHED_SECONDS = MappingProxyType(
    {"LSTM": 80.0, "modified LSTM": 74.0, "RBM": 90.0, "autoencoder": 123.0}
)
"""Seconds of training for one user, as the thesis has them."""
PUBLISHED_ROWS = MappingProxyType(
    {"LSTM": 200, "modified LSTM": 100, "modified LSTM (as printed)": 100, "GRU": 200}
)
"""Rows of the embedding, of which inputs of 0 and 1 select two; the GRU's are the LSTM's."""
PUBLISHED_RBM = "rbm:learning_rate=1,initial_scale=0,output_start=zero,shuffle=false,drop_last=true"
"""The thesis' RBM: users in the order of the file, those after the last whole batch left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MoviesSetup(StudySetup):
    """What all sections of the study of movies share; the log has an item table with `genres`.

    Attributes:
        users: how many users get networks of their own; None for all of them.
        epochs: of these networks.
        autoencoder_epochs: of the published autoencoder.
        everyone: whether every user of the log gets a network of one kind, too.
    """

    users: int | None
    epochs: int
    autoencoder_epochs: int
    everyone: bool = True
    quick_epochs: ClassVar[int] = 2
    quick_replicates: ClassVar[int] = 500

    @cached_property
    def rated_log(self) -> Dataset:
        """The log without unrated items, as the published programs see it."""
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
        split = split_per_user(self.log, validation=0.1, test=0.3, seed=self.seed)
        if split.validation is None:
            raise DataError(
                f"No user of {self.log.name!r} has enough ratings to put a tenth of them aside for "
                "validation: take a log with longer histories."
            )
        return split

    @cached_property
    def first_user(self) -> int:
        """The index of the user who comes first in the file."""
        return int(self.log.events["user"][int(self.log.events["row"].arg_min() or 0)])

    @cached_property
    def sample(self) -> Int64:
        """The users who get networks of their own, the first of the file among them."""
        n = self.log.n_users if self.users is None else min(self.users, self.log.n_users)
        others = np.delete(np.arange(self.log.n_users), self.first_user)
        drawn = np.random.default_rng(self.seed).permutation(others)[: n - 1]
        return np.sort(np.append(drawn, self.first_user))

    @cached_property
    def test(self) -> Holdout:
        """The test rows of the users of the sample: all models are evaluated on these."""
        return self.split.test.subset(np.isin(self.split.test.rows.users, self.sample))

    @cached_property
    def sample_split(self) -> Split:
        """The same split of the sample's users alone, which is all that their networks need."""
        keep = np.isin(self.log.events["user"].to_numpy(), self.sample)
        return Split(
            log=own_log(self.log.subset(keep)),
            sides=self.split.sides[keep],
            kind=self.split.kind,
            sentence=self.split.sentence,
            ties=self.split.ties,
            seed=self.split.seed,
        )

    def network(self, name: str, **changes: Any) -> Recommender:
        """One of `NETWORKS`, unfitted."""
        settings = {"epochs": self.epochs, "seed": self.seed, "target": Like(LIKE)} | changes
        return make(NETWORKS[name]).clone(**settings)


@dataclass(frozen=True)
class ModelScores:
    """A model's scores of the sample's test rows, in the order of the file.

    Attributes:
        scores: one for each row.
        probabilities: whether they are probabilities of a like.
        threshold: from which score on a row is called a like.
        f1_threshold: the threshold that is best for F1 on validation rows.
        seconds: of training.
        parameters: how many numbers were learned.
    """

    scores: list[float]
    probabilities: bool
    threshold: float
    f1_threshold: float
    seconds: float
    parameters: int


def own_log(log: Dataset) -> Dataset:
    """The same events in a log without the users that have none."""
    return Dataset.from_frame(
        log.frame(), item_table=log.item_table, name=log.name, scale=log.scale
    )


def genres_of(log: Dataset, items: pl.Series) -> list[str | None]:
    """The genres of films, given by their ids, as a list shows them."""
    table = log.item_table
    assert table is not None  # genres are in it
    listed = (
        items.alias("item").to_frame().join(table, on="item", how="left", maintain_order="left")
    )
    return listed["genres"].cast(pl.List(pl.String)).list.join(", ").to_list()


def before_test(split: Split) -> Dataset:
    """The training and validation events of a split."""
    return split.log.subset((split.sides == TRAIN) | (split.sides == VALIDATION))


def rows_of(model: Recommender, user: Id, items: npt.ArrayLike) -> Rows:
    """Rows of one known user and these items, which are indices of the model's vocabulary."""
    index = np.asarray(items, np.int32)
    return Rows(model.histories_of([user]), np.zeros(len(index), np.int32), index)


def row_scores(model: Recommender, rows: Rows) -> Float32:
    """float32[n_rows], the score of each row's item, of a model that only ranks items."""
    values = np.empty(len(rows), np.float32)
    for start, stop in blocks(len(rows.histories), rows.histories.n_items):
        inside = (rows.history >= start) & (rows.history < stop)
        scores = model.scores(rows.histories.block(start, stop))
        values[inside] = scores[rows.history[inside] - start, rows.items[inside]]
    return values


def predictions_or_scores(model: Recommender, holdout: Holdout) -> Float32:
    """float32[n_rows], predictions where the model can make them, otherwise scores."""
    if isinstance(model, RatesRows):
        return model.predict(holdout.rows)
    return row_scores(model, holdout.rows)


def liked(holdout: Holdout) -> Bool:
    """bool[n_rows], which held-out ratings are likes."""
    assert holdout.ratings is not None
    return holdout.ratings >= LIKE


def score_test_rows(model: Recommender, setup: MoviesSetup) -> ModelScores:
    """Score the sample's test rows with a fitted model, with thresholds from validation rows.

    Probabilities are cut at one half; ratings and reconstructions where most validation rows are
    decided rightly. The threshold for F1 is the one that is best on validation rows for all.
    """
    validation = setup.split.validation
    assert validation is not None
    scores, truth = predictions_or_scores(model, validation), liked(validation)
    probabilities = isinstance(model, RatesRows) and isinstance(model.target, Like)
    return ModelScores(
        scores=by_row(setup.test, predictions_or_scores(model, setup.test)),
        probabilities=probabilities,
        threshold=0.5 if probabilities else best_threshold(scores, truth, "like-accuracy"),
        f1_threshold=best_threshold(scores, truth, "f1"),
        seconds=model.fit_seconds_,
        parameters=model.n_parameters(),
    )


def by_row(holdout: Holdout, values: npt.ArrayLike) -> list[float]:
    """Values of a holdout's rows in the order of the file."""
    order = np.argsort(holdout.source_rows, kind="stable")
    return rounded(np.asarray(values, np.float64)[order])
