"""Predictions and lists of other libraries, in the form that audits take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from penchant.errors import DataError, ParameterError

_NAMES = {
    "user": ("user", "user_id", "uid", "User", "UserId"),
    "item": ("item", "item_id", "iid", "Item", "ItemId"),
    "prediction": ("prediction", "est", "score"),
    "rating": ("rating", "r_ui", "Rating"),
    "rank": ("rank",),
    "score": ("score",),
}


def predictions_from(result: Any) -> pl.DataFrame:
    """Predictions of ratings as a frame with the columns user, item and prediction.

    Where the library gives the true ratings beside them, they are in a column rating, as
    `pn.evaluate_predictions` takes it.

    These are Surprise's list of `Prediction`, the data frame of LensKit's `ItemListCollection` (or
    the collection itself), or any data frame with such columns. What Surprise could not predict
    (`was_impossible`) keeps the mean that it gave instead.

    Raises:
        DataError: the result has no predictions of pairs of user and item.

    Example:
        >>> frame = pl.DataFrame({"user_id": [1], "item_id": ["a"], "prediction": [3.5]})
        >>> pn.predictions_from(frame).rows()
        [(1, 'a', 3.5)]
    """
    if isinstance(result, Sequence) and result and hasattr(result[0], "est"):
        frame = pl.DataFrame(
            {
                "user": [each.uid for each in result],
                "item": [each.iid for each in result],
                "prediction": np.array([each.est for each in result], np.float64),
                "rating": pl.Series([getattr(each, "r_ui", None) for each in result]).cast(
                    pl.Float64
                ),
            }
        )
        # Surprise has no rating where a pair was not in its test set.
        return frame if frame["rating"].count() else frame.drop("rating")
    frame = _frame(result)
    has_ratings = any(name in frame.columns for name in _NAMES["rating"])
    roles = ("user", "item", "prediction", *(("rating",) if has_ratings else ()))
    return frame.select(_column(frame, role) for role in roles)


def lists_from(
    result: Any, users: Sequence[Any] | None = None, items: Sequence[Any] | None = None
) -> pl.DataFrame:
    """Lists as a frame with the columns user, item and rank, the best item's rank being 1.

    These are a data frame with a line for each place of a list (RecTools' `recommend`, LensKit's
    collections), ordered by its rank or else its score or else its lines; a mapping of users to
    their items, best first (LensKit's and Cornac's lists of one user); or an array with a row of
    items for each of `users` (implicit's `recommend`, RecBole's `full_sort_topk`).

    Args:
        result: what the library gave.
        users: with an array, the user of each row.
        items: with an array of indices, the id of each item; RecBole's are
            `dataset.field2id_token[dataset.iid_field]`.

    Raises:
        DataError: the result is no lists.
        ParameterError: an array comes without its users, or `users` without an array.

    Example:
        >>> pn.lists_from({1: ["a", "b"]}).rows()
        [(1, 'a', 1), (1, 'b', 2)]
    """
    if isinstance(result, Mapping):
        pairs = [(user, item) for user, own in result.items() for item in own]
        counts = [len(own) for own in result.values()]
        return _ranked([p[0] for p in pairs], [p[1] for p in pairs], counts)
    if hasattr(result, "columns") or hasattr(result, "to_df"):
        if users is not None:
            raise ParameterError("A data frame has its users in a column: leave users away.")
        return _of_frame(_frame(result))
    rows = np.asarray(result)
    if rows.ndim != 2:
        raise DataError(
            f"A {type(result).__name__} is no lists: give a data frame, a mapping of users to "
            "items, or an array with a row for each user."
        )
    if users is None or len(users) != len(rows):
        raise ParameterError(
            f"The array has {len(rows):,} rows: say in users whose each of them is."
        )
    chosen = rows if items is None else np.asarray(items)[rows]
    # Negative indices are places that the library left empty.
    there = rows >= 0 if np.issubdtype(rows.dtype, np.integer) else np.ones(rows.shape, np.bool_)
    owners = [user for user, n in zip(users, there.sum(1), strict=True) for _ in range(n)]
    return _ranked(owners, chosen[there].tolist(), there.sum(1).tolist())


def _ranked(users: Sequence[Any], items: Sequence[Any], counts: Sequence[int]) -> pl.DataFrame:
    ranks = [place for n in counts for place in range(1, n + 1)]
    columns = {"user": _plain(users), "item": _plain(items)}
    return pl.DataFrame({**columns, "rank": pl.Series(ranks, dtype=pl.Int64)})


def _plain(ids: Sequence[Any]) -> list[Any]:
    plain = [each.item() if isinstance(each, np.generic) else each for each in ids]
    return plain if all(isinstance(each, int) for each in plain) else [str(each) for each in plain]


def _frame(result: Any) -> pl.DataFrame:
    """The columns of a Polars or pandas frame, or of what gives one."""
    if isinstance(result, pl.DataFrame):
        return result
    if hasattr(result, "to_df"):
        result = result.to_df()
    if not hasattr(result, "columns"):
        raise DataError(
            f"A {type(result).__module__}.{type(result).__name__} is no table of results: give a "
            "data frame with the columns user and item."
        )
    wanted = {name for names in _NAMES.values() for name in names}
    return pl.DataFrame(
        {
            str(name): _plain(result[name].tolist())
            if result[name].dtype.kind not in "iuf"
            else result[name].to_numpy()
            for name in result.columns
            if name in wanted
        }
    )


def _column(frame: pl.DataFrame, role: str) -> pl.Series:
    for name in _NAMES[role]:
        if name in frame.columns:
            return frame[name].alias(role)
    raise DataError(
        f"The results have no {role} column among {', '.join(frame.columns)}: name it {role}."
    )


def _of_frame(frame: pl.DataFrame) -> pl.DataFrame:
    found = pl.DataFrame([_column(frame, "user"), _column(frame, "item")])
    if any(name in frame.columns for name in _NAMES["rank"]):
        found = found.with_columns(order=_column(frame, "rank").cast(pl.Float64))
    elif any(name in frame.columns for name in _NAMES["score"]):
        found = found.with_columns(order=-_column(frame, "score").cast(pl.Float64))
    else:
        found = found.with_columns(order=pl.lit(0.0))
    ordered = found.sort("order", maintain_order=True, nulls_last=True)
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("user")
    ordered = ordered.with_columns(rank=rank)
    return ordered.sort("user", "rank").select("user", "item", "rank")
