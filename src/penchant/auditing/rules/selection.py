"""Rule: the epoch or trial that was chosen is the best on test."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import stats

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, share
from penchant.typing import Float64

RULE = Rule(
    name="selected-on-test",
    subject=7,
    question="Was an epoch or a trial chosen by its figure on test?",
    advice="Choose by the validation figure, and report the test figure of what was chosen.",
    source="Cawley and Talbot 2010, On Over-fitting in Model Selection",
    brief="{share} of the runs kept the best on test",
    bar=Bar(doubtful=0.34, wrong=0.5),
)
_NEEDED = (
    "the figures of every epoch or trial on validation and test rows and which was kept (columns "
    "test, kept, and where there are any run and validation; higher is better)"
)
_MAX_CHANCE = 1e-3


def check(material: Material) -> Iterator[Finding]:
    """The share of runs that kept the best on test where validation says otherwise.

    A run counts against its maker if what was kept is the best on test and not the best on
    validation; without validation figures, if it is best on test and not the last one. It is
    wrong where as many such runs by chance are less likely than one in a thousand, each of a
    run's candidates being as likely to be best on test.
    """
    history = material.history
    if history is None:
        yield RULE.not_checkable(_NEEDED)
        return
    runs = history["run"] if "run" in history.columns else pl.repeat(0, len(history), eager=True)
    n_runs, suspects, chances = 0, [], []
    for part in history.with_columns(run=runs).partition_by("run", maintain_order=True):
        kept = np.flatnonzero(part["kept"].cast(pl.Boolean).to_numpy())
        if len(kept) != 1 or len(part) < 2:
            continue
        at, test = int(kept[0]), _as_floats(part["test"])
        if not np.isfinite(test[at]):
            continue
        n_runs += 1
        if test[at] < np.nanmax(test):
            continue
        if "validation" in part.columns:
            validation = _as_floats(part["validation"])
            suspect = bool((validation > validation[at]).any())
        else:
            suspect = at < len(part) - 1
        if suspect:
            suspects.append(part.filter(pl.Series(np.arange(len(part)) == at)))
            chances.append(1 / len(part))
    if not n_runs:
        yield RULE.not_checkable(_NEEDED)
        return
    figure = len(suspects) / n_runs
    level = RULE.bar.level(figure)
    chance = _chance_of_as_many(chances, n_runs)
    if level != "passed" and chance > _MAX_CHANCE:
        level = "doubtful"
    yield RULE.finding(
        level,
        f"In {len(suspects)} of {n_runs} runs ({share(figure)}) what was kept is the best on test "
        f"and not what validation says; by chance that has a probability of {chance:.2g}.",
        figure=figure,
        examples=pl.concat(suspects).head(EXAMPLES) if suspects else None,
    )


def _as_floats(column: pl.Series) -> Float64:
    return column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()


def _chance_of_as_many(chances: list[float], runs: int) -> float:
    """The binomial chance of as many hits or more in so many runs."""
    if not chances:
        return 1.0
    return float(stats.binom.sf(len(chances) - 1, runs, float(np.mean(chances))))
