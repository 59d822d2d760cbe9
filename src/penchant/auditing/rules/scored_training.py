"""Rule: predictions were scored on training rows."""

from __future__ import annotations

from collections.abc import Iterator

from penchant.auditing.examples import key_examples
from penchant.auditing.material import Material, isin
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share

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
    question="Are test rows left out of the predictions?",
    advice="Predict every test row, with a fallback where the model knows nothing: leaving out "
    "hard rows flatters.",
    source="Herlocker et al. 2004, Evaluating Collaborative Filtering, section 5.1 (coverage)",
    brief="{share} of the test rows have no prediction",
    bar=Bar(doubtful=0.001, wrong=0.2),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of a predictions file's rows that are training and not test rows."""
    if material.split is None or not material.scored_pairs:
        yield RULE.not_checkable("a file of predictions with users and items, and the split")
        return
    known, tested = material.pairs[material.known_rows], material.pairs[material.test_rows]
    for name, pairs in material.scored_pairs.items():
        trained = (pairs >= 0) & isin(pairs, known) & ~isin(pairs, tested)
        figure = float(trained.mean()) if len(pairs) else 0.0
        yield RULE.finding(
            RULE.bar.level(figure),
            f"{share(figure)} of the {len(pairs):,} predicted rows are events known before the "
            "test and no test events.",
            about=name,
            figure=figure,
            examples=key_examples(material.log, pairs, trained),
        )


def check_covered(material: Material) -> Iterator[Finding]:
    """The share of test rows that a predictions file has no row for."""
    if material.split is None or not material.scored_pairs:
        yield COVERED.not_checkable("a file of predictions with users and items, and the split")
        return
    tested = material.pairs[material.test_rows]
    for name, pairs in material.scored_pairs.items():
        missing = ~isin(tested, pairs)
        figure = float(missing.mean())
        yield COVERED.finding(
            COVERED.bar.level(figure),
            f"{share(figure)} of the {len(tested):,} test rows have no prediction.",
            about=name,
            figure=figure,
            examples=key_examples(material.log, tested, missing),
        )
