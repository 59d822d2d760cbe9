"""Parameters that say what of the items' content a model is shown, and how much it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.features.item_content import PARTS, ItemContent
from penchant.models.base import Recommender
from penchant.models.parameters import Space

Floats = npt.NDArray[np.float32]


@dataclass(kw_only=True, eq=False, repr=False)
class ContentParts(Recommender):
    """What models have in common that are shown one vector of all that is known of an item.

    Attributes:
        labels: weight of the block of labels; 0 leaves it out.
        numbers: the same for intervals of numbers.
        text: the same for text vectors.
        vectors: the same for columns of arrays, such as pictures' vectors.
        text_dim: length of the text vectors.
    """

    labels: Annotated[float, Field(ge=0), Space(0, 3)] = 1.0
    numbers: Annotated[float, Field(ge=0), Space(0, 3)] = 1.0
    text: Annotated[float, Field(ge=0), Space(0, 5)] = 1.0
    vectors: Annotated[float, Field(ge=0), Space(0, 5)] = 1.0
    text_dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 128

    def _weighted(self, train: Dataset) -> Floats:
        """float32[n_items, n], the blocks side by side, each multiplied by its weight.

        Without any content n is 0.
        """
        shares = {part: getattr(self, part) for part in PARTS}
        wanted = tuple(part for part in PARTS if shares[part] > 0)
        try:
            content = ItemContent.of(train, wanted, dim=self.text_dim, seed=self.seed)
        except DataError:
            self.content_parts_: list[str] = []
            return np.zeros((train.n_items, 0), np.float32)
        self.content_parts_ = list(content.blocks)
        return content.together(shares)

    def _content(self, train: Dataset) -> Floats:
        """float32[n_items, n], the same, centred and scaled.

        Columns are centred and the whole scaled to rows of length 1 on average, by the items
        that have training events, so that learning rates and penalties suit any content. Items
        of which a log tells nothing at all are zeros: they are like the average.
        """
        rows = self._weighted(train)
        if not rows.shape[1]:
            return rows
        warm = train.item_counts > 0
        told: npt.NDArray[np.bool_] = np.asarray(rows.any(axis=1))
        if (warm & told).any():
            rows[told] -= rows[warm & told].mean(axis=0)
        length = np.linalg.norm(rows[warm], axis=1).mean(dtype=np.float64)
        found: Floats = np.asarray(rows / (length or 1.0), np.float32)
        return found
