"""Several recommenders on one split, against trivial baselines, with intervals and verdicts."""

from penchant.evaluate.compare import evaluate
from penchant.evaluate.predictions import evaluate_predictions
from penchant.evaluate.result import Cost, Entry, Evaluation, Figure, Table

__all__ = [
    "Cost",
    "Entry",
    "Evaluation",
    "Figure",
    "Table",
    "evaluate",
    "evaluate_predictions",
]
