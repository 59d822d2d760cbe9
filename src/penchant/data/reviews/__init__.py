"""Logs of reviews: cleaning, the merged table, statistics of items, and significant words."""

from penchant.data.reviews.cleaning_report import CleaningReport, CleaningStep
from penchant.data.reviews.item_statistics import item_statistics
from penchant.data.reviews.merging import COLUMNS, MergedReviews, merge_reviews
from penchant.data.reviews.products import known_products
from penchant.data.reviews.words import significant_words

__all__ = [
    "COLUMNS",
    "CleaningReport",
    "CleaningStep",
    "MergedReviews",
    "item_statistics",
    "known_products",
    "merge_reviews",
    "significant_words",
]
