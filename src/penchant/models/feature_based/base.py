"""The common part of models that predict ratings or likes from features of user and item."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.special import expit

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Like, Rating, Target
from penchant.errors import DataError
from penchant.features import FeatureSet, Tables, out_of_fold
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import Declarations, Models, floats, integers, offsets, plain
from penchant.models.parameters import AnyTarget
from penchant.models.shared.base_models import (
    BaseModelSpecs,
    any_has_evidence,
    base_predictions,
    fit_base_models,
    out_of_fold_predictions,
    scored_grid,
)
from penchant.models.shared.targets import require_rating_or_like
from penchant.run import Run
from penchant.typing import Bool, Float32, Float64, Int32

ValidationRows = tuple[Float32, Float32] | None
"""Inputs and targets of validation rows."""

RATING: Target = Rating()


class RatingFeatures(Recommender):
    """A learner on top of `penchant.features`.

    Features are the deviations, counts, spreads and levels of ratings of users, items and labels
    (each text or category of the tables of items and users), how the user rates what shares a
    label with the item, and numeric columns. For training events they are computed from the other
    folds, so that no event tells its own answer. A user's features come from the history given:
    new users and changed histories have theirs.

    Attributes:
        target: `rating`, `adjusted(5,1)` or `like>=4`.
        threshold: the rating from which features count an event as a like; None takes that of
            the target, or else the upper quarter of the scale.
        base_models: further models whose out-of-fold predictions are features, such as
            `ials;item-knn`, or `(dot:dim=8,target=like>=4;ials)` with commas.
        folds: into how many parts training events are divided.
    """

    target: AnyTarget = RATING
    threshold: float | None = None
    base_models: BaseModelSpecs = ""
    folds: Annotated[int, Field(ge=2, le=100)] = 10

    signal: ClassVar[Signal] = "ratings"
    event_bytes: ClassVar[float] = 800.0
    needs_ratings: ClassVar[bool] = True
    with_ids: ClassVar[bool] = False
    ranks: ClassVar[bool] = False  # whether interactions can be learned, too
    fitted_attributes: ClassVar[Declarations] = {
        "base_models_": Models(),
        "scale_": plain(list[float], 3),
        "scale_levels_": floats("n_levels"),
        "scale_shares_": floats("n_levels", dtype="float64"),
        "item_feature_names_": plain(list[str], "n_item_features"),
        "item_features_": floats("items+1", "n_item_features", missing=True),
        "item_number_names_": plain(list[str], "n_item_numbers"),
        "item_numbers_": floats("items+1", "n_item_numbers", missing=True),
        "user_feature_names_": plain(list[str], "n_user_features"),
        "user_features_": floats("users+1", "n_user_features", missing=True),
        "label_names_": plain(list[str], "n_label_columns"),
        "label_sizes_": plain(list[int], "n_label_columns", lengths_of="n_labels_*"),
        "label_*_offsets_": offsets("items+2", of="n_label_*_values", optional=True),
        "label_*_values_": integers(
            "n_label_*_values", dtype="int32", below="n_labels_*", optional=True
        ),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.ranks:
            require_rating_or_like(self, self.target)

    @abstractmethod
    def _learn(self, inputs: Float32, truth: Float32, validation: ValidationRows, run: Run) -> None:
        """Learn float32[n] targets from float32[n, n_inputs], which may be NaN.

        A class with `with_ids` has the indices of user and item, -1 for unknown ones, as the last
        two inputs.
        """

    @abstractmethod
    def _raw(self, inputs: Float32) -> Float64:
        """float64[n], the target, or log-odds where it is a like."""

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        if len(train) < 2:
            raise DataError(
                f"{type(self).__name__} learns each event from what the others say of it, and the "
                f"log {train.name!r} has one: use another model, such as bias."
            )
        like = self._threshold(train)
        tables = Tables.of(train)
        self.base_models_: Any = fit_base_models(
            self.base_models, train, validation, self.seed, run.of_parts()
        )
        vars(self).update(tables.fit(train, like).state())
        inputs = out_of_fold(train, self.folds, self.seed, _featured(tables, like))
        if np.isinf(inputs).any():
            raise DataError(
                f"The ratings of the log {train.name!r} are too large to be compared by "
                f"{type(self).__name__}: bring them to a common scale first."
            )
        if self.base_models_:
            predictions = out_of_fold_predictions(
                self.base_models_, train, self.folds, self.seed, run.of_parts()
            )
            inputs = np.hstack([inputs, predictions])
        if self.with_ids:
            owners = (train.events[c].to_numpy()[:, None] for c in ("user", "item"))
            inputs = np.hstack([inputs, *owners], dtype=np.float32, casting="unsafe")
        validation_rows = None
        if validation is not None and validation.ratings is not None:
            validation_rows = (
                self._inputs(validation.rows),
                self.target.of_ratings(validation.ratings),
            )
        self._learn(inputs, self.target.of_ratings(train.ratings), validation_rows, run)

    def _threshold(self, train: Dataset) -> float:
        if self.threshold is not None:
            return self.threshold
        if isinstance(self.target, Like):
            return self.target.threshold
        return train.like_threshold

    @property
    def is_logistic(self) -> bool:
        """Whether what is learned are log-odds."""
        return isinstance(self.target, Like)

    def n_parameters(self) -> int:
        """Numbers that were learned, those of features and of all base models among them."""
        of_models: int = sum(model.n_parameters() for model in self.base_models_)
        return super().n_parameters() + of_models

    @property
    def features(self) -> FeatureSet:
        """The fitted features, with their names."""
        self._require_fitted()
        return FeatureSet.from_state(vars(self))

    def input_names(self) -> list[str]:
        """What each input is: the features, and then the base models."""
        return [*self.features.names, *map(repr, self.base_models_)]

    def _inputs(self, rows: Rows) -> Float32:
        parts = [FeatureSet.from_state(vars(self)).of_rows(rows)]
        if self.base_models_:
            parts.append(base_predictions(self.base_models_, rows))
        if self.with_ids:
            parts += [ids.astype(np.float32)[:, None] for ids in (rows.users, rows.items)]
        return np.hstack(parts) if len(parts) > 1 else parts[0]

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], ratings or probabilities of a like, as the target says."""
        raw = self._raw(self._inputs(rows))
        return (expit(raw) if self.is_logistic else raw).astype(np.float32)

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], also true where the user table or a base model knows of a user."""
        features: Float32 = vars(self)["user_features_"]
        described = ~np.isnan(features[users.users]).all(axis=1)
        known = described | super().has_evidence(users)
        return any_has_evidence(self.base_models_, users) | known

    def _scores(self, users: Histories) -> Float32:
        return scored_grid(users, None, lambda rows: self._raw(self._inputs(rows)))

    def _item_scores(self, users: Histories, items: Int32) -> Float32:
        return scored_grid(users, items, lambda rows: self._raw(self._inputs(rows)))


def _featured(tables: Tables, like: float) -> Callable[[Dataset, Rows], Float32]:
    return lambda known, rows: tables.fit(known, like).of_rows(rows)
