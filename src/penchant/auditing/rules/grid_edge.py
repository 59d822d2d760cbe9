"""Rule: the best parameters lie on the edge of the grid that was searched."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding

RULE = Rule(
    name="grid-edge",
    subject=8,
    question="Does the best value of a parameter lie on the edge of what was tried?",
    advice="Widen the range in that direction: the optimum may lie beyond.",
    source="Rendle et al. 2019, On the Difficulty of Evaluating Baselines",
    bar=Bar(doubtful=1.0),
)


def check(material: Material) -> Iterator[Finding]:
    """Whether each numeric parameter's best value is the lowest or highest tried.

    A parameter that was tried at two values, or whose trials on the edge are no better than the
    next ones inside, says nothing.
    """
    trials = material.trials
    if trials is None or "score" not in trials.columns:
        yield RULE.not_checkable("the trials of the tuning (columns of parameters, and score)")
        return
    scored = trials.filter(pl.col("score").is_not_null() & pl.col("score").is_finite())
    findings = [f for c in scored.columns if c != "score" for f in _parameter_finding(scored, c)]
    yield from findings or [
        RULE.not_checkable("a numeric parameter that was tried at three values")
    ]


def _parameter_finding(trials: pl.DataFrame, name: str) -> Iterator[Finding]:
    if not trials[name].dtype.is_numeric() or trials[name].drop_nulls().n_unique() < 3:
        return
    best_of = trials.drop_nulls(name).group_by(name).agg(pl.col("score").max()).sort(name)
    top = best_of["score"].arg_max()
    if top is None:
        return
    on_edge = top in (0, len(best_of) - 1)
    inside = best_of["score"][1 if top == 0 else len(best_of) - 2]
    rises = on_edge and best_of["score"][top] > inside
    side = "lowest" if top == 0 else "highest"
    value = best_of[name][top]
    where = f"the {side}" if on_edge else "none of the ends"
    low, high = best_of[name][0], best_of[name][-1]
    yield RULE.finding(
        "doubtful" if rises else "passed",
        f"The best value of {name}, {value:g}, is {where} of {len(best_of)} values from {low:g} to "
        f"{high:g}.",
        about=name,
        figure=float(on_edge),
        examples=best_of,
        brief=f"best at {value:g}, the {side} of {len(best_of)} values",
    )
