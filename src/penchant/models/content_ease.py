"""A linear item-to-item model whose rare and new items get their weights from their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.errors import ParameterError
from penchant.models.base import Learns
from penchant.models.content_parts import ContentParts
from penchant.models.ease_weights import ease_weights
from penchant.models.parameters import Space
from penchant.run import Run
from penchant.topk import CACHED_CELLS

Floats = npt.NDArray[np.float32]
Target = Literal["weights", "events"]


@dataclass(kw_only=True, eq=False, repr=False)
class ContentEASE(ContentParts):
    """EASE for items that have been seen often, a ridge on content for those that have not.

    The weights B of Steck (2019), eq. 8, say of each item which histories lead to it. A ridge
    regression over items with events learns from an item's content (labels, numbers, texts,
    pictures: see `penchant.features.item_content`) what its column of X B would be, users by
    items; a new item gets what its content leads one to expect. This maps attributes to a
    collaborative model, as Gantner et al., "Learning Attribute-to-Feature Mappings for Cold-Start
    Recommendations" (2010), in closed form. An item with n events counts n / (n + rare) by its own
    weights.

    A log without content has EASE alone. See `ContentParts` for what content counts.

    Attributes:
        l2: of EASE.
        content_l2: ridge of the regression on content.
        rare: how many events of an item weigh as much as its content.
        max_items: refuse catalogues beyond this size, whose dense matrix would not fit.
    """

    l2: Annotated[float, Field(gt=0), Space(1, 1e4, log=True)] = 500.0
    content_l2: Annotated[float, Field(gt=0), Space(1, 1000, log=True)] = 30.0
    rare: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 5.0
    max_items: Annotated[int, Field(gt=0)] = 40_000

    learns: ClassVar[Learns] = "pairs"
    block_cells: ClassVar[int] = CACHED_CELLS

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        weights = ease_weights(train, self.l2, self.max_items)
        f = self._weighted(train).astype(np.float64)
        if not f.shape[1]:
            self.weights_ = weights
            return
        counts = train.item_counts
        warm = np.flatnonzero(counts)
        f = np.column_stack([f, np.ones(len(f))])
        system = f[warm].T @ f[warm]
        system[np.diag_indices_from(system)] += self.content_l2
        # The map from items' own columns to those that content leads one to expect.
        smooth = np.linalg.solve(system, f.T)
        expected = (weights[:, warm] @ f[warm]) @ smooth
        own = counts / np.maximum(counts + self.rare, 1e-12)
        blended = weights * own + expected * (1 - own)
        np.fill_diagonal(blended, 0)
        self.weights_ = blended.astype(np.float32)

    def _scores(self, users: Histories) -> Floats:
        return np.asarray(users.matrix() @ self.weights_)

    def contributions(self, user: Histories, items: npt.NDArray[np.int32]) -> Floats:
        """float32[n_items, n_events], the weight of each event of the history for each item.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        if len(user) != 1:
            raise ParameterError("Contributions are computed for one user at a time.")
        return self.weights_[user.items][:, items].T * user.latest
