"""Results as runs of an experiment tracker."""

from penchant.tracking.mlflow_runs import MLflowTracker

__all__ = ["MLflowTracker"]
