"""What a comparison comes to, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from penchant.metrics import Verdict
from penchant.models.base import Task
from penchant.reporting.glossary import plain_metric
from penchant.results.formatting import decimals, fixed, join_names, percent, quoted, signed
from penchant.results.tables import Entry, Table
from penchant.wording import counted

AIMS: dict[Task, str] = {
    "ranking": "choosing which items to show",
    "rating": "predicting ratings",
    "like": "telling what is liked",
}
QUESTIONS: dict[Task, str] = {
    "ranking": "Which items?",
    "rating": "What rating?",
    "like": "Liked or not?",
}


class ComparisonTables(Protocol):
    """What a verdict needs of a comparison."""

    @property
    def tables(self) -> Mapping[Task, Table]:
        """A table for each task."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The level of the intervals among them."""


@dataclass(frozen=True)
class TaskVerdict:
    """The verdict on one task: a headline and the sentences that support it."""

    headline: str
    sentences: tuple[str, ...]


def metric_decimals(table: Table, metric: str) -> int:
    """Decimals for one metric of a table."""
    return decimals(e.metrics[metric] for e in table.entries if metric in e.metrics)


def by_validation(table: Table) -> list[Entry]:
    """The entries with a figure on validation events, the best first."""
    sign = -1 if table.higher_is_better else 1
    known = [entry for entry in table.entries if math.isfinite(entry.validation)]
    return sorted(known, key=lambda entry: sign * entry.validation)


def task_verdict(evaluation: ComparisonTables, task: Task) -> TaskVerdict:
    """The verdict on one task."""
    table = evaluation.tables[task]
    best = next(iter(by_validation(table)), None)
    real = [e for e in table.entries if not e.trivial]
    aim, by = AIMS[task], plain_metric(table.primary)
    trivial = [e for e in table.entries if e.trivial]
    if not real:
        return TaskVerdict(f"Only trivial answers were compared for {aim}.", ())
    sentences = []
    if best is None:
        beating = [e.name for e in real if e.verdict == "beats"]
        headline = (
            f"For {aim}, nothing is chosen: the split has no validation events."
            if beating
            else f"For {aim}, nothing beats a trivial answer."
        )
        if beating:
            sentences.append(
                f"On test events, trivial answers are beaten by {join_names(quoted(beating))}."
            )
    elif best.trivial:
        headline = f"For {aim}, the trivial answer {best.name} is best on validation events."
        sentences.append("No model that learns personal taste did better there.")
    else:
        headline = {
            "beats": f"For {aim}, {best.name} is best on validation events, "
            "and beats every trivial answer on test events.",
            "no better": f"For {aim}, {best.name} is best on validation events, but no better than "
            "a trivial answer on test events.",
            "worse": f"For {aim}, {best.name} is best on validation events, but worse than a "
            "trivial answer on test events.",
            None: f"For {aim}, {best.name} is best on validation events"
            f"{', and test events allow no verdict' if table.no_verdict else ''}.",
        }[best.verdict]
        sentences.append(_chosen(table, best, by))
        if trivial and math.isfinite(best.metrics[table.primary].gain):
            sentences.append(_gain(evaluation, table, best))
    if table.no_verdict:
        sentences.append(table.no_verdict)
    sentences += _others(real, best)
    sentences += _with_history(table, best)
    return TaskVerdict(headline, tuple(sentences))


def _chosen(table: Table, best: Entry, by: str) -> str:
    digits = metric_decimals(table, table.primary)
    figure = best.metrics[table.primary]
    n = sum(math.isfinite(e.validation) for e in table.entries)
    return (
        f"Of {n} models it has the best {by} on validation events "
        f"({fixed(best.validation, digits)}); on test events it reaches "
        f"{fixed(figure.value, digits)}."
    )


def _gain(evaluation: ComparisonTables, table: Table, best: Entry) -> str:
    figure, bar = best.metrics[table.primary], table.best_trivial
    digits, least = metric_decimals(table, table.primary), bar.metrics[table.primary].value
    share = percent(abs(figure.gain / least)) if least else None
    level = evaluation.settings.get("level", 0.95)
    interval = (
        f"; the {percent(level)} interval of the gain is {signed(figure.gain_low, digits)} to "
        f"{signed(figure.gain_high, digits)}"
    )
    return (
        f"That is {'better' if figure.gain >= 0 else 'worse'} by {fixed(abs(figure.gain), digits)}"
        f"{f' ({share})' if share else ''} than the best trivial answer, {bar.name} "
        f"({fixed(least, digits)}){interval if math.isfinite(figure.gain_low) else ''}."
    )


def _others(real: list[Entry], best: Entry | None) -> list[str]:
    """Everything else that is not trivial, named by its verdict."""
    named = {
        verdict: [e.name for e in real if e.verdict == verdict and e is not best]
        for verdict in ("beats", "no better", "worse")
    }
    sentences = []
    if named["beats"] and best is not None:
        also = "Also better" if best.verdict == "beats" else "Better"
        sentences.append(f"{also} than trivial: {join_names(quoted(named['beats']))}.")
    if named["no better"]:
        sentences.append(f"No better than trivial: {join_names(quoted(named['no better']))}.")
    if named["worse"]:
        sentences.append(f"Worse than trivial: {join_names(quoted(named['worse']))}.")
    return sentences


def _with_history(table: Table, best: Entry | None) -> list[str]:
    """What is different for the users with history and for those without."""
    known, new = table.segments.get("with-history"), table.segments.get("without-history")
    if known is None or new is None:
        return []
    digits, users = metric_decimals(table, table.primary), counted(known.users, "test user")
    sentences = []
    if best is not None and not best.trivial:
        own, bar = known[best.name], known.best_trivial if _has_trivial(known) else None
        figure = own.metrics[table.primary].value
        sentence = f"For the {users} with history {best.name} reaches {fixed(figure, digits)}"
        if bar is not None:
            verb = _VERBS[own.verdict]
            least = fixed(bar.metrics[table.primary].value, digits)
            sentence += f" {verb} the best trivial answer there, {bar.name} ({least})"
        without = new[best.name].metrics[table.primary].value
        sentence += f"; for the {new.users:,} without, {fixed(without, digits)}."
        sentences.append(sentence)
    beating, before = (
        [e.name for e in part.entries if e.verdict == "beats"] for part in (known, table)
    )
    if beating and set(beating) != set(before):
        names = join_names(quoted(beating))
        sentences.append(f"For users with history, trivial answers are beaten by {names}.")
    elif before and not beating:
        sentences.append("For users with history alone, no model is shown to beat them.")
    return sentences


def _has_trivial(table: Table) -> bool:
    return any(entry.trivial for entry in table.entries)


_VERBS: dict[Verdict | None, str] = {
    "beats": "and beats",
    "no better": "and is no better than",
    "worse": "and is worse than",
    None: "beside",
}
