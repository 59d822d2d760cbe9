"""Logs of reviews: cleaning, the merged table, statistics of items, and significant words."""

from penchant.data.reviews.cleaning_log import CleaningReport, Step
from penchant.data.reviews.item_statistics import item_statistics
from penchant.data.reviews.merging import COLUMNS, Merged, merged
from penchant.data.reviews.words import significant_words

__all__ = [
    "COLUMNS",
    "CleaningReport",
    "Merged",
    "Step",
    "item_statistics",
    "merged",
    "significant_words",
]
