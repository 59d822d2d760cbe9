"""Tries hyper-parameters on validation events, and says where the best lies on an edge."""

from penchant.report.tuning_parts import Range, Trial
from penchant.report.tuning_result import Tuning
from penchant.tune.trials import Method, tune

__all__ = ["Method", "Range", "Trial", "Tuning", "tune"]
