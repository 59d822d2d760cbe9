"""Which items stand in the same baskets, and how far beyond chance that is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self, get_args

import numpy as np
import polars as pl
from scipy import sparse
from scipy.stats import hypergeom

from penchant.data.dataset import Dataset
from penchant.data.markup import item_values
from penchant.data.required import require_log
from penchant.data.vocabulary import Id, Vocabulary
from penchant.errors import DataError, ParameterError, UnknownIdError
from penchant.models.base import Recommender
from penchant.models.shared.basket_events import basket_rows, basket_rows_of
from penchant.topk import require_length, tie_order
from penchant.typing import AnyInt, Bool, Csr, Float64, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)

Order = Literal["shrunken-lift", "lift", "confidence", "support"]

_NAMED = 5  # items without others that are named
_BLOCK = 1024  # items that are looked at together


def together(
    log: Dataset,
    items: Sequence[Id] | None = None,
    k: int = 10,
    *,
    by: Order = "shrunken-lift",
    shrinkage: float = 10.0,
    min_baskets: int = 2,
) -> pl.DataFrame:
    """The k items that stand in the same baskets as each of these, most telling first.

    Of N baskets let n_i hold item i, n_j item j and n_ij both. By chance both would be in
    E = n_i n_j / N. Then support is n_ij / N, confidence n_ij / n_i, and lift n_ij / E, which for
    rare items is large by accident. The shrunken lift is (n_ij + s) / (E + s), the posterior mean
    of a rate with a gamma prior of mean 1 and weight s, `shrinkage` (a simple form of DuMouchel,
    "Bayesian Data Mining in Large Frequency Tables", 1999). The p-value is that of Fisher's exact
    test for more baskets in common than by chance, times the number of pairs that are looked at
    (Bonferroni).

    Baskets are those of the log (its column `basket`), those of nobody included; without any, a
    user's events of one instant are one. An item counts once in a basket.

    Args:
        log: whose baskets.
        items: ids; None for all items.
        k: how many for each; fewer where not as many have baskets in common.
        by: what decides the order.
        shrinkage: see above.
        min_baskets: the fewest baskets that must hold both.

    Returns:
        A frame with `item` (queried for), `rank` from 1, `together` (the other item), `title`
        (null where the log does not say), `baskets` (that hold both), `support`, `confidence`,
        `lift`, `shrunken_lift`, `p_value` and `baskets_of_other`. An item without any has no row;
        a warning names it.

    Raises:
        DataError: no basket holds two items.
        ParameterError: an argument is impossible.
        UnknownIdError: an item is not in the log.

    Example:
        >>> from penchant.testing import planted_orders
        >>> log = pn.read(planted_orders(n_customers=50))
        >>> pn.together(log, [log.items.ids[0]], k=3)["rank"].to_list()
        [1, 2, 3]
    """
    require_log(log)
    require_length(k)
    if shrinkage <= 0 or min_baskets < 1:
        raise ParameterError("min_baskets is at least 1, and shrinkage is above 0.")
    if by not in get_args(Order):
        raise ParameterError(f"There is no order {by!r}: known are {', '.join(get_args(Order))}.")
    queried = np.arange(log.n_items) if items is None else log.items.indices(items)
    if (queried < 0).any():
        missing = list(items or ())[int(np.flatnonzero(queried < 0)[0])]
        raise UnknownIdError(f"The log {log.name!r} has no item {missing!r}.")
    baskets = Baskets(basket_rows(log), log.items, log.item_table)
    if not baskets.hold_pairs:
        raise DataError(
            f"No basket of the log {log.name!r} holds two items: name the column of baskets, such "
            "as orders, with basket= (--basket)."
        )
    frame = baskets.together(queried, k, by=by, shrinkage=shrinkage, min_baskets=min_baskets)
    if items is not None:
        alone = np.setdiff1d(queried, log.items.indices(frame["item"]))
        _report_alone(log, alone, min_baskets)
    return frame


@dataclass(frozen=True, eq=False)
class Baskets:
    """Which items each basket holds, kept for many questions.

    Attributes:
        rows: csr[n_baskets, n_items] of ones.
        items: the vocabulary of items.
        item_table: where titles are from.
    """

    rows: Csr
    items: Vocabulary
    item_table: pl.DataFrame | None

    @classmethod
    def of_model(cls, model: Recommender) -> Self:
        """The baskets of the users of a fitted model's log."""
        return cls(basket_rows_of(model.histories_), model.items_, model.item_table_)

    @property
    def hold_pairs(self) -> bool:
        """Whether any basket holds two items."""
        return bool((np.diff(self.rows.indptr) > 1).any())

    @cached_property
    def _by_item(self) -> Csr:
        return self.rows.T.tocsr()

    @cached_property
    def _counts(self) -> Int64:
        return np.bincount(self.rows.indices, minlength=len(self.items))

    def together(
        self,
        queried: AnyInt,
        k: int = 10,
        *,
        by: Order = "shrunken-lift",
        shrinkage: float = 10.0,
        min_baskets: int = 2,
        among: Bool | None = None,
    ) -> pl.DataFrame:
        """The frame of `together`, for item indices; what has no other item has no row.

        `among` says as bool[n_items] which other items may stand in it; figures stay the same.
        """
        parts = []
        for start in range(0, len(queried), _BLOCK):
            row, rank, other, both = _pairs(
                self._by_item,
                self.rows,
                self._counts,
                queried[start : start + _BLOCK],
                min_baskets,
                by,
                shrinkage,
                among,
            )
            best = rank < k
            parts.append((start + row[best], rank[best], other[best], both[best]))
        place, rank, other, both = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        own, counts, n = queried[place], self._counts, float(self.rows.shape[0])
        expected = counts[own] * counts[other] / n
        tested = len(queried) * max(int((counts > 0).sum()) - 1, 1)
        chance = hypergeom.sf(both - 1, int(n), counts[own], counts[other])
        return pl.DataFrame(
            [
                self.items.take(own).alias("item"),
                pl.Series("rank", rank + 1, dtype=pl.Int32),
                self.items.take(other).alias("together"),
                item_values(self.item_table, "title", other),
                pl.Series("baskets", both, dtype=pl.Int64),
                pl.Series("support", both / n),
                pl.Series("confidence", both / counts[own]),
                pl.Series("lift", both / expected),
                pl.Series("shrunken_lift", (both + shrinkage) / (expected + shrinkage)),
                pl.Series("p_value", np.minimum(chance * tested, 1.0)),
                pl.Series("baskets_of_other", counts[other], dtype=pl.Int64),
            ]
        )


