"""Rule: the last events of test histories have one time, so that files decide which is the last."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.examples import event_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material, isin
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share

RULE = Rule(
    name="ties-in-history",
    subject=11,
    question="Do the last events of test histories have one time?",
    advice="Say that the order of rows decides which event is the last one, and try the reverse; "
    "or take times that are finer.",
    source="Klenitskiy et al. 2024, Does It Look Sequential? An Analysis of Datasets for "
    "Evaluation of Sequential Recommendations",
    brief="the last two events of {share} of the test histories have one time",
    bar=Bar(doubtful=0.1),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of test histories whose last two events have one time, of those that have two.

    Doubtful where the order matters: each user's, or each session's, last event is held out, or a
    compared model reads the order.
    """
    split = material.split
    if split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    histories = split.test.histories
    long = np.flatnonzero(histories.lengths > 1)
    if histories.times is None or not len(long):
        yield RULE.not_checkable("a time on every event, and histories of two events or more")
        return
    last = histories.offsets[1:][long] - 1
    tied = histories.times[last] == histories.times[last - 1]
    same = histories.items[last] == histories.items[last - 1]
    tied &= ~same  # in either order they are the same
    figure, interval = share_interval(tied, np.arange(len(long)))
    level = RULE.bar.level(figure)
    reads_order = any(e.order_loss is not None for t in material.all_tables for e in t.entries)
    asks_for_next = split.kind == "leave-last-out" or material.split_kind == "sessions"
    if not (asks_for_next or reads_order):
        level = "passed"
    decided = "" if split.kind == "predefined" else f" {split.ties}"
    first = split.test.offsets[:-1][long][tied]
    rows = split.log.events["row"].cast(pl.Int64).to_numpy()[material.test_rows]
    tied_rows = material.test_rows[isin(rows, split.test.source_rows[first])]
    yield RULE.finding(
        level,
        f"In {share(figure)} of the {len(long):,} test histories of two events or more the last "
        f"two, of different items, have one time, so that times do not tell which was the last."
        f"{decided}",
        figure=figure,
        interval=interval,
        examples=event_examples(split.log, tied_rows),
    )
