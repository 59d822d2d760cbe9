"""What item and user neighbours share."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError, ParameterError
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.neighbours.entities import (
    CENTRED,
    COMPARE_RATINGS,
    L2,
    Similarity,
    binary,
)
from penchant.models.parameters import Space
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.biases import fit_biases, residuals, user_biases
from penchant.models.shared.updatable import Refitting
from penchant.typing import Bool, Csr, Float32


class NeighboursModel(PredictsRatings, Refitting):
    """What item and user neighbours share: similarities, biases, and ratings from neighbours.

    Attributes:
        similarity: `cosine` and `jaccard` compare who touched what; `correlation` compares whole
            columns of ratings, in which what is not rated is 0; `pearson` and `adjusted-cosine`
            compare the ratings of those who gave both; `residual-cosine` compares whole columns of
            what ratings are above the deviations of users and items. The last three rank by
            predicted ratings.
        rating_similarity: that of the neighbours whose ratings are predicted from. None is
            `similarity` where that compares ratings, and otherwise `residual-cosine`, which is the
            best of all of these on MovieLens.
        min_common: the fewest events in common that make a similarity.
        l2: shrinkage of the user and item deviations that ratings are predicted from.
        damping: similarity that says 0 in the means of ratings, so that one hardly similar
            neighbour does not decide alone.
    """

    similarity: Similarity = "cosine"
    rating_similarity: Similarity | None = None
    min_common: Annotated[int, Field(ge=1)] = 1
    l2: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = L2
    damping: Annotated[float, Field(ge=0), Space(0.001, 10, log=True)] = 0.1

    signal: ClassVar[Signal] = "pairs"
    fitted_attributes: ClassVar[Declarations] = {
        "mean_": plain(float),
        "item_bias_": floats("items"),
    }

    @property
    def of_ratings(self) -> bool:
        """Whether rankings are by predicted rating."""
        return self.similarity in CENTRED

    @property
    def compares_ratings(self) -> bool:
        """Whether the similarity needs ratings."""
        return self.similarity in COMPARE_RATINGS

    @property
    def rating_kind(self) -> Similarity:
        """The similarity by which ratings are predicted."""
        if self.rating_similarity is not None:
            return self.rating_similarity
        return self.similarity if self.compares_ratings else "residual-cosine"

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items without a neighbour, unless ratings are predicted."""
        return None if self.of_ratings else 0.0

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], true where there is a history, with ratings where these are compared."""
        rated = users.ratings is not None or not self.of_ratings
        return super().has_evidence(users) & rated

    @property
    def learns_interactions(self) -> bool:
        """Whether the similarity takes no notice of ratings."""
        return not self.compares_ratings

    @property
    def uses_weights(self) -> bool:
        """Whether the cosine is of the weights; other similarities take no notice of them."""
        return self.similarity == "cosine"

    def _interactions(self, users: Histories) -> Csr:
        """csr[n_users, n_items] of ones, where there are the events that similarities are of.

        Instead of ones there are the weights of events where these are used.
        """
        return users.matrix("weight") if self.uses_weights else binary(users, self.similarity)

    def _event_weights(self, users: Histories) -> Float32:
        """float32[n_events], what each event adds to its entry of `_interactions`."""
        if self.uses_weights:
            return users.event_weights
        counts = users.is_latest if self.compares_ratings else users.is_latest & users.is_positive
        return counts.astype(np.float32)

    def _fit_biases(self, train: Dataset) -> None:
        if self.of_ratings and self.rating_kind != self.similarity:
            raise ParameterError(
                f"similarity={self.similarity} ranks by the ratings that it predicts: leave "
                "rating_similarity out."
            )
        if self.compares_ratings and not train.has_ratings:
            raise DataError(
                f"The similarity {self.similarity!r} compares ratings, and the log "
                f"{train.name!r} has none: use cosine or jaccard."
            )
        self.mean_, self.item_bias_ = 0.0, np.zeros(train.n_items, np.float32)
        if train.has_ratings:
            self.mean_, self.item_bias_ = fit_biases(train, self.l2, self.l2)

    def _baseline(self, users: Histories) -> Float32:
        """float32[n_users], mean plus each user's deviation."""
        return np.float32(self.mean_) + user_biases(users, self.mean_, self.item_bias_, self.l2)

    def _residuals(self, users: Histories) -> Csr:
        """csr[n_users, n_items], ratings less what biases lead one to expect; never exactly 0."""
        return residuals(users, self.mean_, self.item_bias_, self.l2)
