"""The common part of content models: which parts of items' content count, and how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from pydantic import AfterValidator, BeforeValidator, Field

from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.features.item_content import PARTS, ItemContent
from penchant.models.base import Recommender
from penchant.models.fitted_attributes import Declarations, plain
from penchant.models.parameters import Space
from penchant.typing import Bool, Float32


def _weights(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = ";".join(f"{name}={weight}" for name, weight in value.items())
    return value.strip() if isinstance(value, str) else value


def column_weights(text: str) -> dict[str, float]:
    """The weight of each column by its name.

    Raises:
        ValueError: the text is not `picture=2;sentences=3`.
    """
    found = {}
    for part in text.split(";") if text else ():
        name, equals, weight = part.rpartition("=")
        if not equals or not name.strip():
            raise ValueError(f"{part!r} must be written column=weight, as in picture=2")
        number = float(weight)
        if not 0 <= number < math.inf:
            raise ValueError(f"the weight of {name.strip()} must be 0 or more")
        found[name.strip()] = number
    return found


def _checked(text: str) -> str:
    column_weights(text)
    return text


Columns = Annotated[str, BeforeValidator(_weights), AfterValidator(_checked)]
"""A field that names weights of columns, such as `picture=2;sentences=3`."""


class ContentParts(Recommender):
    """What models have in common that are shown one vector of all that is known of an item.

    Attributes:
        labels: weight of the block of labels; 0 leaves it out.
        numbers: the same for intervals of numbers.
        text: the same for text vectors.
        vectors: the same for columns of arrays, such as pictures' vectors.
        column_weights: the same for single columns of arrays, such as `picture=2;sentences=0.5`.
        text_dim: length of the text vectors.
    """

    labels: Annotated[float, Field(ge=0), Space(0, 3)] = 1.0
    numbers: Annotated[float, Field(ge=0), Space(0, 3)] = 1.0
    text: Annotated[float, Field(ge=0), Space(0, 5)] = 1.0
    vectors: Annotated[float, Field(ge=0), Space(0, 5)] = 1.0
    column_weights: Columns = ""
    text_dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 128

    fitted_attributes: ClassVar[Declarations] = {
        "content_parts_": plain(list[str]),
    }

    def _weighted(self, train: Dataset) -> Float32:
        """float32[n_items, n], the blocks side by side, each multiplied by its weight.

        Without any content n is 0.
        """
        shares = {part: getattr(self, part) for part in PARTS}
        single = column_weights(self.column_weights)
        self._refuse_unknown([name for name, weight in single.items() if weight > 0], train)
        shares |= {f"vectors {name}": weight for name, weight in single.items()}
        wanted = {name.split()[0] for name, share in shares.items() if share > 0}
        parts = tuple(part for part in PARTS if part in wanted)
        try:
            content = ItemContent.of(train, parts, dim=self.text_dim, seed=self.seed)
        except DataError:
            self.content_parts_: list[str] = []
            return np.zeros((train.n_items, 0), np.float32)
        self.content_parts_ = [n for n in content.blocks if shares.get(n, shares[n.split()[0]]) > 0]
        return content.together(shares)

    def _refuse_unknown(self, names: list[str], train: Dataset) -> None:
        table = train.item_table
        arrays = [] if table is None else [c.name for c in table if isinstance(c.dtype, pl.Array)]
        for name in names:
            if name not in arrays:
                raise ParameterError(
                    f"{type(self).__name__} is to weigh the column {name!r}, and the items of "
                    f"{train.name!r} have {', '.join(arrays) or 'no columns of arrays'}: name one "
                    "of these, or leave it out of column_weights=."
                )

    def _content(self, train: Dataset) -> Float32:
        """float32[n_items, n], the same, centred and scaled.

        Columns are centred and the whole scaled to rows of length 1 on average, by the items
        that have training events, so that learning rates and penalties suit any content. Items
        of which a log tells nothing at all are zeros: they are like the average.
        """
        rows = self._weighted(train)
        if not rows.shape[1]:
            return rows
        warm = train.item_counts > 0
        told: Bool = np.asarray(rows.any(axis=1))
        if (warm & told).any():
            rows[told] -= rows[warm & told].mean(axis=0)
        length = np.linalg.norm(rows[warm], axis=1).mean(dtype=np.float64)
        found: Float32 = np.asarray(rows / (length or 1.0), np.float32)
        return found
