"""The page of an experiment."""

from __future__ import annotations

from pathlib import Path

from penchant.atomic_write import write_text_atomically
from penchant.experiments.arm_comparison import ArmComparison
from penchant.experiments.sentences import (
    difference_text,
    interval_text,
    p_value_text,
    range_text,
)
from penchant.experiments.user_sums import TITLES
from penchant.reporting.charts.draw import draw_all
from penchant.reporting.graphs.experiment import course
from penchant.reporting.html import render


def write_experiment(comparison: ArmComparison, path: str | Path) -> Path:
    """Write the arms of an experiment as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    metrics = comparison.shown_metrics
    differences = [
        {
            "arm": one.arm,
            "metric": TITLES[one.metric],
            "decides": one.metric == comparison.metric,
            "difference": difference_text(one.figures.value, one.metric),
            "one_look": range_text(one.figures.low, one.figures.high, one.metric),
            "p_value": p_value_text(one.figures.p_value),
            "any_look": range_text(one.figures.always_low, one.figures.always_high, one.metric),
        }
        for one in comparison.differences
        if one.metric in metrics
    ]
    graphs = [course(comparison, one.arm) for one in comparison.decisive]
    context = {
        "title": comparison.experiment or "Experiment",
        "comparison": comparison,
        "headings": [TITLES[metric] for metric in metrics],
        "arms": [
            (arm, [interval_text(arm.metrics[metric], metric) for metric in metrics])
            for arm in comparison.arms
        ],
        "differences": differences,
        "course": draw_all("course", graphs),
    }
    return write_text_atomically(render("experiment.html", context), path)
