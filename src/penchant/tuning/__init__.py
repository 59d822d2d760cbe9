"""Tries hyper-parameters on validation events, and says where the best lies on an edge."""

from penchant.results.tuning.result import Tuning
from penchant.results.tuning.trial import Range, Trial
from penchant.tuning.trials import Method, tune

__all__ = ["Method", "Range", "Trial", "Tuning", "tune"]
