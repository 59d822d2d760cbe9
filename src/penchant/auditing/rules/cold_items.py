"""Rule: test items that nobody has before the test."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.auditing.examples import event_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share

RULE = Rule(
    name="cold-items",
    subject=3,
    question="Are test items first seen in the test?",
    advice="Say so: a model that learns from events alone cannot reach them, so that a figure over "
    "all test events has a ceiling.",
    source="Ji et al. 2023, A Critical Study on Data Leakage in Recommender System Offline "
    "Evaluation",
    bar=Bar(doubtful=0.5),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of test events on items without any known event, and of users without any."""
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    log = material.split.log
    items = log.events["item"].to_numpy()
    seen = np.bincount(items[material.known_rows], minlength=log.n_items) > 0
    cold = ~seen[items[material.test_rows]]
    figure, interval = share_interval(cold, material.test_users)
    level = RULE.bar.level(figure)
    if level == "passed" and figure >= 0.01:
        level = "note"
    yield RULE.finding(
        level,
        f"{share(figure)} of the test events are on items that nobody has before the test.",
        figure=figure,
        interval=interval,
        examples=event_examples(log, material.test_rows[cold]),
    )
