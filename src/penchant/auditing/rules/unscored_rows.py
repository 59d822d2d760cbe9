"""Rule: test rows have no prediction, or test users no list."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.examples import key_examples
from penchant.auditing.material import Lists, Material, Predictions
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, share

RULE = Rule(
    name="unscored-test-rows",
    subject=7,
    question="Are test rows without a prediction, or test users without a list?",
    advice="Predict every test row, and give every test user a list, with a fallback where the "
    "model knows nothing: leaving out hard ones flatters.",
    source="Herlocker et al. 2004, Evaluating Collaborative Filtering, section 5.1 (coverage)",
    brief="{share} of the test rows have no prediction",
    bar=Bar(doubtful=0.001, wrong=0.2),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of test rows that a model does not predict, and of test users without a list.

    A prediction that is no number is none.
    """
    predictions = {n: p for n, p in material.predictions.items() if p.external}
    lists = {n: own for n, own in material.lists.items() if own.external}
    if material.split is None or not (predictions or lists):
        yield RULE.not_checkable(
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
    return RULE.finding(
        RULE.bar.level(figure),
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
    return RULE.finding(
        RULE.bar.level(figure),
        f"{said}, or one of unknown items only: they count as users whose list hits nothing."
        if len(missing)
        else f"{said}.",
        about=name,
        figure=figure,
        examples=pl.DataFrame({"user": material.log.users.take(missing[:EXAMPLES])}),
        brief=said,
    )
