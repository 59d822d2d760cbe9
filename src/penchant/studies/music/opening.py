"""The first screen of the study of music: three sentences and the errors of a few answers."""

from __future__ import annotations

from penchant.results import Opening
from penchant.studies.music.honest_comparison import HONEST
from penchant.studies.music.regressor import (
    HIGHEST,
    ORIGINAL,
    RECONSTRUCTED,
    TRIVIAL,
    RegressorResults,
)
from penchant.studies.music.setup import MusicSetup, plain_name
from penchant.studies.study import EvaluationSummary, bars

_NAMES = {
    ORIGINAL: "published network",
    RECONSTRUCTED: "on the reconstruction",
    "global-mean": "the mean of all ratings",
    "item-mean": "the product's mean",
    "user-mean": "the user's own mean",
    "bias": "the user's and product's means",
}
"""Answers as a reader calls them."""
_MEASURES = {"rmse": "squared errors", "mae": "absolute errors"}
"""Metrics as a reader calls them."""


def open_study(
    setup: MusicSetup, regressors: RegressorResults, honest: EvaluationSummary
) -> Opening:
    """What was claimed, what holds of it here, and what to use."""
    own, high = (regressors.mean_errors(name).mae for name in (ORIGINAL, HIGHEST))
    table = honest.tables["rating"]
    by = _MEASURES.get(table.primary, table.primary)
    baseline = _NAMES.get(table.best_trivial.name, table.best_trivial.name)
    shown = (ORIGINAL, RECONSTRUCTED, HIGHEST, *TRIVIAL)
    return Opening(
        claimed="A deep network reads music reviews and foretells their stars to within 0.34 on "
        "average, and what it rates highest is recommended.",
        holds=f"On {plain_name(setup.log.name)} it is off by {own:.2f} "
        "stars on average, with the very review to read, and always saying the highest rating "
        + ("comes closer." if high < own else "is further off."),
        use=f"Use the network without the review itself, “{HONEST}”: by {by} on later reviews it "
        f"is better than {baseline}."
        if table[HONEST].verdict == "beats"
        else f"Use {baseline}: by {by} on later reviews it is the best trivial answer, and the "
        "network without the review to read is no better.",
        graph=bars(
            "How many stars each answer is off on average, on reviews drawn at random, as was "
            f"published. The advice goes by another measure, {by} on later reviews, by which the "
            "order may be another.",
            {"": {_NAMES.get(name, name): regressors.mean_errors(name).mae for name in shown}},
            x="mean absolute error",
        ),
    )
