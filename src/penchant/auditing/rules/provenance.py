"""Rules: what belongs to every figure, figures of several splits, and ties in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.examples import event_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.data.splits import Split
from penchant.results.finding import Bar, Finding, share

SPLIT = Rule(
    name="split-stated",
    subject=11,
    question="Does it remain open which split it is?",
    advice="State the fingerprint, the unit and the seed with every figure.",
    source="Meng et al. 2020, Exploring Data Splitting Strategies; Cañamares et al. 2020",
    bar=Bar(doubtful=1.0),
)
MIXED = Rule(
    name="mixed-splits",
    subject=11,
    question="Do figures of different splits stand side by side?",
    advice="Compare only figures of one split: judge all models on the same test rows.",
    source="Meng et al. 2020, Exploring Data Splitting Strategies",
    brief="{figure:.0f} different splits",
    bar=Bar(wrong=2.0),
)
TIES = Rule(
    name="ties-in-time",
    subject=11,
    question="Do test events share their time with the user's training events?",
    advice="State the rule that orders events of equal time, or put them all on one side.",
    source="Meng et al. 2020, Exploring Data Splitting Strategies; Ji et al. 2023",
    brief="{share} of the test events have the very time of a known event of the user",
    bar=Bar(doubtful=0.05),
)


def check_split(material: Material) -> Iterator[Finding]:
    """What identifies the split; doubtful where nobody could make it again."""
    split = material.split
    if split is None:
        yield SPLIT.not_checkable("a split, or a training and a test file")
        return
    counts = np.bincount(split.sides, minlength=5)
    seed = "no seed" if split.seed is None else f"seed {split.seed}"
    sizes = (
        f"split {split.fingerprint}, {seed}: {counts[0]:,} training, {counts[1]:,} validation and "
        f"{counts[2]:,} test events"
    )
    missing = _missing_facts(split)
    lack = f"does not say {' nor '.join(missing)}" if missing else ""
    yield SPLIT.finding(
        "doubtful" if missing else "note",
        f"{sizes[0].upper()}{sizes[1:]}. {split.sentence}{_tie_rule(split)}"
        + (f" It {lack}." if missing else ""),
        figure=float(len(missing)),
        brief=f"split {split.fingerprint} {lack}" if missing else sizes,
    )


def _missing_facts(split: Split) -> list[str]:
    """What one would have to know to make the split again."""
    missing = []
    if not split.sentence.strip():
        missing.append("how it was made")
    if split.kind in ("random", "fold", "users", "cold-items") and split.seed is None:
        missing.append("with which seed it was drawn")
    return missing


def _tie_rule(split: Split) -> str:
    """How events of equal time are ordered; nothing where whoever gave the files decided it."""
    return "" if split.kind == "predefined" else f" {split.ties}"


def check_mixed(material: Material) -> Iterator[Finding]:
    """How many different splits the figures are of."""
    if len(material.fingerprints) < 2:
        yield MIXED.not_checkable("two results or files of predictions")
        return
    different = sorted(set(material.fingerprints.values()))
    yield MIXED.finding(
        MIXED.bar.level(len(different)),
        f"{len(material.fingerprints)} results are of {len(different)} split"
        f"{'s' if len(different) > 1 else ''} or set{'s' if len(different) > 1 else ''} of rows.",
        figure=float(len(different)),
        examples=pl.DataFrame(
            {
                "result": list(material.fingerprints),
                "split": list(material.fingerprints.values()),
            }
        ),
    )


def check_ties(material: Material) -> Iterator[Finding]:
    """The share of test events at the very time of a known event of the same user."""
    if material.split is None:
        yield TIES.not_checkable("a split, or a training and a test file")
        return
    if material.times is None:
        yield TIES.not_checkable("a time on every event")
        return
    log = material.split.log
    events = log.events.select("user", "time")
    known = events[material.known_rows].unique()
    tested = events[material.test_rows].with_row_index("at")
    tied_at = tested.join(known, on=["user", "time"], how="semi")["at"]
    tied = np.zeros(len(tested), bool)
    tied[tied_at.to_numpy()] = True
    figure, interval = share_interval(tied, material.test_users)
    level = TIES.bar.level(figure)
    if level == "doubtful" and material.split_kind not in ("time", "per-user", "sessions"):
        level = "note"
    if level == "note" and material.split_kind == "random":
        level = "passed"  # no order was asked for
    yield TIES.finding(
        level,
        f"{share(figure)} of the test events have the very time of a known event of the same user, "
        f"so that times do not tell which came first.{_tie_rule(material.split)}",
        figure=figure,
        interval=interval,
        examples=event_examples(log, material.test_rows[tied]),
    )
