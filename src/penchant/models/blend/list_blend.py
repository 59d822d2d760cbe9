"""A blend of lists: several base models, and a weighted sum of their comparable scores."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from pydantic import BeforeValidator, Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.splitting import split_next_basket, split_per_user
from penchant.errors import DataError, ParameterError
from penchant.models.base import Recommender, Signal
from penchant.models.blend.candidates import gather_candidates
from penchant.models.blend.comparable_scores import (
    Normalisation,
    comparable_scores_of,
    listable_items,
    means_and_spreads,
)
from penchant.models.blend.list_weights import fit_list_weights
from penchant.models.fitted_attributes import Declarations, Models, floats, plain
from penchant.models.protocols import Explains
from penchant.models.shared.base_models import (
    BaseModelSpecs,
    any_has_evidence,
    fit_again,
    fit_base_models,
    settled_specs,
    specs_of,
)
from penchant.models.shared.one_user import require_one_user
from penchant.repeats import Repeats
from penchant.run import Run
from penchant.typing import Bool, Float32, Float64, Int32

logger = logging.getLogger(__name__)

_FEWEST_USERS = 10  # with held-out events, for weights to be fitted


def _parse_numbers(value: object) -> object:
    if isinstance(value, str):
        return [part for part in re.split(r"[;, ]+", value.strip("() ")) if part]
    return value


Weights = Annotated[
    tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...], BeforeValidator(_parse_numbers)
]
"""A field of weights, such as `0.7;0.3` or `(0.7, 0.3)`."""


class ListBlend(Recommender):
    """A weighted sum of the scores by which base models make their lists.

    Scores of different models have different scales: each user's are standardised over the items
    that the user's list may hold, or replaced by reciprocal ranks. Weights are not negative and
    have the highest nDCG@10 on held-out events: the validation events where there are any;
    otherwise a part of each user's training events, to the rest of which base models are fitted
    first and afterwards to all. Neither ever sees test events. For predicted ratings and likes see
    `blend`.

    Attributes:
        base_models: the models, such as `ease;ials`, or `(ease:l2=300;ials:dim=32,epochs=8)` with
            commas. One with a seed of its own keeps it.
        normalisation: `standardised`, `reciprocal-rank`, or `best`: whichever has the higher
            nDCG@10 on the held-out events.
        weights: of the base models, where these are not to be fitted, such as `0.7;0.3`; `best`
            then is `standardised`.
        holdout: the share of each user's events that is held out where no validation events are
            given, the latest where events have times; each user's last basket where the log has
            baskets.
        repeats: what lists may hold; None takes that of the validation events, or of the log.
    """

    base_models: BaseModelSpecs = "ease;ials;rp3beta;item-knn;popular"
    normalisation: Literal["best", "standardised", "reciprocal-rank"] = "best"
    weights: Weights | None = None
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.2
    repeats: Repeats | None = None

    signal: ClassVar[Signal] = "pairs"
    fitted_attributes: ClassVar[Declarations] = {
        "base_models_": Models(),
        "weights_": floats("base models", dtype="float64", low=0),
        "normalisation_": plain(Normalisation),
        "repeats_": plain(Repeats),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        specs = specs_of(self.base_models)
        if not specs:
            raise ParameterError("ListBlend needs base models, such as base_models=ease;ials.")
        if self.weights is not None and (len(self.weights) != len(specs) or not any(self.weights)):
            raise ParameterError(
                f"ListBlend has {len(specs)} base models and the weights {self.weights}: give each "
                "a weight, and one of them more than 0."
            )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        specs, seed = self.base_models, self.seed
        by_log: Repeats = "allowed" if train.has_orders else "excluded"
        self.repeats_ = self.repeats or (by_log if validation is None else validation.repeats)
        standard: Normalisation = "standardised"
        self.normalisation_ = standard if self.normalisation == "best" else self.normalisation
        if self.weights is not None or len(specs_of(specs)) == 1:
            given = np.array(self.weights or (1.0,))
            self.base_models_ = fit_base_models(specs, train, validation, seed, run)
            self.weights_ = given / given.sum()
        elif validation is not None:
            self.base_models_ = fit_base_models(specs, train, validation, seed, run)
            self._fit_weights(replace(validation, repeats=self.repeats_), run)
        elif (parts := _held_out(train, self.holdout, seed)) is None:
            self.base_models_ = fit_base_models(specs, train, None, seed, run)
            self._weigh_equally("no user has events enough to hold some out")
        else:
            known, held_out = parts
            self.base_models_ = fit_base_models(specs, known, held_out, seed, run)
            self._fit_weights(replace(held_out, repeats=self.repeats_), run)
            self.base_models_ = fit_again(self.base_models_, train, run)

    def _fit_weights(self, holdout: Holdout, run: Run) -> None:
        ways = get_args(Normalisation) if self.normalisation == "best" else [self.normalisation_]
        candidates = gather_candidates(self.base_models_, holdout, ways, self.seed, run)
        n_users = min(len(each.there) for each in candidates.values())
        if n_users < _FEWEST_USERS:
            self._weigh_equally(
                f"only {n_users} users with history have held-out items that lists may hold"
            )
            return
        best = -1.0
        for way, each in candidates.items():
            weights, reached = fit_list_weights(each)
            if reached > best:
                best, self.weights_, self.normalisation_ = reached, weights, way

    def _weigh_equally(self, reason: str) -> None:
        logger.warning(
            "ListBlend gives its base models equal weights, because %s; name others with "
            "weights=….",
            reason,
        )
        n = len(self.base_models_)
        self.weights_ = np.full(n, 1 / n)

    def _settled(self) -> dict[str, Any]:
        """Weights and normalisation, and what validation has settled of the base models."""
        return {
            "base_models": settled_specs(self.base_models_),
            "weights": tuple(self.weights_.tolist()),
            "normalisation": self.normalisation_,
            "repeats": self.repeats_,
        }

    def n_parameters(self) -> int:
        """The weights, and the parameters of all base models."""
        return len(self.weights_) + sum(model.n_parameters() for model in self.base_models_)

    def importances(self) -> dict[str, float]:
        """The weight of each base model's comparable scores; they sum to 1."""
        self._require_fitted()
        weights = self.weights_.tolist()
        return {repr(m): w for m, w in zip(self.base_models_, weights, strict=True)}

    @property
    def uses_weights(self) -> bool:
        """Whether a base model uses the weights of events."""
        if self.is_fitted:
            return any(model.uses_weights for model in self.base_models_)
        return False

    # Scoring

    @property
    def _weighted(self) -> list[tuple[Recommender, float]]:
        """The base models whose weight is above 0: others are not asked."""
        pairs = zip(self.base_models_, self.weights_.tolist(), strict=True)
        return [(model, weight) for model, weight in pairs if weight > 0]

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], where a base model that counts knows something of the user."""
        return any_has_evidence([model for model, _ in self._weighted], users)

    def _scores(self, users: Histories) -> Float32:
        listable = listable_items(users, self.repeats_)
        found = np.zeros(listable.shape, np.float32)
        for model, weight in self._weighted:
            scores = comparable_scores_of(model, users, listable, self.normalisation_)
            found += np.float32(weight) * scores
        return found

    @property
    def has_contributions(self) -> bool:
        """Whether scores are standardised and each base model divides its own among events."""
        return self.normalisation_ == "standardised" and all(
            model.has_contributions or model.signal == "popularity" for model, _ in self._weighted
        )

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], the weighted sum of the base models' contributions.

        Models without any add nothing to it, and neither does anything where scores are
        reciprocal ranks; see `has_contributions`.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        found = np.zeros((len(items), user.n_events), np.float64)
        if self.normalisation_ != "standardised":
            return found.astype(np.float32)
        listable = listable_items(user, self.repeats_)
        for model, weight in self._weighted:
            if not (isinstance(model, Explains) and model.has_contributions):
                continue
            spread = self._spread(model, user, listable)
            if spread > 0:
                found += weight / spread * model.contributions(user, items)
        return found.astype(np.float32)

    @staticmethod
    def _spread(model: Recommender, user: Histories, listable: Bool) -> float:
        scores = model.scores(user)
        spreads: Float64 = means_and_spreads(scores, listable & np.isfinite(scores))[1]
        return float(spreads[0])


def _held_out(train: Dataset, share: float, seed: int) -> tuple[Dataset, Holdout] | None:
    """A part of each user's events and the rest of the log; None where that leaves nothing."""
    try:
        if train.has_orders:
            split = split_next_basket(train, validation=False)
            return split.train, split.test
    except DataError:
        pass  # nobody has two baskets
    try:
        split = split_per_user(train, validation=0, test=share, seed=seed)
    except DataError:
        return None
    return split.train, split.test
