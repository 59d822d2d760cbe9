"""Rule: the test part's items are spread unlike those of a random re-split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.data.quality.log_summary import gini
from penchant.results.finding import EXAMPLES, Bar, Finding

RULE = Rule(
    name="popularity-shift",
    subject=9,
    question="Are the test part's items more or less popular than a random part's would be?",
    advice="Make the split anew with a stated method and seed; a test part rich in popular items "
    "flatters whoever recommends these.",
    source="Ferrari Dacrema et al. 2021, A Troubling Analysis of Reproducibility and Progress, on "
    "SpectralCF's split (Gini .764 in training, .904 in test)",
    brief="the Gini index of test items' popularity is {figure:.3f} away from that of random parts",
    bar=Bar(doubtful=0.05, wrong=0.1),
)
_RESPLITS = 20
_MIN_EVENTS = 200
_MIN_Z = 6.0


def check(material: Material) -> Iterator[Finding]:
    """The Gini index of test items' counts against random parts of the same size.

    A shift that time brings is at most doubtful: tastes change.
    """
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    if material.split.kind == "cold-items":
        yield RULE.not_checkable("a split by events: here items are held out whole")
        return
    log = material.split.log
    items = log.events["item"].to_numpy()
    test = np.bincount(items[material.test_rows], minlength=log.n_items)
    known = np.bincount(items[material.known_rows], minlength=log.n_items)
    n = int(test.sum())
    if n < _MIN_EVENTS:
        yield RULE.not_checkable(f"at least {_MIN_EVENTS} test events, and there are {n}")
        return
    seen = (test + known) > 0
    test, known = test[seen], known[seen]
    rng = np.random.default_rng(material.seed)
    drawn = rng.multivariate_hypergeometric(test + known, n, _RESPLITS, method="marginals")
    others = np.array([gini(counts) for counts in drawn])
    gini_test, middle, spread = gini(test), float(others.mean()), float(others.std(ddof=1))
    shift = gini_test - middle
    z = shift / max(spread, 1e-9)
    level = RULE.bar.level(abs(shift)) if abs(z) >= _MIN_Z else "passed"
    if level == "wrong" and _is_ordered(material):
        level = "doubtful"
    half = 1.96 * spread
    top = np.argsort(-(test - n * (test + known) / (test + known).sum()), kind="stable")[:EXAMPLES]
    yield RULE.finding(
        level,
        f"The Gini index of the test items' popularity is {gini_test:.3f}; in {_RESPLITS} random "
        f"re-splits it is {middle:.3f} ± {half:.3f} (z = {z:+.1f}), and in training "
        f"{gini(known):.3f}. At 0 all items are as popular, at 1 one has all events.",
        figure=abs(shift),
        interval=(max(0.0, abs(shift) - half), abs(shift) + half),
        examples=pl.DataFrame(
            {
                "item": log.items.take(np.flatnonzero(seen)[top]),
                "test events": test[top],
                "known events": known[top],
            }
        ),
    )


def _is_ordered(material: Material) -> bool:
    """Whether test events come after the others, by what is said or by their times."""
    if material.split_kind in ("time", "per-user", "sessions"):
        return True
    if material.split_kind == "random" or material.times is None:
        return False
    tested, known = material.times[material.test_rows], material.times[material.known_rows]
    return bool(np.median(tested) > np.quantile(known, 0.75))
