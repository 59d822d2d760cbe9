"""Rule: predictions that hardly differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.auditing.material import Material, Predictions
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share

RULE = Rule(
    name="constant-predictions",
    subject=6,
    question="Does a model predict the same for everything?",
    advice="Look at the distribution of the predictions and at the training loss: the model has "
    "learned a constant, such as the mean or 'always yes'.",
    source="Ferrari Dacrema et al. 2019, Are We Really Making Much Progress?",
    brief="the predictions spread {figure:.3f} times as much as the ratings",
    bar=Bar(doubtful=0.1, wrong=0.02, below=True),
)
_MIN_PREDICTIONS = 20
_SAME_SHARE = {"doubtful": 0.9, "wrong": 0.99}


def check(material: Material) -> Iterator[Finding]:
    """The spread of the predictions against that of the truth, and the commonest prediction."""
    models = {n: p for n, p in material.predictions.items() if not p.trivial}
    if not models:
        yield RULE.not_checkable("predictions of a model that is no trivial answer")
        return
    for name, predictions in models.items():
        yield _finding(name, predictions)


def _finding(name: str, predictions: Predictions) -> Finding:
    known = np.isfinite(predictions.values)
    values = predictions.values[known]
    if len(values) < _MIN_PREDICTIONS:
        return RULE.not_checkable(f"at least {_MIN_PREDICTIONS} predictions", name)
    low, high = float(values.min()), float(values.max())
    truth = None if predictions.truth is None else predictions.truth[known]
    # Scores on a scale of their own are measured against their own range.
    scale = high - low
    ratio = np.nan
    if truth is not None and truth.std() > 0 and truth.min() <= values.mean() <= truth.max():
        scale = max(scale, float(np.ptp(truth)))
        ratio = float(values.std() / truth.std())
    step = scale / 1000 if scale > 0 else 1.0
    _, counts = np.unique(np.round((values - low) / step), return_counts=True)
    top = float(counts.max() / len(values))
    level = RULE.bar.level(ratio) if np.isfinite(ratio) else "passed"
    if top >= _SAME_SHARE["wrong"]:
        level = "wrong"
    elif top >= _SAME_SHARE["doubtful"] and level == "passed":
        level = "doubtful"
    spread = (
        f"The predictions spread {ratio:.3f} times as much as the ratings; " if ratio >= 0 else ""
    )
    return RULE.finding(
        level,
        f"{spread}{share(top)} of the {len(values):,} predictions are the same number, to a "
        f"thousandth of the scale, and all lie from {low:.4g} to {high:.4g}.",
        about=name,
        figure=ratio if np.isfinite(ratio) else None,
        brief=f"{share(top)} of the predictions are the same"
        if top >= _SAME_SHARE["doubtful"]
        else "",
    )
