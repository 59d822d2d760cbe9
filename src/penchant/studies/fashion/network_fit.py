"""How a hybrid network came to its predictions: losses by epoch, predicted against actual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data import Split
from penchant.models import HybridRecommender, Recommender
from penchant.studies.fashion.setup import CONVERGED, N_PARAMETERS, ROW_PARAMETERS
from penchant.studies.records import TrainingCurve, predict, rounded
from penchant.studies.study import Graph, lines, points
from penchant.typing import Bool

_MOST_POINTS = 1500


@dataclass(frozen=True)
class NetworkFit:
    """A fitted network on the test rows of its split.

    Attributes:
        parameters: that it learned.
        published_parameters: those of the published network with as many users and items.
        curve: losses by epoch.
        best_epoch: whose weights are used.
        pearson: of predictions and ratings.
        ratings: of test rows, some of them where there are many.
        predictions: of these rows.
    """

    parameters: int
    published_parameters: int
    curve: TrainingCurve
    best_epoch: int
    pearson: float
    ratings: list[float]
    predictions: list[float]

    @classmethod
    def of(
        cls, network: Recommender, split: Split, rows: Bool | None = None, seed: int = 0
    ) -> NetworkFit:
        """Describe a network that was fitted to the training part of a split.

        Args:
            network: the network.
            split: what it was fitted to.
            rows: bool[n], the test rows that count; all by default.
            seed: decides which of many rows are kept.
        """
        assert isinstance(network, HybridRecommender)
        assert split.test.ratings is not None  # what a hybrid is trained on here
        wanted = np.ones(len(split.test.ratings), bool) if rows is None else rows
        ratings = split.test.ratings[wanted]
        predictions = predict(network, split.test.rows)[wanted]
        kept = np.random.default_rng(seed).permutation(len(ratings))[:_MOST_POINTS]
        constant = not ratings.std() or not predictions.std()
        return cls(
            parameters=network.n_parameters(),
            published_parameters=N_PARAMETERS
            + ROW_PARAMETERS * (split.log.n_users + split.log.n_items),
            curve=TrainingCurve(
                training=rounded([row["loss"] for row in network.curve_]),
                validation=[
                    None if (loss := row.get("validation_loss")) is None else round(loss, 6)
                    for row in network.curve_
                ],
            ),
            best_epoch=network.best_epoch_,
            pearson=0.0 if constant else float(np.corrcoef(ratings, predictions)[0, 1]),
            ratings=rounded(ratings[kept]),
            predictions=rounded(predictions[kept], 4),
        )

    @property
    def converged(self) -> int:
        """The first epoch in which 95 % of the fall of the loss is done, on validation rows if any.

        The fall is from the first epoch's loss to the lowest one.
        """
        validation = [loss for loss in self.curve.validation if loss is not None]
        losses = validation or self.curve.training
        goal = min(losses) + 0.05 * (losses[0] - min(losses))
        return next(n for n, loss in enumerate(losses, 1) if loss <= goal)

    def convergence(self, of: str) -> Graph:
        """Losses by epoch, with the epoch that is kept and the published one."""
        return lines(
            f"Convergence: loss of {of} by epoch.",
            {"training rows": self.curve.training, "validation rows": self.curve.validation},
            y="mean absolute error",
            places={"kept": float(self.best_epoch), "published": float(CONVERGED)},
        )

    def scatter(self, of: str) -> Graph:
        """Predicted against actual ratings."""
        return points(
            f"Predicted against actual ratings of {of}: correlation {self.pearson:.3f}.",
            self.ratings,
            self.predictions,
        )
