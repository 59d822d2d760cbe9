"""Features of reviews: their texts, circumstances, items and users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.features.reviews.features import ReviewFeatures, ReviewSettings
else:
    __getattr__ = exporter(
        __name__,
        {
            "ReviewFeatures": "features",
            "ReviewSettings": "features",
        },
    )

__all__ = [
    "ReviewFeatures",
    "ReviewSettings",
]
