"""Rule: an aggregate of a user or item was computed with test rows in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.features import Features
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, share
from penchant.typing import Bool, Float64, Int64

RULE = Rule(
    name="feature-of-test-rows",
    subject=2,
    question="Is a feature an aggregate over training and test rows together?",
    advice="Fit features on training rows only, and look them up for test rows.",
    source="Kaufman et al. 2012, Leakage in Data Mining, section 4; Kapoor and Narayanan 2023, "
    "Leakage and the Reproducibility Crisis",
    brief="test rows explain {share} of what training rows leave unexplained",
    bar=Bar(doubtful=0.4, wrong=0.8),
)
_MIN_KEYS = 30
_DAMPING = (1.0, 5.0, 20.0, 100.0)
_MIN_T = 6.0


def check(material: Material) -> Iterator[Finding]:
    """How much test rows explain of a feature beyond what training rows explain.

    For each numeric column that is constant within users or items, the mean of the target and
    the number of rows are recomputed over training rows and over all rows. The column is
    regressed on what training rows give (plain and damped); the figure is the share of the
    remaining variance that the step from training to all rows explains: 1 for an aggregate over
    all rows, near 0 for one over training rows, however smoothed or scaled.
    """
    features = material.features
    if features is None or not features.has_both_sides:
        yield RULE.not_checkable("a table of features of training and of test rows, with a target")
        return
    known = np.isfinite(features.target)
    findings = []
    for key, codes in features.keys.items():
        table = _Aggregates(codes, features.target, features.test, known)
        for name, values in features.numeric_columns():
            findings += list(_column_findings(features, name, values, key, table))
    yield from findings or [
        RULE.not_checkable("a numeric feature that is constant within users or items")
    ]


class _Aggregates:
    """Counts and means of the target by key, over training rows and over all rows."""

    def __init__(self, codes: Int64, target: Float64, test: Bool, known: Bool) -> None:
        self.codes, self.n = codes, int(codes.max(initial=-1)) + 1
        train = known & ~test
        self.n_train = np.bincount(codes[train], minlength=self.n).astype(float)
        self.n_all = np.bincount(codes[known], minlength=self.n).astype(float)
        sums = np.bincount(codes[train], target[train], self.n)
        everything = np.bincount(codes[known], target[known], self.n)
        self.mean = float(target[train].mean()) if train.any() else 0.0
        self.m_train = sums / np.maximum(self.n_train, 1)
        self.m_all = everything / np.maximum(self.n_all, 1)
        # Keys with rows on both sides are those whose aggregates can differ.
        self.both = (self.n_train > 0) & (self.n_all > self.n_train)


_CERTAIN = 1000.0
"""The t from which on its digits say nothing more."""


def _column_findings(
    features: Features, name: str, values: Float64, key: str, table: _Aggregates
) -> Iterator[Finding]:
    finite = np.isfinite(values)
    low, high = np.full(table.n, np.inf), np.full(table.n, -np.inf)
    np.minimum.at(low, table.codes[finite], values[finite])
    np.maximum.at(high, table.codes[finite], values[finite])
    eligible = table.both & np.isfinite(low)
    if eligible.sum() < _MIN_KEYS or np.ptp(low[eligible]) == 0:
        return
    if (high[eligible] - low[eligible]).max() > 1e-6 * np.ptp(low[eligible]):
        return  # not an aggregate of this key
    n, column = table.n_train[eligible], low[eligible]
    controls = [np.ones_like(n), n, np.log(n), table.m_train[eligible]]
    controls += [d / (n + d) for d in _DAMPING]
    controls += [(table.m_train[eligible] - table.mean) * d / (n + d) for d in _DAMPING]
    steps = {
        "target means of the test rows": table.m_all[eligible] - table.m_train[eligible],
        "numbers of test rows": table.n_all[eligible] - n,
    }
    explained = {what: _partial_r2(column, np.stack(controls, 1), d) for what, d in steps.items()}
    what, (figure, t) = max(explained.items(), key=lambda e: e[1][0])
    level = RULE.bar.level(figure) if t >= _MIN_T else "passed"
    order = np.flatnonzero(eligible)[np.argsort(-np.abs(steps[what]), kind="stable")[:EXAMPLES]]
    first = {int(c): int(r) for c, r in zip(table.codes[::-1], features.rows[::-1], strict=True)}
    yield RULE.finding(
        level,
        f"The column {name!r} has one value for each {key}. The {what} explain {share(figure)} of "
        f"what training rows leave unexplained of it"
        + (f" (t = {t:.3g})" if t < _CERTAIN else "")
        + (", so that it was computed from test rows, too." if level == "wrong" else "."),
        about=name,
        figure=figure,
        examples=pl.DataFrame(
            {
                "row": [first[int(c)] for c in order],
                name: low[order],
                "mean over training rows": table.m_train[order],
                "mean over all rows": table.m_all[order],
                "training rows": table.n_train[order].astype(int),
                "all rows": table.n_all[order].astype(int),
            }
        ),
    )


def _partial_r2(column: Float64, controls: Float64, step: Float64) -> tuple[float, float]:
    """The partial R² of the step beyond the controls, and its t; 0 where nothing is left."""
    basis, singular, _ = np.linalg.svd(controls / np.linalg.norm(controls, axis=0), False)
    basis = basis[:, singular > 1e-9 * singular[0]]
    residual = column - basis @ (basis.T @ column)
    centred = column - column.mean()
    step_residual = step - basis @ (basis.T @ step)
    if residual @ residual <= 1e-12 * (centred @ centred) or step_residual @ step_residual <= 1e-12:
        return 0.0, 0.0
    freedom = max(1, len(column) - basis.shape[1] - 1)
    r = float(
        residual @ step_residual / np.sqrt((residual @ residual) * (step_residual @ step_residual))
    )
    if r <= 0:  # test rows that push the other way are not part of it
        return 0.0, 0.0
    r = min(r, 1 - 1e-12)
    return r * r, r * np.sqrt(freedom / (1 - r * r))
