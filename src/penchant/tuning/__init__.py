"""Tries hyper-parameters on validation events, and says where the best lies on an edge."""

from penchant.results.tuning import Tuning
from penchant.results.tuning_parts import Range, Trial
from penchant.tuning.trials import Method, tune

__all__ = ["Method", "Range", "Trial", "Tuning", "tune"]
