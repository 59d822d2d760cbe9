"""A linear item-to-item model whose new items get their weights from their content."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.content.parts import ContentParts
from penchant.models.content.ridge import ContentRidge
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.models.shared.item_weights import ItemWeights, ease_ridge, ease_weights
from penchant.run import Run

Target = Literal["weights", "events"]


class ContentEASE(ItemWeights, ContentParts):
    """EASE for items that have been seen, a ridge on content for those that have not.

    The weights B of Steck (2019), eq. 8, say of each item which histories lead to it. A ridge
    regression over items with events learns from an item's content (labels, numbers, texts,
    pictures: see `penchant.features.item_content`) what its column of X B would be, users by
    items; a new item gets what its content leads one to expect (see `ContentRidge`). An item with
    n events counts n / (n + shrinkage) by its own weights. Few events tell more than content
    does: users who find an item that hardly anybody knows differ from those who like its kind,
    so that `shrinkage` is 0 unless validation says otherwise.

    A log without content has EASE alone. See `ContentParts` for what content counts.

    Attributes:
        l2: of EASE; None is what `ease_ridge` says of the log.
        l2_content: ridge of the regression on content.
        shrinkage: how many events of an item weigh as much as its content.
        max_items: refuse catalogues beyond this size, whose dense matrix would not fit.
    """

    l2: Annotated[float | None, Field(gt=0), Space(1, 1e4, log=True)] = None
    l2_content: Annotated[float, Field(gt=0), Space(1, 1000, log=True)] = 30.0
    shrinkage: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 0.0
    max_items: Annotated[int, Field(gt=0)] = 40_000

    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"l2_"})
    fitted_attributes: ClassVar[Declarations] = {
        "weights_": floats("items", "items"),
        "l2_": plain(float),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.l2_ = ease_ridge(train, self.l2)
        weights = ease_weights(train, self.l2_, self.max_items)
        content = self._weighted(train)
        if content.shape[1]:
            counts = train.item_counts
            own = counts / np.maximum(counts + self.shrinkage, 1e-12)
            some = np.flatnonzero(own < 1)
            ridge = ContentRidge(weights, content, counts > 0)
            expected = ridge.columns(some, self.l2_content)
            weights[:, some] = weights[:, some] * own[some] + expected * (1 - own[some])
            np.fill_diagonal(weights, 0)
        self.weights_ = weights
