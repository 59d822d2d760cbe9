"""A stack: several base models, and a linear model of their predictions."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy.special import expit

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Like, Rating, Target
from penchant.errors import ParameterError
from penchant.features import folds, one_fold
from penchant.models.base import Recommender, Signal
from penchant.models.blend.stacking import LinearStacker, fit_linear
from penchant.models.fitted_attributes import Declarations, Models, floats
from penchant.models.parameters import AnyTarget, Space
from penchant.models.shared.base_models import (
    BaseModelSpecs,
    any_has_evidence,
    base_predictions,
    fit_again,
    fit_base_models,
    scored_grid,
    specs_of,
)
from penchant.models.shared.targets import require_rating_or_like
from penchant.run import Run
from penchant.typing import AnyArray, Bool, Float32, Float64, Int32

RATING: Target = Rating()


class Blend(Recommender):
    """Stacked models: a linear model of their out-of-fold predictions.

    Base models are fitted on folds of the training events, so that each event is predicted by
    models that have not seen it, and then to all events. Their weights are learned on these
    predictions alone: Wolpert, "Stacked Generalization" (1992); Breiman, "Stacked Regressions"
    (1996). With `by_support` weights change with how much is known of the user and of the item:
    Sill et al., "Feature-Weighted Linear Stacking" (2009), eq. 4. With a target of likes it is a
    logistic regression, so that probabilities are calibrated.

    Base models that only rank, such as `ials`, take part with their scores. For trees on top of
    them see `boosted-trees:base_models=…`.

    Attributes:
        base_models: the models, such as `bias;ordinal`, or `(dot:dim=8,target=like>=4;bias)` with
            commas. One with a seed of its own keeps it.
        target: `rating`, `adjusted(5,1)` or `like>=4`.
        by_support: whether weights depend on the number of events of the user and of the item.
        folds: into how many parts training events are divided; each base model is fitted once for
            every part, and once to all events.
        holdout: the share of the training events that is held out once in place of folds, where
            these would take too long: each base model is fitted twice.
        l2: ridge on the weights, in events.
    """

    base_models: BaseModelSpecs = "bias;item-knn;ordinal"
    target: AnyTarget = RATING
    by_support: bool = True
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    holdout: Annotated[float, Field(gt=0, lt=1)] | None = None
    l2: Annotated[float, Field(ge=0), Space(0.1, 1000, log=True)] = 10.0

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"item_events_"})
    fitted_attributes: ClassVar[Declarations] = {
        "base_models_": Models(),
        "item_events_": floats("items+1", low=0),
        "weights_": floats("n_inputs+1", dtype="float64"),
        "means_": floats("n_inputs", dtype="float64"),
        "spreads_": floats("n_inputs", dtype="float64", low=1e-13),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not specs_of(self.base_models):
            raise ParameterError(
                f"{type(self).__name__} needs base models, such as base_models=bias;ials."
            )
        require_rating_or_like(self, self.target)

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.base_models_ = fit_base_models(self.base_models, train, validation, self.seed, run)
        self.item_events_ = np.append(train.item_counts, 0).astype(np.float32)
        if self.holdout is None:
            parts = folds(train, self.folds, self.seed)
        else:
            parts = iter([one_fold(train, self.holdout, self.seed)])
        inputs, ratings = [], []
        for known, rows, held in parts:
            predictions = base_predictions(fit_again(self.base_models_, known, run), rows)
            inputs.append(
                self._inputs(predictions, _support(rows, np.append(known.item_counts, 0)))
            )
            ratings.append(train.ratings[held])
        self.weights_, self.means_, self.spreads_ = fit_linear(
            np.concatenate(inputs),
            self.target.of_ratings(np.concatenate(ratings)),
            self.l2,
            logistic=self._is_logistic,
        )

    @property
    def _is_logistic(self) -> bool:
        return isinstance(self.target, Like)

    def _inputs(self, predictions: Float32, events: Float32) -> Float32:
        if not self.by_support:
            return predictions
        return np.hstack(
            [predictions, events, *(predictions * events[:, n : n + 1] for n in range(2))]
        )

    def n_parameters(self) -> int:
        """Weights, and the parameters of all base models."""
        own = len(self.weights_) + len(self.means_) + len(self.spreads_)
        return own + sum(model.n_parameters() for model in self.base_models_)

    def importances(self) -> dict[str, float]:
        """The weight of each base model's standardised predictions, at typical support."""
        self._require_fitted()
        n = len(self.base_models_)
        weights = self.weights_[:-1] / self.spreads_
        total = weights[:n]
        if self.by_support:
            events = self.means_[n : n + 2]
            total = (
                total + events[0] * weights[n + 2 : 2 * n + 2] + events[1] * weights[2 * n + 2 :]
            )
        scaled = total * self.spreads_[:n]
        return {repr(m): float(w) for m, w in zip(self.base_models_, scaled, strict=True)}

    # Predicting

    def _sums(self, rows: Rows) -> Float64:
        combined = LinearStacker(self.weights_, self.means_, self.spreads_)
        return combined(
            self._inputs(
                base_predictions(self.base_models_, rows), _support(rows, self.item_events_)
            )
        )

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], ratings or probabilities of a like, as the target says."""
        sums = self._sums(rows)
        return (expit(sums) if self._is_logistic else sums).astype(np.float32)

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], also true where a base model knows something of a user."""
        return any_has_evidence(self.base_models_, users) | super().has_evidence(users)

    def _scores(self, users: Histories) -> Float32:
        return scored_grid(users, None, self._sums)

    def _item_scores(self, users: Histories, items: Int32) -> Float32:
        return scored_grid(users, items, self._sums)


def _support(rows: Rows, item_events: AnyArray) -> Float32:
    """float32[n_rows, 2], the logarithm of 1 + the events of the user, and of the item."""
    events = np.stack([rows.histories.lengths[rows.history], item_events[rows.items]], 1)
    return np.asarray(np.log1p(events), np.float32)
