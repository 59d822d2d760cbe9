"""Rule: test items that training never shows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.auditing.examples import event_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.data.splits import GIVEN, TRAIN
from penchant.results.finding import Bar, Finding, share
from penchant.typing import Bool, Int64

RULE = Rule(
    name="cold-items",
    subject=3,
    question="Are test events on items without training events?",
    advice="Say so: a model that learns from events alone cannot reach them, so that a figure over "
    "all test events has a ceiling.",
    source="Ji et al. 2023, A Critical Study on Data Leakage in Recommender System Offline "
    "Evaluation",
    bar=Bar(doubtful=0.5),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of test events on items without training events, which no compared model learned.

    Items that have validation events only are among them: a model that is fitted to training
    events has learned nothing of these either. The sentence has their share, too.
    """
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    split = material.split
    trained = np.flatnonzero(split.sides == TRAIN)
    untrained = _without_events(material, trained, material.test_rows)
    unseen = _without_events(material, material.known_rows, material.test_rows)
    figure, interval = share_interval(untrained, material.test_users)
    level = RULE.bar.level(figure)
    if (level == "passed" and figure >= 0.01) or split.kind == "cold-items":
        level = "note"
    sentence = f"{share(figure)} of the test events are on items without training events"
    in_validation = figure - float(unseen.mean())
    if in_validation > 0:
        sentence += (
            f": {share(float(unseen.mean()))} on items that nobody has before the test, and "
            f"{share(in_validation)} on items with validation events only"
        )
    meant = ", as this split means it to be" if split.kind == "cold-items" else ""
    yield RULE.finding(
        level,
        f"{sentence}{meant}.{_of_given(material, trained)}",
        figure=figure,
        interval=interval,
        examples=event_examples(split.log, material.test_rows[untrained]),
        brief=sentence,
    )


def _of_given(material: Material, trained: Int64) -> str:
    """The share of what is given of held-out users that no model has learned anything of."""
    assert material.split is not None
    given = np.flatnonzero(material.split.sides == GIVEN)
    unknown = float(_without_events(material, trained, given).mean()) if len(given) else 0.0
    if not unknown:
        return ""
    return f" So are {share(unknown)} of the events that are given of held-out users."


def _without_events(material: Material, known: Int64, asked: Int64) -> Bool:
    """bool[n_asked], whether none of the known events is on the item of an event."""
    items = material.log.events["item"].to_numpy()
    seen = np.bincount(items[known], minlength=material.log.n_items) > 0
    without: Bool = ~seen[items[asked]]
    return without