def _report_alone(log: Dataset, alone: AnyInt, min_baskets: int) -> None:
    if not len(alone):
        return
    names = ", ".join(map(str, log.items.take(alone[:_NAMED])))
    more = f" and {len(alone) - _NAMED:,} more" if len(alone) > _NAMED else ""
    noun = "Item" if len(alone) == 1 else "Items"
    logger.warning(f"{noun} {names}{more}: {reason_for_none(min_baskets)}.")


def reason_for_none(min_baskets: int) -> str:
    """Why an item has nothing it is bought together with."""
    return (
        f"no other item is with it in {counted(min_baskets, 'basket')} or more (min_baskets=, "
        "--min-baskets)"
    )


def _pairs(
    by_item: Csr,
    baskets: Csr,
    counts: Int64,
    queried: AnyInt,
    min_baskets: int,
    by: Order,
    shrinkage: float,
    among: Bool | None = None,
) -> tuple[Int64, Int64, Int64, Int64]:
    """Position of the query, rank from 0, the other item, and the baskets that hold both."""
    common = sparse.csr_array(by_item[queried] @ baskets)
    row = np.repeat(np.arange(len(queried)), np.diff(common.indptr))
    other, both = common.indices.astype(np.int64), np.rint(common.data).astype(np.int64)
    keep = (other != queried[row]) & (both >= min_baskets)
    if among is not None:
        keep &= among[other]
    row, other, both = row[keep], other[keep], both[keep]
    value = _value(by, both, counts[queried[row]], counts[other], baskets.shape[0], shrinkage)
    order = np.lexsort((tie_order(len(counts))[other], -both, -value, row))
    row, other, both = row[order], other[order], both[order]
    first = np.searchsorted(row, np.arange(len(queried)))
    return row, np.arange(len(row)) - first[row], other, both


def _value(
    by: Order, both: Int64, own: Int64, other: Int64, n_baskets: int, shrinkage: float
) -> Float64:
    expected = own * other / n_baskets
    if by == "shrunken-lift":
        return np.asarray((both + shrinkage) / (expected + shrinkage))
    if by == "lift":
        return np.asarray(both / expected)
    return np.asarray(both / own if by == "confidence" else both / n_baskets)
