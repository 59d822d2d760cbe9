"""The common part of models that predict likes from an item's binary attributes."""

from __future__ import annotations

import copy
from typing import Annotated, Any, ClassVar, Self, cast

import numpy as np
from pydantic import PlainValidator

from penchant.data.attributes.binary import item_attributes
from penchant.data.dataset import Dataset
from penchant.data.target import Like, Target
from penchant.errors import ParameterError
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, integers, plain
from penchant.models.shared.updating import Updating
from penchant.typing import UInt8


def _parse(value: Any) -> Target | None:
    return None if value is None else Target.parse(value)


class _LikesOfLog:
    """The target as it was given; where it was left open, what fitting made of the log's scale."""

    def __get__(self, model: AttributeModel | None, owner: type) -> Target | None:
        if model is None:
            return None  # the default
        given: Target | None = vars(model)["target"]
        if given is None and hasattr(model, "threshold_"):
            return Like(model.threshold_)
        return given

    def __set__(self, model: AttributeModel, target: Target | None) -> None:
        vars(model)["target"] = target


class AttributeModel(Updating):
    """A model of likes that knows items by their attributes only.

    Items with the same attributes share a pattern, so that each pattern is computed once.

    Attributes:
        target: what is predicted, such as `like>=4`; None takes the log's likes, which are the
            upper quarter of its scale, such as 4 of 1 to 5 and 8 of 1 to 10. A fitted model says
            which these are.
        column: the column of the item table that holds the attributes.
    """

    target: Annotated[Target, PlainValidator(_parse)] = cast(Target, _LikesOfLog())
    column: str = "genres"

    signal: ClassVar[Signal] = "attributes"
    needs_ratings: ClassVar[bool] = True
    bookkeeping: ClassVar[frozenset[str]] = frozenset(
        {"item_attributes_", "patterns_", "pattern_of_item_"}
    )
    fitted_attributes: ClassVar[Declarations] = {
        "threshold_": plain(float, optional=True),  # of the likes, where the target is left open
        "attributes_": plain(list[str], "n_attributes"),
        "item_attributes_": integers("items", "n_attributes", dtype="uint8", below=2),
        "patterns_": integers("n_patterns", "n_attributes", dtype="uint8", below=2),
        "pattern_of_item_": integers("items", below="n_patterns"),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.target, Like | None):
            raise ParameterError(
                f"{type(self).__name__} predicts likes, and the target is {self.target}: use one "
                "such as like>=4."
            )

    def params(self) -> dict[str, Any]:
        """The hyper-parameters by name; a target that was left open stays so."""
        return super().params() | {"target": vars(self)["target"]}

    def _read_log(self, train: Dataset) -> None:
        """Set what a like is, and the attributes of items and their patterns."""
        if vars(self)["target"] is None:
            self.threshold_ = float(train.like_threshold)
        attributes = item_attributes(train, self.column)
        self.attributes_ = list(attributes.names)
        self._set_attributes(attributes.matrix)

    def _set_attributes(self, matrix: UInt8) -> None:
        self.item_attributes_ = matrix
        self.patterns_, pattern = np.unique(matrix, axis=0, return_inverse=True)
        self.pattern_of_item_ = pattern.ravel().astype(np.int64)

    def with_attributes(self, matrix: UInt8) -> Self:
        """A copy that has learned the same and takes items for others, to ask what if.

        Args:
            matrix: uint8[n_items, n_attributes] of 0 and 1, the attributes of the items instead.

        Raises:
            NotFittedError: the model has not been fitted.
            ParameterError: the matrix is of other items or attributes, or of other numbers.
        """
        self._require_fitted()
        if matrix.shape != self.item_attributes_.shape or not np.isin(matrix, (0, 1)).all():
            raise ParameterError(
                f"Attributes must be zeros and ones of the shape {self.item_attributes_.shape}."
            )
        model = copy.copy(self)
        model._set_attributes(matrix.astype(np.uint8))
        return model
