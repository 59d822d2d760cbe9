"""Read the kinds of content that the hybrid network uses, as arrays."""

from __future__ import annotations

import numpy as np

from penchant.data.dataset import Dataset
from penchant.encoders.tabular.pca import PrincipalComponents
from penchant.errors import DataError
from penchant.features.item_content import ItemContent
from penchant.models.shared.content_kinds import PARTS
from penchant.typing import Float32


def content_of(
    train: Dataset, kinds: str, *, text_dim: int, picture_dim: int, reviews: bool, seed: int
) -> dict[str, Float32]:
    """float32[n_items, n] for each kind that the log has, zeros for items without any.

    Args:
        train: the log; texts and pictures are compressed as suits items with events.
        kinds: see `penchant.models.shared.content_kinds.Kinds`.
        text_dim: length of the texts' vectors.
        picture_dim: to which length those of pictures are brought where they are longer.
        reviews: whether items' training reviews are part of their text.
        seed: of the texts' vectors.
    """
    found = {}
    for kind in kinds.split(";") if kinds else ():
        try:
            read = ItemContent.of(train, PARTS[kind], dim=text_dim, reviews=reviews, seed=seed)
        except DataError:  # the log has none of this kind
            continue
        rows = read.together()
        if kind == "picture" and rows.shape[1] > picture_dim:
            shown = (rows != 0).any(axis=1)
            there = rows[shown & (train.item_counts > 0)]
            components = PrincipalComponents(dim=min(picture_dim, len(there) - 1)).fit(there)
            rows = np.where(shown[:, None], components.encode(rows), np.float32(0))
        found[kind] = rows
    return found
