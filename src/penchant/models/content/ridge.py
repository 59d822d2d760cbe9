"""Predict the columns of an item-to-item model from items' content, by ridge regression."""

from __future__ import annotations

import numpy as np

from penchant.typing import AnyInt, Bool, Float32, Float64


class ContentRidge:
    """A ridge regression of columns of X B on content, over the items that have events.

    Content is mapped to a collaborative model, as Gantner et al., "Learning Attribute-to-Feature
    Mappings for Cold-Start Recommendations" (2010), in closed form. What does not depend on the
    ridge or on what parts of the content weigh is computed once, so that many settings can be
    tried.

    Args:
        weights: float32[n_items, n_items], B, as of `ease_weights`.
        content: float32[n_items, n].
        warm: bool[n_items], the items that have events.
    """

    def __init__(self, weights: Float32, content: Float32, warm: Bool) -> None:
        self.content = np.column_stack([content, np.ones(len(content))]).astype(np.float64)
        known = self.content[warm]
        self._gram = known.T @ known
        self._carried = weights[:, warm] @ known

    def columns(self, items: AnyInt, l2: float, scales: Float64 | None = None) -> Float64:
        """float64[n_items, n], for each of the items the weights of all others.

        Args:
            items: int[n].
            l2: the ridge.
            scales: float64[n_columns], by what each column of the content is multiplied; 1 by
                default.
        """
        scale = np.append(np.ones(len(self._gram) - 1) if scales is None else scales, 1.0)
        used = np.flatnonzero(scale)
        by = scale[used]
        system = self._gram[np.ix_(used, used)] * by[:, None] * by
        system[np.diag_indices_from(system)] += l2
        asked = (self.content[items][:, used] * by).T
        found: Float64 = self._carried[:, used] @ (by[:, None] * np.linalg.solve(system, asked))
        return found
