"""Gradient-boosted trees over features of a user and an item."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from penchant.errors import require
from penchant.models.feature_based.base import ValidationRows
from penchant.models.feature_based.booster_text import (
    n_numbers,
    raw_predictions,
    split_gains,
    text_of,
    threads_for,
)
from penchant.models.feature_based.ranking import RankedCandidates
from penchant.models.fitted_attributes import Declarations, plain
from penchant.models.parameters import Space
from penchant.run import Run
from penchant.typing import Float32, Float64


class BoostedTrees(RankedCandidates):
    """Gradient-boosted decision trees over features of the user, the item and both.

    The trees are LightGBM's: Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision
    Tree" (2017), with squared error, or log-loss where the target is a like or an interaction. With
    `target=interaction` they make lists, see `RankedCandidates`; otherwise they predict ratings or
    likes, and with base models they are a stack. See `RatingFeatures` for the features; this needs
    the extra `trees`.

    Attributes:
        trees: the most trees; fewer where validation rows say so.
        patience: trees without a better validation loss before stopping.
        learning_rate: how much of a tree's answer counts.
        leaves: the most leaves of a tree.
        min_events: the fewest training events of a leaf.
        feature_share: share of the features that each tree may use.
        event_share: share of the events that each tree sees.
        l2: ridge on the values of leaves.
    """

    trees: Annotated[int, Field(gt=0, le=10_000)] = 1000
    patience: Annotated[int, Field(gt=0)] = 60
    learning_rate: Annotated[float, Field(gt=0, le=1), Space(0.01, 0.3, log=True)] = 0.05
    leaves: Annotated[int, Field(ge=2, le=1024), Space(4, 64, log=True)] = 15
    min_events: Annotated[int, Field(gt=0), Space(20, 1000, log=True)] = 200
    feature_share: Annotated[float, Field(gt=0, le=1), Space(0.2, 1)] = 0.5
    event_share: Annotated[float, Field(gt=0, le=1), Space(0.4, 1)] = 0.8
    l2: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 10.0

    event_bytes: ClassVar[float] = 300.0
    fitted_attributes: ClassVar[Declarations] = {
        "best_trees_": plain(int),
        "booster_": plain(str),
    }

    def _learn(self, inputs: Float32, truth: Float32, validation: ValidationRows, run: Run) -> None:
        lightgbm = require("lightgbm", "trees")
        settings = self._settings(len(inputs), threads_for(len(inputs), run))
        data = lightgbm.Dataset(inputs, truth, params=settings)
        further: dict[str, Any] = {}
        if validation is not None:
            further["valid_sets"] = [lightgbm.Dataset(*validation, reference=data)]
            further["callbacks"] = [lightgbm.early_stopping(self.patience, verbose=False)]
        with run.progress.task(f"{type(self).__name__}({self.target})"):
            booster = lightgbm.train(settings, data, self.trees, **further)
        self.best_trees_ = int(booster.best_iteration)
        if self.best_trees_ < 1:  # without validation all are kept
            self.best_trees_ = int(booster.current_iteration())
        self.booster_ = text_of(booster, self.best_trees_)

    def _settings(self, n_events: int, threads: int) -> dict[str, Any]:
        share = max(self.event_share, min(1.0, 1.5 / n_events))  # a tree needs an event
        return {
            "objective": "binary" if self.is_logistic else "regression",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_events,
            "feature_fraction": self.feature_share,
            "bagging_fraction": share,
            "bagging_freq": 1 if share < 1 else 0,
            "lambda_l2": self.l2,
            "seed": self.seed,
            # The same trees whatever the number of threads.
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads,
            "verbose": -1,
        }

    def _settled(self) -> dict[str, Any]:
        return {"trees": self.best_trees_}

    def n_parameters(self) -> int:
        """Numbers of the trees, of the features, and of all base models."""
        return super().n_parameters() + n_numbers(self.booster_)

    def importances(self) -> dict[str, float]:
        """By how much each input has reduced the training loss, as shares, largest first."""
        names = self.input_names()
        gains = split_gains(self.booster_, len(names))
        shares = gains / (gains.sum() or 1)
        return {names[n]: float(shares[n]) for n in np.argsort(-shares, kind="stable")}

    def _raw(self, inputs: Float32) -> Float64:
        return raw_predictions(self.booster_, inputs)
