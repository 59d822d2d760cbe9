"""Rule: one feature alone tells the target, or tells it in training only."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import stats

from penchant.auditing.features import Features
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding
from penchant.typing import Float64

RULE = Rule(
    name="target-in-feature",
    subject=2,
    question="Does one feature alone tell the target?",
    advice="Ask whether the column is known before the rating is, and leave it out if not.",
    source="Kaufman et al. 2012, Leakage in Data Mining, section 4",
    brief="rank correlation of {figure:.3f} with the target",
    bar=Bar(doubtful=0.8, wrong=0.95),
)
IN_SAMPLE = Rule(
    name="coded-in-sample",
    subject=2,
    question="Does a feature know the target of the very row, in training only?",
    advice="Compute target means of training rows without the row itself (out of fold).",
    source="Prokhorenkova et al. 2018, CatBoost, section 3.1 (target leakage)",
    brief="rank correlation with the target higher by {figure:.3f} on training rows",
    bar=Bar(doubtful=0.15),
)
_MIN_ROWS = 50


def check(material: Material) -> Iterator[Finding]:
    """Spearman's correlation of each feature with the target, on test rows."""
    if material.features is None:
        yield RULE.not_checkable("a table of features with its target column")
        return
    findings = list(_correlations(material.features))
    yield from findings or [
        RULE.not_checkable(f"a numeric feature with a target in {_MIN_ROWS} rows or more")
    ]


def check_in_sample(material: Material) -> Iterator[Finding]:
    """How far the correlation with the target falls from training to test rows."""
    features = material.features
    if features is None or not features.has_both_sides:
        yield IN_SAMPLE.not_checkable("a table of features that has training and test rows itself")
        return
    findings = list(_correlation_falls(features))
    yield from findings or [
        IN_SAMPLE.not_checkable(
            f"a numeric feature with a target in {_MIN_ROWS} training and {_MIN_ROWS} test rows"
        )
    ]


def _correlations(features: Features) -> Iterator[Finding]:
    known = np.isfinite(features.target)
    compared = known & features.test if (known & features.test).sum() >= _MIN_ROWS else known
    for name, values in features.numeric_columns():
        rows = compared & np.isfinite(values)
        if rows.sum() < _MIN_ROWS:
            continue
        r, interval = _spearman(values[rows], features.target[rows])
        level = RULE.bar.level(abs(r))
        at = np.flatnonzero(rows)[:EXAMPLES]
        yield RULE.finding(
            level,
            f"The column {name!r} alone has a rank correlation of {r:+.3f} with the target"
            + (" and all but tells it." if level == "wrong" else "."),
            about=name,
            figure=abs(r),
            interval=interval,
            examples=pl.DataFrame(
                {
                    "row": features.rows[at],
                    name: values[at],
                    "target": features.target[at],
                }
            ),
        )


def _correlation_falls(features: Features) -> Iterator[Finding]:
    pair = features.pair_codes()
    for name, values in features.numeric_columns():
        rows = np.isfinite(features.target) & np.isfinite(values)
        if pair is not None:  # rows of a pair that is on both sides would hide the fall
            rows &= ~np.isin(pair, pair[features.test]) | features.test
        train, test = rows & ~features.test, rows & features.test
        if min(train.sum(), test.sum()) < _MIN_ROWS:
            continue
        r_train, _ = _spearman(values[train], features.target[train])
        r_test, _ = _spearman(values[test], features.target[test])
        fall = abs(r_train) - abs(r_test)
        # The difference of Fisher's transforms of two independent correlations.
        error = math.sqrt(1 / (train.sum() - 3) + 1 / (test.sum() - 3))
        z = (
            math.atanh(min(abs(r_train), 0.999999)) - math.atanh(min(abs(r_test), 0.999999))
        ) / error
        level = IN_SAMPLE.bar.level(fall) if z > 4 else "passed"
        half = 1.96 * error * (1 - r_test**2)
        yield IN_SAMPLE.finding(
            level,
            f"The column {name!r} has a rank correlation of {r_train:+.3f} with the target on "
            f"training rows and of {r_test:+.3f} on test rows.",
            about=name,
            figure=fall,
            interval=(fall - half, fall + half),
        )


def _spearman(x: Float64, y: Float64) -> tuple[float, tuple[float, float]]:
    """The rank correlation with Fisher's interval; 0 where one side is constant."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0, (0.0, 0.0)
    r = float(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])
    bounded = math.atanh(min(max(abs(r), 0.0), 0.999999))
    half = 1.96 * 1.03 / math.sqrt(max(1, len(x) - 3))
    return r, (max(0.0, math.tanh(bounded - half)), math.tanh(bounded + half))
