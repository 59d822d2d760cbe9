"""Find events that repeat a user and item, or a user and text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import QualityIssue, event_issues
from penchant.wording import counted

_REPEAT = ("event repeats", "events repeat")


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Duplicates with the same rating, with conflicting ratings, and of texts."""
    yield from _repeated_pairs(log)
    if "text" in log.events.columns:
        yield from _repeated_texts(log)


def _repeated_pairs(log: Dataset) -> Iterator[QualityIssue]:
    pairs = pl.Series(log.pairs)
    positions = pairs.is_duplicated().arg_true()
    if not len(positions):
        return
    repeated = pl.DataFrame({"pair": pairs.gather(positions), "position": positions})
    if log.has_ratings:
        rating = pl.col("rating")
        repeated = repeated.with_columns(log.events["rating"].gather(positions)).with_columns(
            (rating.max().over("pair") > rating.min().over("pair")).alias("conflicting")
        )
    else:
        repeated = repeated.with_columns(pl.lit(False).alias("conflicting"))
    repeated = repeated.sort("pair", "position")
    same = " with the same rating" if log.has_ratings else ""
    for conflicting, name, how in (
        (False, "duplicates", same),
        (True, "conflicting_duplicates", " with different ratings"),
    ):
        group = repeated.filter(pl.col("conflicting") == conflicting)
        rest = f" a user and item{how} ({counted(group['pair'].n_unique(), 'pair')})"
        of_group = group["position"].to_numpy()
        yield from event_issues(log, name, "doubtful", of_group, _REPEAT, rest)


def _repeated_texts(log: Dataset) -> Iterator[QualityIssue]:
    has_text = log.events["text"].is_not_null() & (log.events["text"] != "")
    texts = log.events.select("user", "text").filter(has_text)
    hashes = texts.select(pl.struct("user", "text").hash()).to_series()
    repeated = hashes.is_duplicated()
    if not repeated.any():
        return
    order = np.argsort(hashes.filter(repeated).to_numpy(), kind="stable")
    positions = has_text.arg_true().filter(repeated).to_numpy()[order]
    n_texts = hashes.filter(repeated).n_unique()
    rest, further = f" a text of the same user ({counted(n_texts, 'text')})", ("text",)
    yield from event_issues(log, "duplicate_texts", "doubtful", positions, _REPEAT, rest, further)
