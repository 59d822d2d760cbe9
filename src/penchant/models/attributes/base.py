"""The common part of models that predict likes from an item's binary attributes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from penchant.data.attributes.binary import item_attributes
from penchant.data.dataset import Dataset
from penchant.data.target import Like, Target
from penchant.errors import ParameterError
from penchant.models.base import Signal
from penchant.models.parameters import AnyTarget
from penchant.models.shared.updating import Updating

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
        self.item_attributes_ = attributes.matrix
        self.patterns_, pattern = np.unique(attributes.matrix, axis=0, return_inverse=True)
        self.pattern_of_item_ = pattern.ravel().astype(np.int64)
