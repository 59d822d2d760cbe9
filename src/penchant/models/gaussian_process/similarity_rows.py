"""Represent each kind of similarity of items as rows whose products are covariances."""

from __future__ import annotations

import numpy as np
from scipy.sparse import diags_array
from scipy.sparse.linalg import svds

from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.features.item_content import ItemContent
from penchant.models.shared.content_kinds import PARTS
from penchant.typing import Bool, Float32

ALL, RATERS = "all", "raters"
_NOTHING = 1e-5  # the share of rows' length below which they do not differ
_FEW = 10.0  # how many events of an item count as much as knowing nothing of who rated it


def similarity_rows(
    train: Dataset, kinds: str, *, text_dim: int, raters: int, seed: int
) -> dict[str, Float32]:
    """float32[n_items + 1, n] for each way in which items may be alike.

    The last row is that of an item of which nothing is known. Rows have a mean square length of 1
    over the items with events, and are centred on them, but for `all`, which makes all items alike.

    Args:
        train: the log, with whatever its item table says.
        kinds: of content; see `penchant.models.shared.content_kinds.Kinds`.
        text_dim: length of the texts' vectors.
        raters: length of the vectors that say by whom an item was rated; 0 for none.
        seed: of the vectors of texts and raters.
    """
    found = {ALL: np.ones((train.n_items, 1), np.float32)}
    parts = tuple(part for kind in kinds.split(";") if kind for part in PARTS[kind])
    if parts:
        try:
            content = ItemContent.of(train, parts, dim=text_dim, seed=seed)
            found |= content.blocks
        except DataError:  # the log says nothing of its items
            pass
    warm = train.item_counts > 0
    found = {n: rows if n == ALL else _centred(rows, warm) for n, rows in found.items()}
    # What tells no two items with events apart has no part in anything.
    found = {n: rows for n, rows in found.items() if rows[warm].any()}
    if raters and (rows := _rater_rows(train, raters, seed)) is not None:
        found[RATERS] = rows
    nothing = {name: np.full((1, rows.shape[1]), name == ALL) for name, rows in found.items()}
    return {
        name: np.vstack([rows, nothing[name]]).astype(np.float32) for name, rows in found.items()
    }


def _centred(rows: Float32, warm: Bool) -> Float32:
    """Centred and scaled by items with events; items of which nothing is told stay zero."""
    told: Bool = np.asarray(rows.any(axis=1))
    both = told & warm
    if not both.any():
        return np.zeros_like(rows)
    moved = np.where(told[:, None], rows - rows[both].mean(axis=0), np.float32(0))
    length, before = (
        np.sqrt(np.square(each[both]).sum(axis=1).mean(dtype=np.float64)) for each in (moved, rows)
    )
    if length <= _NOTHING * before:  # all alike, but for rounding
        return np.zeros_like(rows)
    found: Float32 = np.asarray(moved / length, np.float32)
    return found


def _rater_rows(train: Dataset, dim: int, seed: int) -> Float32 | None:
    """By whom items were rated, whatever the rating.

    The directions are those of the normalised matrix of events, as in spectral clustering. Rows of
    unit length are centred, and shorter for items with few events.
    """
    x = train.histories.matrix("seen").astype(np.float64)
    counts = train.item_counts.astype(np.float64)
    k = min(dim, min(x.shape) - 1, int((counts > 0).sum()) - 1)
    if k < 1:
        return None
    users = np.maximum(np.asarray(x.sum(axis=1)).ravel(), 1)
    even = diags_array(users**-0.5) @ x @ diags_array((counts + _FEW) ** -0.5)
    start = np.random.default_rng(seed).normal(size=min(even.shape))
    _, strengths, directions = svds(even.tocsr(), k=k, v0=start)
    rows = (directions * strengths[:, None]).T
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-9)
    centred = _centred(np.asarray(unit, np.float32), counts > 0)
    found: Float32 = np.asarray(centred * np.sqrt(counts / (counts + _FEW))[:, None], np.float32)
    return found
