"""Features of pairs of a user and an item, counted in a log and its tables."""

from penchant.features.cross_fitting import folds, out_of_fold
from penchant.features.feature_set import FeatureSet
from penchant.features.tables import Tables

__all__ = ["FeatureSet", "Tables", "folds", "out_of_fold"]
