"""Several recommenders on one split, against trivial baselines, with intervals and verdicts."""

from penchant.evaluation.comparison import evaluate
from penchant.evaluation.predictions import evaluate_predictions
from penchant.evaluation.ranking import catalogue_of, rank
from penchant.results.evaluation import Evaluation
from penchant.results.tables import Cost, Entry, MetricValue, Table

__all__ = [
    "Cost",
    "Entry",
    "Evaluation",
    "MetricValue",
    "Table",
    "catalogue_of",
    "evaluate",
    "evaluate_predictions",
    "rank",
]
