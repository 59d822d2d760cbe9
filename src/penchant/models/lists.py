"""Lists of items as frames, and whom popularity answers in them."""

from __future__ import annotations

import logging

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.tables import titles_of
from penchant.data.vocabulary import Vocabulary
from penchant.errors import PenchantError
from penchant.typing import Float32, Int32

logger = logging.getLogger(__name__)

_NAMED = 5  # items without similar ones that are named
_NOTHING_ALIKE = "the model knows of nothing alike"


def list_table(
    first: pl.Series,
    noun: str,
    lists: Int32,
    scores: Float32,
    items: Vocabulary,
    titles: bool,
    item_table: pl.DataFrame | None,
    *,
    with_fallback: bool = False,
) -> pl.DataFrame:
    """Lists as a frame of a row for each place that an item has.

    Args:
        first: the first column, a value for each of these rows.
        noun: name of the column of listed items.
        lists: int32[n, k] item indices, -1 for no item.
        scores: float32[n, k].
        items: the vocabulary of items.
        titles: whether to add a column `title`.
        item_table: where titles are from.
        with_fallback: whether to add a column `fallback`, true where the score is NaN, which
            becomes null.
    """
    rows, ranks = np.nonzero(lists >= 0)
    listed, values = lists[rows, ranks], scores[rows, ranks]
    # One frame of finished columns: an expression of Polars takes longer than one user's list.
    columns = [
        first,
        items.take(listed).alias(noun),
        pl.Series("rank", (ranks + 1).astype(np.int32)),
        pl.Series("score", values),
    ]
    if with_fallback:
        filled = np.isnan(values)
        if filled.any():
            columns[-1] = columns[-1].fill_nan(None)
        columns.append(pl.Series("fallback", filled))
    if titles:
        columns.append(pl.Series("title", titles_of(items, item_table, listed), pl.String))
    return pl.DataFrame(columns)


def with_shape(scores: Float32, users: Histories, model: str) -> Float32:
    """The scores, float32[n_users, n_items] as they should be.

    Raises:
        PenchantError: they have another shape.
    """
    if np.shape(scores) != (len(users), users.n_items):
        raise PenchantError(
            f"{model} gave scores of shape {np.shape(scores)} for {len(users)} users and "
            f"{users.n_items} items: _scores is to give a row for each user, and a column for each "
            "item of the log that the model was fitted to, in their order."
        )
    return scores


def cosines(vectors: Float32, rows: Int32) -> Float32:
    """float32[len(rows), n], the cosines of some of the n vectors with all; 0 where one is zero."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    found: Float32 = unit[rows] @ unit.T
    return found


def without_evidence(alike: Float32, nothing: float | None) -> Float32:
    """The same with -inf where a similarity is the one of which nothing is known, if there is."""
    if nothing is None:
        return alike
    return np.where(alike == np.float32(nothing), np.float32(-np.inf), alike)


def report_nothing_alike(items: pl.Series, reason: str = _NOTHING_ALIKE) -> None:
    """Name in one warning the items that have no similar ones."""
    if len(items):
        more = f" and {len(items) - _NAMED:,} more" if len(items) > _NAMED else ""
        names = ", ".join(map(str, items[:_NAMED]))
        logger.warning(f"{'Item' if len(items) == 1 else 'Items'} {names}{more}: {reason}.")


def report_fallback(lists: Int32, values: Float32) -> None:
    """Say in one line who gets popular items because the model has no evidence.

    Args:
        lists: int32[n_users, k] item indices, -1 for no item.
        values: float32[n_users, k], NaN in places that popularity has filled.
    """
    filled = np.isnan(values)
    if not filled.any():
        return
    listed = lists >= 0
    of_all = (filled | ~listed).all(axis=1) & listed.any(axis=1)
    n_all = int(of_all.sum())
    n_filled = int(filled.any(axis=1).sum()) - n_all
    sentence = fallback_sentence(int(listed.any(axis=1).sum()), n_all, n_filled)
    if sentence:
        logger.info(sentence)


def fallback_sentence(n_lists: int, n_popular: int, n_filled: int) -> str:
    """Who gets popular items because the model has no evidence; nothing where nobody does.

    Args:
        n_lists: how many users have a list.
        n_popular: how many of these hold popular items alone.
        n_filled: how many are filled up with popular items.
    """
    parts = []
    if n_popular:
        have = "has" if n_popular == 1 else "have"
        get = "gets" if n_popular == 1 else "get"
        users = "The user" if n_lists == 1 else f"{n_popular:,} of {n_lists:,} users"
        parts.append(f"{users} {have} no history that the model can use and {get} what is popular")
    if n_filled:
        some = "the list is" if n_lists == 1 else f"{n_filled:,} of {n_lists:,} lists are"
        if n_filled == 1 < n_lists:
            some = f"1 of {n_lists:,} lists is"
        parts.append(f"{some} filled up with what is popular, where the model has no evidence")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""
