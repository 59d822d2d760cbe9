"""The common part of models that predict likes from an item's binary attributes."""

from __future__ import annotations

import copy
from typing import ClassVar, Self

import numpy as np

from penchant.data.attributes.binary import item_attributes
from penchant.data.dataset import Dataset
from penchant.data.target import Like, Target
from penchant.errors import ParameterError
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, integers, plain
from penchant.models.parameters import AnyTarget
from penchant.models.shared.updating import Updating
from penchant.typing import UInt8

LIKE: Target = Like(4.0)


class AttributeModel(Updating):
    """A model of likes that knows items by their attributes only.

    Items with the same attributes share a pattern, so that each pattern is computed once.

    Attributes:
        target: what is predicted, such as `like>=4`.
        column: the column of the item table that holds the attributes.
    """

    target: AnyTarget = LIKE
    column: str = "genres"

    signal: ClassVar[Signal] = "attributes"
    needs_ratings: ClassVar[bool] = True
    bookkeeping: ClassVar[frozenset[str]] = frozenset(
        {"item_attributes_", "patterns_", "pattern_of_item_"}
    )
    fitted_attributes: ClassVar[Declarations] = {
        "attributes_": plain(list[str], "n_attributes"),
        "item_attributes_": integers("items", "n_attributes", dtype="uint8", below=2),
        "patterns_": integers("n_patterns", "n_attributes", dtype="uint8", below=2),
        "pattern_of_item_": integers("items", below="n_patterns"),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.target, Like):
            raise ParameterError(
                f"{type(self).__name__} predicts likes, and the target is {self.target}: use one "
                "such as like>=4."
            )

    def _read_attributes(self, train: Dataset) -> None:
        """Set the attributes of items, uint8[n_items, n_attributes], and their patterns."""
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
