"""Rules: negatives that were drawn with the test positives in view, or that are positives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import stats

from penchant.auditing.examples import key_examples
from penchant.auditing.material import Material, isin
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share
from penchant.typing import Int64

BEFORE = Rule(
    name="negatives-before-split",
    subject=8,
    question="Do training negatives avoid the test positives?",
    advice="Split first, then draw negatives from what the user has not in training.",
    source="He et al. 2017's published negatives and Rendle et al. 2020 on them; Kaufman et al. "
    "2012, Leakage in Data Mining",
    brief="{share} of the test positives that chance would put among the negatives",
    bar=Bar(doubtful=0.7, wrong=0.5, below=True),
)
POSITIVE = Rule(
    name="negatives-are-positives",
    subject=8,
    question="Are offered negatives items that the user has?",
    advice="Take the user's own items out of the lists of negatives.",
    source="Published lists of He et al. 2017 hold the test item of 156 users among the negatives",
    brief="{share} are items of the same user",
    bar=Bar(doubtful=0.0001, wrong=0.02),
)
_MAX_P = 1e-4
_NEARLY_ALL = 0.9


def check_before(material: Material) -> Iterator[Finding]:
    """Training negatives that are test positives, against how many chance would give.

    Drawn after the split from what a user has not in training, each of a user's negatives meets
    a test positive with chance (test items) / (items − training items). Drawn before, none does:
    a model learns that what is never negative is held out. Draws by popularity meet more, not
    fewer.
    """
    if material.split is None or material.negatives is None:
        yield BEFORE.not_checkable("a file of the negatives that training took, and the split")
        return
    log = material.split.log
    known = material.pairs[material.known_rows]
    tested = np.unique(material.pairs[material.test_rows])
    tested = tested[~isin(tested, known)]
    negatives = material.negatives[material.negatives >= 0]
    observed = isin(negatives, tested)

    def per_user(keys: Int64) -> Int64:
        return np.bincount(keys // max(1, log.n_items), minlength=log.n_users)

    left = np.maximum(log.n_items - per_user(pl.Series(known).unique().to_numpy()), 1)
    expected = float((per_user(negatives) * per_user(tested) / left).sum())
    if expected < 10:
        yield BEFORE.not_checkable(
            f"more negatives: chance alone would make {expected:.1f} of these a test positive"
        )
        return
    count = int(observed.sum())
    figure = count / expected
    p = float(stats.poisson.cdf(count, expected))
    ends = (
        stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0,
        stats.chi2.ppf(0.975, 2 * count + 2) / 2,
    )
    level = BEFORE.bar.level(figure) if p < _MAX_P else "passed"
    yield BEFORE.finding(
        level,
        f"{count:,} of {len(negatives):,} training negatives are test positives, where "
        f"{expected:,.0f} would be by chance ({share(figure)} of it, p = {p:.2g}).",
        figure=figure,
        interval=(float(ends[0]) / expected, float(ends[1]) / expected),
    )


def check_positive(material: Material) -> Iterator[Finding]:
    """The share of negatives, of training and of the evaluation, that are the user's own items."""
    if material.split is None or (material.negatives is None and material.candidates is None):
        yield POSITIVE.not_checkable("a file of negatives, or lists of candidates")
        return
    if material.negatives is not None:
        known = material.pairs[material.known_rows]
        yield _positive_finding(material, material.negatives, known, "training negatives", "known")
    if material.candidates is not None:
        log, candidates = material.split.log, material.candidates
        users, items = (candidates[c].to_numpy().astype(np.int64) for c in ("user", "item"))
        keys = np.where((users >= 0) & (items >= 0), users * max(1, log.n_items) + items, -1)
        tested = material.pairs[material.test_rows]
        if _hold_positives(users, keys, tested):
            keys = keys[~isin(keys, tested)]
        yield _positive_finding(
            material, keys, material.pairs, "offered negatives", "known or test"
        )


def _hold_positives(users: Int64, keys: Int64, tested: Int64) -> bool:
    """Whether lists name the positive beside the negatives, as candidate lists do."""
    with_positive = np.unique(users[isin(keys, tested)])
    return len(with_positive) >= _NEARLY_ALL * len(np.unique(users))


def _positive_finding(
    material: Material,
    keys: Int64,
    positives: Int64,
    what: str,
    kind: str,
) -> Finding:
    if not (keys >= 0).any():
        return POSITIVE.not_checkable("negatives of users and items that the log has", what)
    hits = (keys >= 0) & isin(keys, positives)
    figure = float(hits.mean())
    return POSITIVE.finding(
        POSITIVE.bar.level(figure),
        f"{share(figure)} of the {len(keys):,} {what} ({int(hits.sum()):,}) are {kind} items of "
        "the same user.",
        about=what,
        figure=figure,
        examples=key_examples(material.log, keys, hits),
    )
