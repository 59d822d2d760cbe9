"""Rule: the user and item of a test event are known before the test."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from penchant.auditing.examples import pair_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material, isin
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share

RULE = Rule(
    name="same-pair",
    subject=1,
    question="Are the user and item of test events already known?",
    advice="Keep one event of each user and item (pn.drop_duplicates), or ask for what is new to "
    "the user only.",
    source="Kaufman et al. 2012, Leakage in Data Mining, section 4",
    brief="in {share} of the test events the user had the item before",
    bar=Bar(doubtful=0.01, wrong=0.01),
)
_RARE = 0.1
"""Pairs that recur within training this much more rarely than across were not drawn with it."""


def check(material: Material) -> Iterator[Finding]:
    """The share of test events with a known event of the same user and item.

    That is wrong where training itself never repeats a pair, and nothing else (such as a time)
    tells a repetition from a copy; people who come back to an item are only worth a look, and a
    note where lists may hold what a user had before.
    """
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    tested, known = material.repeated
    hits = isin(material.test_rows, tested)
    figure, interval = share_interval(hits, material.test_users)
    known_pairs = material.pairs[material.known_rows]
    within = 1 - pl.Series(known_pairs).n_unique() / len(known_pairs)
    level = RULE.bar.level(figure)
    copies = within < _RARE * figure and material.times is None
    if level in ("doubtful", "wrong") and not copies:
        level = "doubtful" if material.split.repeats == "excluded" else "note"
    yield RULE.finding(
        level,
        f"In {share(figure)} of the test events ({len(tested):,}) the user had the item before the "
        f"test already; within what is known {share(within)} of the events repeat another."
        f"{_consequence(material, len(tested))}",
        figure=figure,
        interval=interval,
        examples=pair_examples(material.split.log, tested, known) if len(tested) else None,
    )


def _consequence(material: Material, repeated: int) -> str:
    """What becomes of repeated test events in rankings; nothing where there are none."""
    assert material.split is not None
    repeats, n = material.split.repeats, len(material.test_rows)
    if not repeated or material.split.candidates is not None:
        return ""
    if repeats == "excluded":
        return (
            " Lists leave out what a user had and can never hit these: "
            f"{n - repeated:,} of the {n:,} test events judge them (repeats='allowed' takes all)."
        )
    if repeats == "only":
        return f" Lists hold nothing else: {repeated:,} of the {n:,} test events judge them."
    return " Lists may hold these."
