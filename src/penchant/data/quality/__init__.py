"""Checks of a log's quality, its summary, and filters of events."""

from penchant.data.quality.distributions import column_distributions
from penchant.data.quality.filters import k_core, where

__all__ = ["column_distributions", "k_core", "where"]
