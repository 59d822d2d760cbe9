"""Several classifiers of sentiment, blended by their predictions for held-out users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
from scipy import optimize
from scipy.special import expit

from penchant.encoders.sentiment import sentiment_classifier
from penchant.encoders.sentiment.base import (
    Arrays,
    LabelledTexts,
    SentimentClassifier,
    check_parameter,
)
from penchant.errors import DataError
from penchant.run import Run
from penchant.typing import Bool, Float64, Int64


def user_folds(users: Int64, folds: int, seed: int) -> Int64:
    """int64[n], the fold of each row; all rows of a user are in the same one.

    Args:
        users: int64[n], the user of each row, from 0.
        folds: how many; of nearly equally many users.
        seed: decides the users of each fold.

    Raises:
        DataError: there are fewer users than folds.
    """
    n = int(users.max(initial=-1)) + 1
    if n < folds:
        raise DataError(f"{folds} folds need reviews of as many users; there are {n}.")
    order = np.random.default_rng(seed).permutation(n)
    return (order % folds)[users]


def out_of_fold_log_odds(
    classifier: SentimentClassifier, reviews: LabelledTexts, *, folds: int, run: Run
) -> Float64:
    """float64[n], the log-odds of each review by a clone that learned from other users' reviews.

    Args:
        classifier: is cloned; its own fitted state is neither used nor changed.
        reviews: all of them.
        folds: parts of the users.
        run: threads and progress.

    Raises:
        DataError: there are fewer users than folds.
    """
    fold = user_folds(reviews.users, folds, classifier.seed)
    log_odds = np.empty(len(reviews))
    for part in range(folds):
        held_out = fold == part
        train = reviews.subset(~held_out)
        clone = classifier.clone().fit(train.texts, train.ratings, users=train.users, run=run)
        log_odds[held_out] = clone.log_odds(reviews.texts.filter(held_out))
    return log_odds


def blend_weights(log_odds: Float64, labels: Bool, l2: float) -> Float64:
    """float64[n_models + 1], weights that are not negative, followed by an intercept.

    They minimise the mean log-loss plus l2 times the squared weights, on log-odds scaled to a
    deviation of 1: similar models get similar weights.

    Args:
        log_odds: float64[n, n_models], of rows that the models have not learned from.
        labels: bool[n].
        l2: larger values regularise more.
    """
    n, k = log_odds.shape
    scale = np.maximum(log_odds.std(axis=0), 1e-9)
    x = log_odds / scale
    side = np.where(labels, 1.0, -1.0)

    def objective(w: Float64) -> tuple[float, Float64]:
        margin = side * (x @ w[:-1] + w[-1])
        slope = -side * expit(-margin) / n
        value = float(np.logaddexp(0, -margin).mean()) + l2 * float(w[:-1] @ w[:-1])
        return value, np.append(x.T @ slope + 2 * l2 * w[:-1], slope.sum())

    start = np.append(np.full(k, 1.0 / k), 0.0)
    bounds = [(0.0, None)] * k + [(None, None)]
    best = optimize.minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.append(best[:-1] / scale, best[-1])


@dataclass(kw_only=True, eq=False)
class SentimentEnsemble(SentimentClassifier):
    """A blend of classifiers that err in different ways.

    Each base model predicts every training review once from the reviews of other users; a
    logistic regression with weights that are not negative is fitted on these predictions
    (stacking as Breiman, "Stacked regressions", 1996, bounds it); then each base model learns from
    all reviews. No weight is chosen on a prediction for a review that its model learned from.

    Attributes:
        base_models: names from `penchant.encoders.sentiment.CLASSIFIERS`, or classifiers.
        folds: parts of the users that are predicted one after the other.
        l2: of the blend's weights; larger values regularise more.
    """

    base_models: Sequence[str | SentimentClassifier] = ("ngrams", "bag")
    folds: int = 3
    l2: float = 0.001
    name: ClassVar[str] = "ensemble"

    base_models_: list[SentimentClassifier] = field(default_factory=list, init=False, repr=False)
    blend_: Float64 = field(default_factory=lambda: np.zeros(0), init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        models = self.base_models
        check_parameter(len(models) >= 1, "base_models", models, "a list of at least one")
        check_parameter(self.folds >= 2, "folds", self.folds, "at least 2")
        check_parameter(self.l2 >= 0, "l2", self.l2, "at least 0")

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each base model in the blend, by its name."""
        names = [type(model).name for model in self.base_models_]
        return dict(zip(names, self.blend_[:-1].tolist(), strict=True))

    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        shared = {"positive_above": self.positive_above, "seed": self.seed}
        models = [
            sentiment_classifier(m, **shared) if isinstance(m, str) else m.clone()
            for m in self.base_models
        ]
        log_odds = [
            out_of_fold_log_odds(model, train, folds=self.folds, run=run)
            for model in run.track(models, "base models, out of fold")
        ]
        self.blend_ = blend_weights(
            np.stack(log_odds, axis=1), self.is_positive(train.ratings), self.l2
        )
        self.base_models_ = [
            model.fit(train.texts, train.ratings, users=train.users, run=run)
            for model in run.track(models, "base models")
        ]

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        log_odds = np.stack([model.log_odds(texts) for model in self.base_models_], axis=1)
        return np.asarray(log_odds @ self.blend_[:-1] + self.blend_[-1])

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The state of each base model, and the weights."""
        arrays: Arrays = {"blend": self.blend_}
        entries = []
        for number, model in enumerate(self.base_models_):
            plain, own = model.state()
            entries.append({"name": type(model).name, "fields": model.params(), "state": plain})
            arrays |= {f"{number}.{name}": value for name, value in own.items()}
        return {"base_models": entries}, arrays

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.blend_ = arrays["blend"]
        self.base_models_ = []
        for number, entry in enumerate(plain["base_models"]):
            model = sentiment_classifier(entry["name"], **entry["fields"])
            prefix = f"{number}."
            own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            self.base_models_.append(model.restore_state(entry["state"], own, self.columns_))


@dataclass(kw_only=True, eq=False)
class VectorEnsemble(SentimentEnsemble):
    """The blend with a base model that reads vectors of a pretrained network.

    The network knows more words than the training reviews have. It needs
    `pip install 'penchant[text]'` and reads some tens of reviews a second on a core.
    """

    base_models: Sequence[str | SentimentClassifier] = ("ngrams", "bag", "vectors")
    name: ClassVar[str] = "ensemble-vectors"
