"""Classifiers of sentiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.encoders.sentiment.base import SentimentClassifier, make
    from penchant.encoders.sentiment.comparison import Judged
    from penchant.encoders.sentiment.evaluation import judge
else:
    __getattr__ = exporter(
        __name__,
        {
            "SentimentClassifier": "base",
            "make": "base",
            "Judged": "comparison",
            "judge": "evaluation",
        },
    )

__all__ = [
    "Judged",
    "SentimentClassifier",
    "judge",
    "make",
]
