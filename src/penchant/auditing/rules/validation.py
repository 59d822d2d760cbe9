"""Rule: there is nothing to choose on but the test part."""

from __future__ import annotations

from collections.abc import Iterator

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.data.splits import VALIDATION
from penchant.results.finding import Bar, Finding, share

RULE = Rule(
    name="no-validation",
    subject=7,
    question="Is there no validation part?",
    advice="Hold out validation events, and choose epochs, thresholds and parameters on them.",
    source="Sun 2023, Take a Fresh Look at Recommender Systems from an Evaluation Standpoint",
    brief="no validation events",
    bar=Bar(doubtful=0.0, below=True),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of events held out for choosing; doubtful where models were judged without."""
    split = material.split
    if split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    figure = float((split.sides == VALIDATION).mean())
    if figure:
        sentence = f"{share(figure)} of the events are held out for choosing."
        yield RULE.finding("passed", sentence, figure=figure)
        return
    yield RULE.finding(
        "doubtful" if material.has_models else "note",
        "The split has no validation part, so that whatever is chosen is chosen on the test part "
        "or beforehand.",
        figure=figure,
    )
