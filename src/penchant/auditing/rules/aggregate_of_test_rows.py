"""Rule: an aggregate of a user or item was computed with test rows in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from penchant.auditing.aggregates import MEAN, ORDERED, Aggregates
from penchant.auditing.features import Features
from penchant.auditing.material import Material
from penchant.auditing.regression import likeness, partial_r2, residual_basis
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, Level, share
from penchant.typing import Bool, Float64

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
_MAX_KEYS = 20_000
_KEYS_A_CONTROL = 3
_MAX_P = 1e-5
_SAME = 0.98
"""From which likeness on a column is an aggregate, and no estimate of the same thing."""
_MIN_CHANGED = 10
_ALL_BUT = 0.99
"""From which share of keys on a column equals an aggregate."""
_DAMPING = (1.0, 5.0, 20.0, 100.0)
_FEW = 12


def check(material: Material) -> Iterator[Finding]:
    """How much test rows explain of a feature beyond what training rows explain.

    For each numeric column that is constant within users or items, counts, sums, means (plain and
    damped), medians, extremes and rates of the target are recomputed over training rows and over
    all rows: of the table, and of the split where there is one, so that a table of test rows alone
    will do. The column is regressed on what training rows give; the figure is the share of the
    remaining variance that the step from training to all rows explains: 1 for an aggregate over
    all rows, near 0 for one over training rows, however smoothed or scaled. It is wrong only where
    the column is also the aggregate over all rows itself and no other estimate of the same
    quality. A column that equals such an aggregate is found where test rows change few keys, too.
    Keys without training rows have nothing to compare with: there, the column must be the
    aggregate of their test rows.
    """
    features = material.features
    if features is None or not features.sources:
        yield RULE.not_checkable("a table of features of test rows, and the training rows")
        return
    findings = []
    for key in features.keys:
        n_keys = 1 + max(int(s.keys[key].max(initial=-1)) for s in (*features.sources, features))
        by_key = {n: _by_key(features, v, key, n_keys) for n, v in features.numeric_columns()}
        columns = {name: column for name, column in by_key.items() if column is not None}
        if not columns:
            continue
        sources = [Aggregates.of(source, key, n_keys) for source in features.sources]
        candidates = [_finding(features, n, key, c, sources) for n, c in columns.items()]
        findings += [finding for finding in candidates if finding is not None]
    yield from findings or [
        RULE.not_checkable(
            f"a numeric feature that is constant within users or items, at least {_MIN_KEYS} of "
            "them with training and test rows"
        )
    ]


def _by_key(features: Features, values: Float64, key: str, n_keys: int) -> Float64 | None:
    """float64[n_keys], the column's one value of each key, NaN without one; None if it varies."""
    finite, codes = np.isfinite(values), features.keys[key]
    low, high = np.full(n_keys, np.inf), np.full(n_keys, -np.inf)
    np.minimum.at(low, codes[finite], values[finite])
    np.maximum.at(high, codes[finite], values[finite])
    known = np.isfinite(low)
    if not known.any() or np.ptp(low[known]) == 0:
        return None
    if (high[known] - low[known]).max() > 1e-6 * np.ptp(low[known]):
        return None
    return np.where(known, low, np.nan)


@dataclass(frozen=True)
class _Match:
    """The aggregate that a column fits best, and how that was seen."""

    how: Literal["equal", "beyond", "without"]
    kind: str
    figure: float
    p_value: float
    like: float
    source: Aggregates
    keys: Bool

    @property
    def level(self) -> Level:
        """How bad it is."""
        level = RULE.bar.level(self.figure) if self.p_value <= _MAX_P else "passed"
        return "doubtful" if level == "wrong" and self.like < _SAME else level

    @property
    def strength(self) -> tuple[bool, float, float]:
        """Sorts by level, figure and likeness."""
        return self.level == "wrong", round(self.figure, 6), self.like


def _finding(
    features: Features, name: str, key: str, column: Float64, sources: list[Aggregates]
) -> Finding | None:
    matches = [find(column, sources) for find in (_identical, _beyond_training, _without_training)]
    match = max(filter(None, matches), key=lambda m: m.strength, default=None)
    if match is None:
        return None
    level = match.level
    together = f"the {match.kind} over training and test rows together"
    too_few = "" if RULE.bar.level(match.figure) == "passed" else f", by too few {key}s to tell"
    sentence = {
        "equal": f"The column {name!r} is {together} for {share(match.figure)} of the {key}s for "
        "which training rows alone give another",
        "beyond": f"The column {name!r} has one value for each {key}, and test rows explain "
        f"{share(match.figure)} of what training rows leave unexplained of it"
        + (f", by {together}" if level != "passed" else too_few),
        "without": f"For {int(match.keys.sum()):,} {key}s without training rows, the column "
        f"{name!r} is the {match.kind} of their test rows",
    }[match.how]
    return RULE.finding(
        level,
        sentence + (": it was computed from test rows, too." if level == "wrong" else "."),
        about=name,
        figure=match.figure,
        examples=_examples(features, name, key, column, match),
        brief=together if level == "wrong" else "",
    )


def _identical(column: Float64, sources: list[Aggregates]) -> _Match | None:
    """The aggregate over all rows that a column equals, where training rows give another one."""
    for source in sources:
        keys = np.isfinite(column) & (source.n_train > 0) & (source.n_test > 0)
        values, counts = np.unique(column[keys], return_counts=True)
        if len(values) < 2 or keys.sum() - counts.max() < _MIN_CHANGED:
            continue
        near = 1e-6 * float(np.ptp(column[keys]))
        for kind, whole in source.whole.items():
            same = np.abs(column - whole)[keys] <= near
            if kind not in source.train or same.mean() < _ALL_BUT:
                continue
            changed = (np.abs(source.train[kind] - whole) > near)[keys]
            if changed.sum() >= _MIN_CHANGED and same[changed].mean() >= _ALL_BUT:
                figure = float(same[changed].mean())
                return _Match("equal", kind, figure, 0.0, 1.0, source, keys)
    return None


