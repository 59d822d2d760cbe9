"""Rule: the same event is known before the test and is in the test."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from penchant.auditing.examples import pair_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material, isin
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share
from penchant.typing import Int64

RULE = Rule(
    name="same-event",
    subject=1,
    question="Are test events also among the training events?",
    advice="Drop duplicates before splitting (pn.drop_duplicates), then split again.",
    source="Kaufman et al. 2012, Leakage in Data Mining, section 4",
    brief="{share} of the test events are also training events",
    bar=Bar(doubtful=0.001, wrong=0.01),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of test events with a known event of the same user, item, time and rating."""
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    log = material.split.log
    if material.times is None:
        yield RULE.not_checkable("a time on every event, without which a repetition looks alike")
        return
    tested, known = _identical_events(material)
    hits = isin(material.test_rows, tested)
    figure, interval = share_interval(hits, material.test_users)
    columns = "user, item, time and rating" if log.has_ratings else "user, item and time"
    yield RULE.finding(
        RULE.bar.level(figure),
        f"{share(figure)} of the test events ({int(hits.sum()):,}) have the same {columns} as an "
        "event known before the test: a model need only remember them."
        if len(tested)
        else f"No test event has the same {columns} as an event known before the test.",
        figure=figure,
        interval=interval,
        examples=pair_examples(log, tested, known) if len(tested) else None,
    )


def _identical_events(material: Material) -> tuple[Int64, Int64]:
    """Test events with an identical known event, and that event."""
    tested, _ = material.repeated
    if not len(tested):
        return tested, tested
    pairs = material.pairs[material.known_rows]
    known = material.known_rows[isin(pairs, material.pairs[tested])]
    columns = [c for c in ("rating", "time") if c in material.log.events.columns]

    def keyed(positions: Int64, name: str) -> pl.DataFrame:
        return material.log.events.select(columns)[positions].with_columns(
            pair=pl.Series(material.pairs[positions]), **{name: pl.Series(positions)}
        )

    first = keyed(known, "known").unique(["pair", *columns], keep="first", maintain_order=True)
    both = keyed(tested, "tested").join(first, on=["pair", *columns]).sort("tested")
    return both["tested"].to_numpy(), both["known"].to_numpy()
