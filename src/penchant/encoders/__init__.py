"""Texts, images and rows of numbers as vectors, and how positive a review is."""

from __future__ import annotations

from penchant.encoders.sentiment import CLASSIFIERS, classifier_class, sentiment_classifier
from penchant.encoders.sentiment.base import SentimentClassifier

__all__ = ["CLASSIFIERS", "SentimentClassifier", "classifier_class", "sentiment_classifier"]
