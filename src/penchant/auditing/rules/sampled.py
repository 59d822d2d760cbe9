"""Rule: rankings among sampled negatives."""

from __future__ import annotations

from collections.abc import Iterator

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding

RULE = Rule(
    name="sampled-metric",
    subject=8,
    question="Are items ranked among a sample of negatives only?",
    advice="Rank all items; keep sampled figures only beside papers that sampled in the same way.",
    source="Krichene and Rendle 2020, On Sampled Metrics for Item Recommendation",
    bar=Bar(doubtful=1.0),
)


def check(material: Material) -> Iterator[Finding]:
    """How many negatives each positive is ranked with, where not all items are."""
    number = 0 if material.split is None else material.split.negatives
    names = sorted({t.primary for t in material.all_tables if "negatives" in t.primary})
    if number or names or material.candidates is not None:
        negatives = f"{number} given negatives" if number else "given negatives"
        yield RULE.finding(
            "doubtful",
            f"Each test item is ranked among {negatives} and not among all items"
            f"{f' ({chr(44).join(names)})' if names else ''}: such figures can order models "
            "otherwise than full rankings do.",
            figure=float(number) if number else None,
            brief=f"each test item is ranked among {negatives}",
        )
    elif material.tables or (material.split is not None and material.split.kind != "predefined"):
        yield RULE.finding("passed", "All items are ranked.", figure=0.0)
    else:
        yield RULE.not_checkable("how the figures were computed: all items ranked, or a sample")
