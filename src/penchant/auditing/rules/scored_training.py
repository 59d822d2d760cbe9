"""Rule: training rows are among those that are scored."""

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
