"""Several classifiers of sentiment, blended by what held-out users say of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
from scipy import optimize
from scipy.special import expit

from penchant.encoders.sentiment.base import Arrays, SentimentClassifier, make, must
from penchant.errors import DataError
from penchant.run import Run
from penchant.typing import Bool, Float64, Int64


def user_folds(groups: Int64, folds: int, seed: int) -> Int64:
    """int64[n], the fold of each row; the rows of a user share one.

    Args:
        groups: int64[n], the user of each row, from 0.
        folds: how many; of nearly equally many users.
        seed: decides who is where.

    Raises:
        DataError: there are fewer users than folds.
    """
    n = int(groups.max(initial=-1)) + 1
    if n < folds:
        raise DataError(f"{folds} folds need reviews of as many users; there are {n}.")
    order = np.random.default_rng(seed).permutation(n)
    return (order % folds)[groups]


def out_of_fold(
    classifier: SentimentClassifier,
    texts: pl.DataFrame,
    stars: Float64,
    groups: Int64,
    *,
    folds: int,
    run: Run,
) -> Float64:
    """float64[n], the log-odds of each training review by what other users' reviews teach."""
    fold = user_folds(groups, folds, classifier.seed)
    found = np.empty(len(texts))
    for part in range(folds):
        held = fold == part
        own = classifier.clone()
        own.fit(texts.filter(~held), stars[~held], users=groups[~held], run=run)
        found[held] = own.log_odds(texts.filter(held))
    return found


def blend_weights(log_odds: Float64, labels: Bool, l2: float) -> Float64:
    """float64[n_members + 1], weights that are not negative, and a constant behind them.

    They minimise the mean log-loss plus l2 times the squared weights, on members scaled to a
    deviation of 1: members that are alike get alike weights.

    Args:
        log_odds: float64[n, n_members], of rows that the members have not learned from.
        labels: bool[n].
        l2: how much weights cost.
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
    found = optimize.minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.append(found[:-1] / scale, found[-1])


@dataclass(kw_only=True, eq=False)
class SentimentEnsemble(SentimentClassifier):
    """A blend of classifiers that err in different ways.

    Each member predicts every training review once from the reviews of other users; a logistic
    regression with weights that are not negative is fitted on these predictions (stacking as
    Breiman, "Stacked regressions", 1996, bounds it); then each member learns from all reviews.
    Neither a member nor a weight has seen a review that it is judged on.

    Attributes:
        members: names from `penchant.encoders.sentiment.base.TABLE`, or classifiers.
        folds: parts of the users that are predicted one after the other.
        l2: how much the weights of the members cost.
    """

    members: Sequence[str | SentimentClassifier] = ("ngrams", "bag")
    folds: int = 3
    l2: float = 0.001
    name: ClassVar[str] = "ensemble"

    base_models_: list[SentimentClassifier] = field(default_factory=list, init=False, repr=False)
    blend_: Float64 = field(default_factory=lambda: np.zeros(0), init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        must(len(self.members) >= 1, "members", self.members, "a list of at least one classifier")
        must(self.folds >= 2, "folds", self.folds, "at least 2")
        must(self.l2 >= 0, "l2", self.l2, "at least 0")

    @property
    def weights(self) -> dict[str, float]:
        """How much each member counts, by its name."""
        names = [type(m).name for m in self.base_models_]
        return dict(zip(names, self.blend_[:-1].tolist(), strict=True))

    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: tuple[pl.DataFrame, Float64] | None,
        run: Run,
    ) -> None:
        members = [
            make(m, above=self.above, seed=self.seed) if isinstance(m, str) else m.clone()
            for m in self.members
        ]
        held = [
            out_of_fold(m, texts, stars, groups, folds=self.folds, run=run)
            for m in run.track(members, "members, out of fold")
        ]
        self.blend_ = blend_weights(np.stack(held, axis=1), self.positive(stars), self.l2)
        self.base_models_ = [
            m.fit(texts, stars, users=groups, run=run) for m in run.track(members, "members")
        ]

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        x = np.stack([m.log_odds(texts) for m in self.base_models_], axis=1)
        return np.asarray(x @ self.blend_[:-1] + self.blend_[-1])

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """What each member has learned, and the weights."""
        arrays: Arrays = {"blend": self.blend_}
        plain = []
        for number, member in enumerate(self.base_models_):
            own, values = member.state()
            plain.append({"name": type(member).name, "fields": member.params(), "state": own})
            arrays |= {f"{number}.{name}": value for name, value in values.items()}
        return {"members": plain}, arrays

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.blend_ = arrays["blend"]
        self.base_models_ = []
        for number, entry in enumerate(plain["members"]):
            member = make(entry["name"], **entry["fields"])
            start = f"{number}."
            own = {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}
            member.take(entry["state"], own, self.columns_)
            self.base_models_.append(member)


@dataclass(kw_only=True, eq=False)
class VectorEnsemble(SentimentEnsemble):
    """The blend with a member that reads vectors of a pretrained network.

    The network knows more words than the training reviews have. It needs
    `pip install 'penchant[text]'` and reads some tens of reviews a second on a core.
    """

    members: Sequence[str | SentimentClassifier] = ("ngrams", "bag", "vectors")
    name: ClassVar[str] = "ensemble-vectors"
