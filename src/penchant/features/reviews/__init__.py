"""Features of reviews: their texts, circumstances, items and users."""

from penchant.features.reviews.features import ReviewFeatures, ReviewSettings

__all__ = ["ReviewFeatures", "ReviewSettings"]
