"""Which items were rated alike, and on whose word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.markup import item_values
from penchant.data.required import require_log
from penchant.data.vocabulary import Id
from penchant.errors import DataError, ParameterError, UnknownIdError
from penchant.models.lists import report_nothing_alike
from penchant.models.neighbours.entities import (
    COMPARE_RATINGS,
    Similarity,
    item_entities,
)
from penchant.models.neighbours.similarity import similarity
from penchant.models.shared.sparse_rows import product
from penchant.topk import require_length, tie_order


def similar(
    log: Dataset,
    items: Sequence[Id],
    k: int = 10,
    *,
    similarity_of: Similarity = "pearson",
    shrinkage: float = 10.0,
    min_common: int = 2,
) -> pl.DataFrame:
    """The k items whose ratings correlate most with those of each of these.

    A correlation over two or three users is 1 or nothing: `co_raters` says how many there were,
    `shrinkage` multiplies by n / (n + shrinkage), and fewer than `min_common` count as none. With
    `similarity_of="correlation"`, `shrinkage=0` and `min_common=1` it is the correlation of whole
    columns in which everybody who has not rated stands with 0: nearly all of them then are about
    0 but for items that share a user.

    Args:
        log: with ratings, unless the similarity is cosine or jaccard.
        items: ids.
        k: how many for each; fewer where not as many have a similarity above 0.
        similarity_of: see `penchant.models.ItemKNN`.
        shrinkage: see above.
        min_common: see above.

    Returns:
        A frame with `item` (queried for), `rank` from 1, `similar` (the other item, never twice),
        `title`, `similarity`, `co_raters`, `brand`, `overall_mean` and `overall_count` (of all
        ratings of the similar item); null where the log does not say. An item that no other is
        similar to has no row; a warning names it.

    Raises:
        DataError: the log has no ratings.
        ParameterError: an argument is impossible.
        UnknownIdError: an item is not in the log.

    Example:
        >>> from penchant.testing import planted_ratings
        >>> log = planted_ratings()
        >>> found = pn.similar(log, [log.items.ids[0]], k=2)
        >>> found["rank"].to_list(), bool((found["co_raters"] >= 2).all())
        ([1, 2], True)
    """
    require_log(log)
    require_length(k)
    if shrinkage < 0 or min_common < 1:
        raise ParameterError("min_common is at least 1, and shrinkage is not below 0.")
    queried = log.items.indices(items)
    if (queried < 0).any():
        missing = list(items)[int(np.flatnonzero(queried < 0)[0])]
        raise UnknownIdError(f"The log {log.name!r} has no item {missing!r}.")
    if similarity_of in COMPARE_RATINGS and not log.has_ratings:
        raise DataError(
            f"The log {log.name!r} has no ratings to correlate: compare who had both items, with "
            "similarity_of='cosine' or 'jaccard' (--similarity cosine)."
        )
    entities = item_entities(log, similarity_of)
    queries = entities.take(queried)
    similarities = similarity(queries, entities, similarity_of, shrinkage, min_common)
    common = product(queries.binary, entities.binary)
    place = np.arange(len(queried))
    similarities[place, queried] = 0
    order = tie_order(log.n_items)
    best = order[np.argsort(-similarities[:, order], axis=1, kind="stable")[:, :k]]
    row, rank = np.nonzero(np.take_along_axis(similarities, best, 1) > 0)
    neighbours = best[row, rank]
    alone = log.items.take(np.setdiff1d(queried, queried[row]))
    report_nothing_alike(alone, reason_for_none(min_common))
    return pl.DataFrame(
        [
            log.items.take(queried[row]).alias("item"),
            pl.Series("rank", rank + 1, dtype=pl.Int32),
            log.items.take(neighbours).alias("similar"),
            item_values(log.item_table, "title", neighbours),
            pl.Series("similarity", similarities[row, neighbours], dtype=pl.Float32),
            pl.Series("co_raters", common[row, neighbours], dtype=pl.Int32),
            item_values(log.item_table, "brand", neighbours),
            *_statistics(log, neighbours),
        ]
    )


def reason_for_none(min_common: int) -> str:
    """Why an item has no similar ones."""
    raters = "common rater" if min_common == 1 else "common raters"
    return (
        f"no item has a similarity above 0 by {min_common} {raters} or more (min_common=, "
        "--min-common)"
    )


def _statistics(log: Dataset, items: np.ndarray) -> list[pl.Series]:
    count = log.item_counts
    mean = pl.Series("overall_mean", [None] * len(items), dtype=pl.Float64)
    if log.has_ratings:
        total = np.bincount(log.events["item"].to_numpy(), log.ratings, log.n_items)
        mean = pl.Series("overall_mean", (total / np.maximum(count, 1))[items])
    return [mean, pl.Series("overall_count", count[items], dtype=pl.UInt32)]
