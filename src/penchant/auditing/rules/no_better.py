"""Rule: a model is not above the best trivial answer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from penchant.auditing.material import Contender, Material
from penchant.auditing.power import users_for
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding

RULE = Rule(
    name="no-better-than-trivial",
    subject=5,
    question="Is a model no better than the best trivial answer?",
    advice="Do not claim more than the trivial answer gives.",
    source="Ferrari Dacrema et al. 2019, Are We Really Making Much Progress?; Efron and Tibshirani "
    "1993, chapter 13 (paired bootstrap over users)",
    bar=Bar(doubtful=0.0, below=True),
)


def check(material: Material) -> Iterator[Finding]:
    """Each model's gain over the best trivial answer, with its paired interval over users."""
    judged = [c for c in material.contenders if not c.trivial and c.verdict is not None]
    if not judged:
        yield RULE.not_checkable("a model judged beside trivial answers on the same rows")
    for contender in judged:
        yield _of(contender, material)


def _of(c: Contender, material: Material) -> Finding:
    interval = (c.gain_low, c.gain_high)
    said = f"{c.name} {_WORDS[c.verdict or '']}: {c.metric} {c.value:.4f}{_beside(c, material)}"
    if math.isfinite(c.gain):
        said += f" (gain {c.gain:+.4f}, 95 % interval {c.gain_low:+.4f} to {c.gain_high:+.4f})"
    said += "."
    needed = users_for(c.gain, interval, c.users) if c.verdict == "no better" else None
    if needed is not None and needed > c.users:
        said += f" To see a difference of that size, about {needed:,} users would be needed."
    level = "passed" if c.verdict == "beats" else "doubtful"
    return RULE.finding(
        "doubtful" if level == "doubtful" else "passed",
        said,
        about=f"{c.name} ({c.task})",
        figure=c.gain if math.isfinite(c.gain) else None,
        interval=interval if math.isfinite(c.gain_low) else None,
    )


def _beside(c: Contender, material: Material) -> str:
    """The figure of the best trivial answer that stands in the same table."""
    key = (c.task, c.metric)
    beside = [t for t in material.contenders if t.trivial and (t.task, t.metric) == key]
    if not beside:
        return ""
    best = (max if c.higher_is_better else min)(beside, key=lambda t: t.value)
    return f" beside {best.value:.4f} of {best.name}"


_WORDS = {
    "beats": "beats the best trivial answer",
    "no better": "is no better than the best trivial answer",
    "worse": "is worse than the best trivial answer",
    "": "was not judged",
}
