"""Rule: tables name users and items that the log does not have."""

from __future__ import annotations

from collections.abc import Iterator

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share

RULE = Rule(
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
    """The share of a table's rows with a user or an item that the log does not have."""
    tables = {name: ids for name, ids in material.unknown_ids.items() if ids.rows}
    if not tables:
        yield RULE.not_checkable("a file of predictions, lists or negatives")
    for name, ids in tables.items():
        figure = ids.unknown / ids.rows
        level = RULE.bar.level(figure)
        if level == "passed" and ids.unknown:
            level = "note"
        yield RULE.finding(
            level,
            f"{share(figure)} of the {ids.rows:,} rows ({ids.unknown:,}) name a user or an item "
            "that the log does not have."
            if ids.unknown
            else f"The log has the users and items of all {ids.rows:,} rows.",
            about=name,
            figure=figure,
            examples=ids.examples,
        )