def _beyond_training(column: Float64, sources: list[Aggregates]) -> _Match | None:
    """The aggregate whose step from training to all rows explains most of the column."""
    # Keys with rows on both sides are those whose aggregates can differ.
    keys = np.isfinite(column)
    for source in sources:
        keys &= source.n_train > 0
    keys &= np.any([source.n_test > 0 for source in sources], axis=0)
    keys = _sampled(keys)
    if keys.sum() < _MIN_KEYS or np.ptp(column[keys]) == 0:
        return None
    values = column[keys] / np.abs(column[keys]).max()  # whose squares stay in range
    controls, kinds = _controls(sources, keys)
    basis = residual_basis(controls)
    best: _Match | None = None
    for source in sources:
        for kind in kinds:
            if kind not in source.train:
                continue
            train, whole = source.train[kind][keys], source.whole[kind][keys]
            sign = -1 if np.ptp(train) and np.corrcoef(values, train)[0, 1] < 0 else 1
            figure, p_value = partial_r2(sign * values, basis, whole - train)
            like = likeness(values, whole) if RULE.bar.level(figure) == "wrong" else 0.0
            match = _Match("beyond", kind, figure, p_value, like, source, keys)
            if best is None or match.strength > best.strength:
                best = match
    return best


def _without_training(column: Float64, sources: list[Aggregates]) -> _Match | None:
    """The aggregate of test rows that the column is for keys without any training rows."""
    for source in sources:
        keys = np.isfinite(column) & (source.n_train == 0) & (source.n_test > 0)
        keys = _sampled(keys)
        if keys.sum() < _MIN_KEYS or np.ptp(column[keys]) == 0:
            continue
        for kind, whole in source.whole.items():
            like = likeness(column[keys], whole[keys])
            if like >= _SAME:
                return _Match("without", kind, like, 0.0, like, source, keys)
    return None


def _sampled(keys: Bool) -> Bool:
    """At most so many of the keys, evenly spread."""
    chosen = np.flatnonzero(keys)
    if len(chosen) <= _MAX_KEYS:
        return keys
    sampled = np.zeros_like(keys)
    sampled[chosen[np.linspace(0, len(chosen) - 1, _MAX_KEYS).astype(int)]] = True
    return sampled


def _controls(sources: list[Aggregates], keys: Bool) -> tuple[Float64, list[str]]:
    """What training rows give, float64[n, n_controls], and the kinds that it is enough for.

    Groups of controls are taken as long as there are keys enough for them: counts and means
    smoothed in several ways, every other aggregate, and recent rows.
    """
    every = list(dict.fromkeys(kind for source in sources for kind in source.train))
    further = [kind for kind in every if kind in ORDERED or " or more" in kind]
    groups: list[tuple[str, Float64]] = []
    for n, source in enumerate(sources):
        if n:
            groups.append(("smoothed", _smoothed(source, keys)))
        if own := [_levels(source.train[k][keys], k) for k in further if k in source.train]:
            groups.append(("further", np.concatenate(own, axis=1)))
        groups.append(("recent", source.recent[keys]))
    chosen, kinds = _smoothed(sources[0], keys), [kind for kind in every if kind not in further]
    for name, group in groups:
        if (chosen.shape[1] + group.shape[1]) * _KEYS_A_CONTROL <= keys.sum():
            chosen = np.concatenate([chosen, group], axis=1)
            kinds = every if name == "further" else kinds
    return chosen, kinds


def _smoothed(source: Aggregates, keys: Bool) -> Float64:
    """Counts, and means with several numbers of rows of the overall mean added."""
    n = source.n_train[keys]
    columns = [np.ones_like(n), n, np.log(n), np.sqrt(n)] + [d / (n + d) for d in _DAMPING]
    if MEAN in source.train:
        mean = source.train[MEAN][keys]
        middle = float(np.average(mean, weights=n))
        columns += [mean, mean * n] + [(mean - middle) * d / (n + d) for d in _DAMPING]
    return np.stack(columns, axis=1)


def _levels(values: Float64, kind: str) -> Float64:
    """A column for each value of a median or extreme that takes few, otherwise the values."""
    distinct = np.unique(values)
    if kind in ORDERED and len(distinct) <= _FEW:
        return np.stack([values == value for value in distinct[1:]] or [values], 1).astype(float)
    return values[:, None]


def _examples(
    features: Features, name: str, key: str, column: Float64, match: _Match
) -> pl.DataFrame:
    """The keys whose aggregate changes most with the test rows."""
    source, kind = match.source, match.kind
    change = np.abs(source.whole[kind] - source.train[kind])
    order = np.flatnonzero(match.keys)
    order = order[np.argsort(-change[order], kind="stable")[:EXAMPLES]]
    codes = features.keys[key]
    first = {int(c): int(r) for c, r in zip(codes[::-1], features.rows[::-1], strict=True)}
    return pl.DataFrame(
        {
            "row": [first[int(c)] for c in order],
            name: column[order],
            f"{kind} of training rows": source.train[kind][order],
            f"{kind} of all rows": source.whole[kind][order],
            "training rows": source.n_train[order].astype(int),
            "test rows": source.n_test[order].astype(int),
        }
    )
