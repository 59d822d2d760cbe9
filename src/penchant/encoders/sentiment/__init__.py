"""Classifiers that tell from a review's texts whether its rating is positive."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from typing import TYPE_CHECKING, Any

from penchant.encoders.sentiment.base import SentimentClassifier
from penchant.errors import ParameterError
from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.encoders.sentiment.comparison import SentimentResult
    from penchant.encoders.sentiment.evaluation import evaluate_sentiment
else:
    __getattr__ = exporter(
        __name__, {"SentimentResult": "comparison", "evaluate_sentiment": "evaluation"}
    )

__all__ = [
    "CLASSIFIERS",
    "SentimentClassifier",
    "SentimentResult",
    "classifier_class",
    "evaluate_sentiment",
    "sentiment_classifier",
]

CLASSIFIERS: dict[str, str] = {
    "majority": "linear:Majority",
    "tfidf": "linear:TfIdfLogistic",
    "ngrams": "linear:OrdinalNGrams",
    "bag": "networks.bag:HashedBag",
    "cnn": "cnn.classifier:SentimentCNN",
    "text-cnn": "networks.text_cnn:TextCNN",
    "cnn-rnn": "networks.text_cnn:TextCNNRNN",
    "vectors": "vectors:VectorLogistic",
    "ensemble": "ensemble:SentimentEnsemble",
    "ensemble-vectors": "ensemble:VectorEnsemble",
}
"""Module and class of each classifier by name."""


def classifier_class(name: str) -> type[SentimentClassifier]:
    """The class of a classifier.

    Raises:
        ParameterError: there is no such classifier.
    """
    if name not in CLASSIFIERS:
        raise ParameterError(
            f"There is no classifier of sentiment {name!r}; known are {', '.join(CLASSIFIERS)}."
        )
    module, _, attribute = CLASSIFIERS[name].partition(":")
    cls: type[SentimentClassifier] = getattr(
        import_module(f"penchant.encoders.sentiment.{module}"), attribute
    )
    return cls


def sentiment_classifier(name: str, **parameters: Any) -> SentimentClassifier:
    """A classifier by name, not fitted yet, with some hyper-parameters changed.

    Raises:
        ParameterError: there is no such classifier or hyper-parameter, or its value is impossible.
    """
    cls = classifier_class(name)
    known = [f.name for f in dataclasses.fields(cls) if f.init]
    for parameter in parameters:
        if parameter not in known:
            raise ParameterError(
                f"{cls.__name__} has no parameter {parameter!r}; it has {', '.join(known)}."
            )
    return cls(**parameters)
