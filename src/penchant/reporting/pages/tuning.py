"""The page of a tuning."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from penchant.atomic_write import write_text_atomically
from penchant.data.target import threshold_words
from penchant.json_values import json_value
from penchant.models.base import Recommender
from penchant.reporting.charts.draw import draw_all
from penchant.reporting.glossary import metric_terms
from penchant.reporting.graphs.tuning import by_trial, by_value
from penchant.reporting.html import render
from penchant.reporting.reproduce import model_code, one_line
from penchant.results.formatting import join_names
from penchant.results.study.sections import DataTable
from penchant.results.tuning.result import Tuning
from penchant.results.tuning.trial import Range, value_text
from penchant.wording import counted

_MAPS = 6  # heat maps at most
_ROWS = 200  # trials at most, the best ones where there are more
_SAYS = {
    "grid": "all combinations of the lists",
    "random": "drawn at random",
    "tpe": "drawn where earlier trials went well (TPE)",
}


def write_tuning(tuning: Tuning, path: str | Path) -> Path:
    """Write a tuning as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Returns:
        The path.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    first, *others = tuning.sentences
    context = {
        "title": f"Tuning by {tuning.metric}",
        "tuning": tuning,
        "headline": first,
        "sentences": others,
        "facts": facts(tuning),
        "maps": heat_maps(tuning),
        "charts": draw_all(
            "trials", [by_trial(tuning), *(by_value(tuning, name) for name in tuning.space)]
        ),
        "trials": trials(tuning),
        "snippet": snippet(tuning),
        "metrics": metric_terms([tuning.metric], tuning.custom_metrics),
    }
    return write_text_atomically(render("tuning.html", context), path)


def heat_maps(tuning: Tuning) -> list[DataTable]:
    """A shaded table for each pair of parameters that were given as lists."""
    lists = [name for name, range_ in tuning.space.items() if len(range_.values) > 1]
    pairs = list(itertools.combinations(lists, 2))[:_MAPS]
    further = ", the best over all other parameters" if len(tuning.space) > 2 else ""
    sheets = []
    for rows, columns in pairs:
        frame = tuning.heat_map(rows, columns)
        sheets.append(
            DataTable(
                frame,
                f"{tuning.metric} on validation for each {rows} (down) and {columns} "
                f"(across){further}",
                dict.fromkeys(frame.columns[1:], "fixed:4"),
                shade="high" if tuning.higher_is_better else "low",
            )
        )
    return sheets


def trials(tuning: Tuning) -> DataTable:
    """The trials in the order of trying."""
    frame, caption = tuning.frame(), "All trials, in the order of trying"
    if len(frame) > _ROWS:
        best = [trial.number for trial in tuning.ranked[:_ROWS]]
        frame = frame.filter(pl.col("trial").is_in(best))
        caption = f"The best {len(frame)} of {len(tuning.trials)} trials, in the order of trying"
    if not frame["problem"].count():
        frame = frame.drop("problem")
    # Tables round to so many decimals, and values may be of any size.
    told = {
        name: pl.Series(name, [value_text(value) for value in frame[name]], pl.String)
        for name in tuning.space
    }
    return DataTable(
        frame.with_columns(**told), caption, {tuning.metric: "fixed:4", "seconds": "duration"}
    )


def facts(tuning: Tuning) -> Mapping[str, str]:
    """Everything that decided the trials, ready for a table."""
    log, split = tuning.split.log, tuning.split
    method = _SAYS.get(tuning.method, tuning.method)
    rows = {
        "log": f"{log.name}: {counted(len(log), 'event')}",
        "split": split.sentence,
        "values": f"{method}, {counted(len(tuning.trials), 'trial')}",
        "tried": join_names([f"{name} {_over(range_)}" for name, range_ in tuning.space.items()]),
        "a like is a rating": None if tuning.like is None else threshold_words(tuning.like),
        "relevant": {"all": "all validation events", "liked": "likes"}.get(tuning.relevant or ""),
        "seed": str(tuning.seed) if tuning.method != "grid" else None,
        "log fingerprint": log.fingerprint[:16],
        "split fingerprint": split.fingerprint,
    }
    return {name: value for name, value in rows.items() if value is not None}


def snippet(tuning: Tuning) -> str:
    """Python that makes the same trials."""
    log, split = tuning.split.log, tuning.split
    between = any(not range_.values for range_ in tuning.space.values())
    options = [f"{tuning.metric!r}", f"method={tuning.method!r}"]
    if tuning.method != "grid":
        options += [f"trials={tuning.planned}", f"seed={tuning.seed}"]
    if tuning.like is not None:
        options.append(f"like={tuning.like!r}")
    if tuning.relevant is not None:
        options += [f"relevant={tuning.relevant!r}", f"repeats={split.repeats!r}"]
    if isinstance(tuning.model, Recommender):
        model = model_code(tuning.model)
    else:
        model = f"...  # a function of {join_names(list(tuning.space))}"
    lines = [
        "import penchant as pn",
        *(["from penchant.models import make"] if model.startswith("make(") else []),
        *(["from penchant.models.parameters import Space"] if between else []),
        "",
        f"log = ...  # {one_line(log.name)}, from {one_line(str(log.origin))}",
        f'assert log.fingerprint.startswith("{log.fingerprint[:16]}")',
        f"split = ...  # {one_line(split.sentence)}",
        f'assert split.fingerprint == "{split.fingerprint}"',
        f"model = {model}",
        "space = {",
        *(f"    {name!r}: {_code(range_)}," for name, range_ in tuning.space.items()),
        "}",
        "tuning = pn.tune(",
        "    model,",
        "    split,",
        *(f"    {option}," for option in options),
        "    space=space,",
        ")",
        'pn.report(tuning, "tuning.html")',
    ]
    return "\n".join(lines)


def _over(range_: Range) -> str:
    if range_.values:
        return f"({', '.join(map(value_text, range_.values))})"
    assert range_.low is not None
    assert range_.high is not None
    scale = ", on a logarithmic scale" if range_.log else ""
    return f"from {range_.low:g} to {range_.high:g}{scale}"


def _code(range_: Range) -> str:
    if range_.values:
        return repr(json_value(range_.values))
    return f"Space({range_.low!r}, {range_.high!r}{', log=True' if range_.log else ''})"
