"""Users and times of purchases that only the other records of their baskets tell."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from penchant.data.categories import by_category
from penchant.data.reading.baskets import fill_from_basket
from penchant.data.reading.id_values import integer_ids
from penchant.data.reading.piece_columns import PieceColumns
from penchant.wording import counted


def complete_purchases(
    frame: pl.DataFrame, left_out: Sequence[pl.DataFrame], *, is_text: bool
) -> tuple[pl.DataFrame, str]:
    """Records with the user and the time that other records of their baskets tell, and a remark.

    Args:
        frame: the usable records.
        left_out: `basket` and, where known, `user` and `time` of the others, as
            `TypedRecords.left_out`.
        is_text: ids are integers where all of them are written so.
    """
    roles = [role for role in ("user", "time") if role in frame.columns]
    if "basket" not in frame.columns:
        return frame, ""
    others = [part.select("basket", *roles) for part in left_out]
    if not any(part[role].null_count() for part in (frame, *others) for role in roles):
        return frame, ""
    of_all = PieceColumns(
        {
            role: dtype
            for role, dtype in frame.schema.items()
            if role in ("basket", "user") and isinstance(dtype, pl.Categorical)
        },
        None,
    )
    for part in (frame.select("basket", *roles), *others):
        of_all.add(part)
    records = of_all.joined()
    remark = ""
    for role in roles:
        values = fill_from_basket(records[role], records["basket"])
        n_filled = records[role].null_count() - values.null_count()
        if not n_filled:
            continue
        if role == "user":
            remark = (
                f"{counted(n_filled, 'record has', 'records have')} no user and that of "
                "the other records of the basket is taken"
            )
        filled = values.head(len(frame))
        if role == "user" and is_text:
            filled = _integers(filled)
        frame = frame.with_columns(filled)
    return frame, remark


def _integers(ids: pl.Series) -> pl.Series:
    if ids.dtype == pl.String:
        return integer_ids(ids)
    if isinstance(ids.dtype, pl.Categorical) and integer_ids(_distinct(ids)).dtype != pl.String:
        return by_category(ids, integer_ids)
    return ids


def _distinct(ids: pl.Series) -> pl.Series:
    return ids.unique().drop_nulls().cast(pl.String)
