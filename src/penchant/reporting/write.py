"""One function that writes the page of any result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penchant.batch.summary import ListSummary
from penchant.encoders.sentiment.comparison import SentimentComparison
from penchant.errors import ParameterError
from penchant.experiments.arm_comparison import ArmComparison
from penchant.exploration.log_exploration import Exploration
from penchant.reporting.pages.audit import write_audit
from penchant.reporting.pages.comparison import write_comparison
from penchant.reporting.pages.experiment import write_experiment
from penchant.reporting.pages.exploration import write_exploration
from penchant.reporting.pages.lists import write_list_summary
from penchant.reporting.pages.repeated_evaluation import write_repeated_evaluation
from penchant.reporting.pages.sentiment import write_sentiment
from penchant.reporting.pages.study import write_study
from penchant.reporting.pages.tuning import write_tuning
from penchant.results.evaluation import Evaluation
from penchant.results.findings import Findings
from penchant.results.repeated_evaluation import RepeatedEvaluation
from penchant.results.study.result import StudyResult
from penchant.results.tuning.result import Tuning

_PAGES: tuple[tuple[type, Any], ...] = (
    (ArmComparison, write_experiment),
    (Evaluation, write_comparison),
    (Exploration, write_exploration),
    (Findings, write_audit),
    (ListSummary, write_list_summary),
    (StudyResult, write_study),
    (Tuning, write_tuning),
    (RepeatedEvaluation, write_repeated_evaluation),
    (SentimentComparison, write_sentiment),
)


def report(result: object, path: str | Path, **options: Any) -> Path:
    """Write a result as one self-contained HTML page that opens offline.

    The same result gives the same bytes. The file appears whole or not at all.

    Args:
        result: an evaluation, an exploration, the findings of an audit, a study's result, a
            tuning, a rolling evaluation, a cross-validation, a summary of lists, the arms of
            an experiment, or a comparison of sentiment classifiers.
        path: where to write; missing folders are made.
        options: what the page of that kind of result takes, such as `users`, `pair`, `run` and
            `title` of an evaluation.

    Returns:
        The path.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
        ParameterError: there is no page for such a result.

    Example:
        >>> path = pn.report(pn.explore(planted_pairs()), "log.html")
        >>> path.name
        'log.html'
    """
    for kind, write in _PAGES:
        if isinstance(result, kind):
            written: Path = write(result, path, **options)
            return written
    raise ParameterError(
        f"There is no page for a {type(result).__name__}: a report shows an "
        f"{', '.join(kind.__name__ for kind, _ in _PAGES)}."
    )
