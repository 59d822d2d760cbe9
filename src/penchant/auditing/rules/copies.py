"""Rule: a log holds copies that any random split would put on both sides."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.auditing.rules.same_text import LONG, normalised
from penchant.data.dataset import Dataset
from penchant.results.finding import EXAMPLES, Bar, Finding, share
from penchant.typing import AnyInt

RULE = Rule(
    name="copies",
    subject=1,
    question="Does the log hold copies of events or texts?",
    advice="Keep one event of each user and text, or user and item, before any split.",
    source="Kaufman et al. 2012, Leakage in Data Mining, section 4",
    brief="a random split would have a copy of {share} of its test events in training",
    bar=Bar(doubtful=0.02),
)
_TEST_SHARE = 0.2


def check(material: Material) -> Iterator[Finding]:
    """The share of test events that a random 80/20 split would find a copy of in training.

    Events of one user and item at two times, or at two places of a sequence, are no copies.

    A group of g copies gives each of its events a copy among the others with chance 1 - .2^(g-1).
    """
    if material.split is None:
        yield RULE.not_checkable("a log")
        return
    figure, examples, what = _copies_across(material.log)
    yield RULE.finding(
        RULE.bar.level(figure),
        f"A random 80/20 split of the whole log would have a copy ({what}) of {share(figure)} of "
        "its test events in training.",
        figure=figure,
        examples=examples,
    )


def _copies_across(log: Dataset) -> tuple[float, pl.DataFrame | None, str]:
    """The share of test events with a copy in training, examples, and what a copy is."""
    if "text" in log.events.columns:
        plain = log.events.select("user", normalised(pl.col("text")).fill_null("").alias("text"))
        keys = plain.select(pl.struct("user", "text").hash()).to_series()
        keys = keys.zip_with(
            plain["text"].str.len_chars() >= LONG, pl.Series(range(len(log)), dtype=pl.UInt64)
        )
        what = f"same user and text of {LONG} letters or more"
    elif log.has_times:
        # Only pairs that recur can be copies; hashing all of a large log would cost memory.
        user, item = (log.events[c].cast(pl.Int64) for c in ("user", "item"))
        pairs = (user * max(1, log.n_items) + item).alias("pair")
        recurring = pairs.is_duplicated()
        if not recurring.any():
            return 0.0, None, "same user, item and time"
        repeated = pl.DataFrame([pairs, log.events["time"]]).filter(recurring)
        sizes = repeated.select(pl.len().over("pair", "time")).to_series()
        figure = _leaked_share(sizes.to_numpy(), len(log))
        return figure, None, "same user, item and time"
    elif log.has_order:
        # No two events of a sequence have one place in it.
        return 0.0, None, "same user, item and place in the sequence"
    else:
        user, item = (log.events[c].cast(pl.Int64) for c in ("user", "item"))
        keys, what = user * max(1, log.n_items) + item, "same user and item"
    groups = keys.alias("key").to_frame().with_columns(row=log.events["row"])
    sized = groups.filter(pl.col("key").is_duplicated())
    if sized.is_empty():
        return 0.0, None, what
    sized = sized.with_columns(size=pl.len().over("key")).sort("size", "key", descending=True)
    examples = sized.select(pl.col("size").alias("events alike"), "row").head(EXAMPLES)
    return _leaked_share(sized["size"].to_numpy(), len(log)), examples, what


def _leaked_share(sizes: AnyInt, n: int) -> float:
    return float((1 - _TEST_SHARE ** (sizes.astype(float) - 1)).sum() / n)
