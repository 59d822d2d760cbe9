"""Rules: training rows are scored, test rows are not, and ids are those of another log."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.examples import key_examples
from penchant.auditing.material import Lists, Material, Predictions, isin
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, share

RULE = Rule(
    name="scored-training-rows",
    subject=7,
    question="Are training rows among the rows that are scored?",
    advice="Score test rows only; what a model has learned from says nothing of what it can tell.",
    source="Hastie et al. 2009, The Elements of Statistical Learning, section 7.2",
    brief="{share} of the predicted rows are known events",
    bar=Bar(doubtful=0.001, wrong=0.01),
)
COVERED = Rule(
    name="unscored-test-rows",
    subject=7,
    question="Are test rows without a prediction, or test users without a list?",
    advice="Predict every test row, and give every test user a list, with a fallback where the "
    "model knows nothing: leaving out hard ones flatters.",
    source="Herlocker et al. 2004, Evaluating Collaborative Filtering, section 5.1 (coverage)",
    brief="{share} of the test rows have no prediction",
    bar=Bar(doubtful=0.001, wrong=0.2),
)
UNKNOWN = Rule(
    name="unknown-ids",
    subject=7,
    question="Do files name users or items that the log does not have?",
    advice="Give the ids of the log, and not the indices of another program; leave out items that "
    "nobody could have found.",
    source="Herlocker et al. 2004, Evaluating Collaborative Filtering, section 5.1 (coverage)",
    brief="{share} of the rows name users or items that the log does not have",
    bar=Bar(doubtful=0.01, wrong=0.5),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of a predictions file's rows that are training and not test rows."""
    if material.split is None or not material.scored_pairs:
        yield RULE.not_checkable("a file of predictions with users and items, and the split")
        return
    known, tested = material.pairs[material.known_rows], material.pairs[material.test_rows]
    for name, pairs in material.scored_pairs.items():
        if not (pairs >= 0).any():
            yield RULE.not_checkable("rows of users and items that the log has", name)
            continue
        trained = (pairs >= 0) & isin(pairs, known) & ~isin(pairs, tested)
        figure = float(trained.mean())
        yield RULE.finding(
            RULE.bar.level(figure),
            f"{share(figure)} of the {len(pairs):,} predicted rows are events known before the "
            "test and no test events.",
            about=name,
            figure=figure,
            examples=key_examples(material.log, pairs, trained),
        )


def check_covered(material: Material) -> Iterator[Finding]:
    """The share of test rows that a model does not predict, and of test users without a list.

    A prediction that is no number is none.
    """
    predictions = {n: p for n, p in material.predictions.items() if p.external}
    lists = {n: own for n, own in material.lists.items() if own.external}
    if material.split is None or not (predictions or lists):
        yield COVERED.not_checkable(
            "a file of predictions or of lists with users and items, and the split"
        )
        return
    for name, own in predictions.items():
        yield _uncovered_rows(material, name, own)
    for name, listed in lists.items():
        yield _uncovered_users(material, name, listed)


def _uncovered_rows(material: Material, name: str, predictions: Predictions) -> Finding:
    missing = ~np.isfinite(predictions.values)
    figure = float(missing.mean())
    tested = material.pairs[material.test_rows]
    return COVERED.finding(
        COVERED.bar.level(figure),
        f"{share(figure)} of the {len(tested):,} test rows have no prediction"
        + (": none at all, or one that is NaN or infinite." if missing.any() else "."),
        about=name,
        figure=figure,
        examples=key_examples(material.log, tested, missing),
    )


def _uncovered_users(material: Material, name: str, lists: Lists) -> Finding:
    assert material.split is not None
    n_users = len(np.unique(material.split.test.histories.users))
    missing = material.without_list(lists)
    figure = len(missing) / n_users
    said = f"{share(figure)} of the {n_users:,} test users have no list"
    return COVERED.finding(
        COVERED.bar.level(figure),
        f"{said}, or one of unknown items only: they count as users whose list hits nothing."
        if len(missing)
        else f"{said}.",
        about=name,
        figure=figure,
        examples=pl.DataFrame({"user": material.log.users.take(missing[:EXAMPLES])}),
        brief=said,
    )


def check_unknown(material: Material) -> Iterator[Finding]:
    """The share of a table's rows with a user or an item that the log does not have."""
    tables = {name: ids for name, ids in material.unknown_ids.items() if ids.rows}
    if not tables:
        yield UNKNOWN.not_checkable("a file of predictions, lists or negatives")
    for name, ids in tables.items():
        figure = ids.unknown / ids.rows
        level = UNKNOWN.bar.level(figure)
        if level == "passed" and ids.unknown:
            level = "note"
        yield UNKNOWN.finding(
            level,
            f"{share(figure)} of the {ids.rows:,} rows ({ids.unknown:,}) name a user or an item "
            "that the log does not have."
            if ids.unknown
            else f"The log has the users and items of all {ids.rows:,} rows.",
            about=name,
            figure=figure,
            examples=ids.examples,
        )
