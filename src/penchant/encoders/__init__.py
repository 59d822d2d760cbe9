"""Texts as numbers: tokens, n-grams, vectors, and how positive a review is."""

from __future__ import annotations

from penchant.encoders.sentiment.base import TABLE, SentimentClassifier, find, make

__all__ = ["TABLE", "SentimentClassifier", "find", "make"]
