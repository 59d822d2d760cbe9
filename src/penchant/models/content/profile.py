"""Recommends items whose content is like that of the items that a user liked."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.target import default_like_threshold
from penchant.errors import DataError
from penchant.features.item_words import ItemWords, tf_idf, unit_rows
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import Declarations, plain, sparse_matrix
from penchant.models.parameters import Space
from penchant.models.shared.one_user import require_one_user
from penchant.run import Run
from penchant.typing import Csr, Float32, Float64, Int32


class ContentProfile(Recommender):
    """The mean of what a user liked less that of what the user disliked, as bags of words.

    An item is the words of its texts, the labels of its other columns and the intervals that its
    numbers lie in, by TF-IDF: each of these parts has length 1 times its weight, and the whole
    length 1. A user's profile is the mean over liked items, weighted by the events' weights, less
    `dislikes` times that over the others, as in Rocchio, "Relevance Feedback in Information
    Retrieval" (1971); the score of an item is its cosine with the profile. Without ratings all
    events are likes. Nothing is learned from other users, so that new items and new users are
    answered like all others; for the same reason it knows nothing of popularity, and its lists lose
    to the most popular items where tables say little of what users look for. It is for new items,
    and for explanations by content.

    Attributes:
        labels: weight of the labels; 0 leaves them out.
        numbers: the same for the intervals of numbers.
        text: the same for words.
        dislikes: how much the items count that the user did not like.
        threshold: the rating from which an event is a like; by default by the scale.
    """

    labels: Annotated[float, Field(ge=0), Space(0, 3)] = 1.0
    numbers: Annotated[float, Field(ge=0), Space(0, 3)] = 1.0
    text: Annotated[float, Field(ge=0), Space(0, 3)] = 1.0
    dislikes: Annotated[float, Field(ge=0), Space(0, 1)] = 0.5
    threshold: float | None = None

    signal: ClassVar[Signal] = "attributes"
    fitted_attributes: ClassVar[Declarations] = {
        "attributes_": plain(list[str], "n_attributes"),
        "content_": sparse_matrix("items", "n_attributes", low=0),
        "threshold_": plain(float | None),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        weights = {"labels": self.labels, "numbers": self.numbers, "text": self.text}
        words = ItemWords.of(train, tuple(part for part, weight in weights.items() if weight > 0))
        if not words.blocks:
            raise DataError(
                f"{type(self).__name__} recommends by words, labels and numbers that several items "
                f"share, and {train.name!r} tells none of its items: give an item table."
            )
        blocks = [tf_idf(block) * weights[part] for part, block in words.blocks.items()]
        self.attributes_: list[str] = [name for names in words.names.values() for name in names]
        content: Csr = unit_rows(sparse.hstack(blocks, format="csr"))
        self.content_: Csr = content.astype(np.float32)
        self.threshold_: float | None = self.threshold
        if self.threshold is None and train.has_ratings:
            self.threshold_ = default_like_threshold(train.rating_range)

    @property
    def uses_weights(self) -> bool:
        """True: they weigh the items of a profile."""
        return True

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that share nothing with what the user had."""
        return 0.0

    @property
    def item_attributes_(self) -> Csr:
        """csr[n_items, n_attributes] of ones, which item has what."""
        return self.content_.astype(bool).astype(np.uint8)

    def _shares(self, users: Histories) -> Float64:
        """float64[n_events], what each event counts in its user's profile."""
        weights = np.ones(users.n_events) if users.weights is None else users.weights
        weights = np.where(users.is_latest, weights, 0.0)
        likes = np.ones(users.n_events, np.bool_)
        if users.ratings is not None and self.threshold_ is not None:
            likes = users.ratings >= np.float32(self.threshold_)
        shares = np.zeros(users.n_events)
        for some, factor in ((likes, 1.0), (~likes, -self.dislikes)):
            totals = np.bincount(users.rows, weights * some, len(users))[users.rows]
            shares += factor * weights * some / np.where(totals > 0, totals, 1)
        return shares

    def _profiles(self, users: Histories, shares: Float64) -> tuple[Csr, Float64]:
        """Csr[n_users, n_attributes], not yet of length 1, and float64[n_users], their lengths."""
        events = sparse.csr_array(
            (shares, users.items, users.offsets), shape=(len(users), users.n_items)
        )
        profiles: Csr = (events @ self.content_.astype(np.float64)).tocsr()
        lengths = np.asarray(sparse.linalg.norm(profiles, axis=1)).ravel()
        # What cancels out is not magnified.
        return profiles, np.where(lengths > 1e-9, lengths, np.inf)

    def _scores(self, users: Histories) -> Float32:
        profiles, lengths = self._profiles(users, self._shares(users))
        products = (profiles @ self.content_.T).toarray()
        return np.asarray(products / lengths[:, None], np.float32)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], the part of each event of the history in each score.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        shares = self._shares(user)
        _, lengths = self._profiles(user, shares)
        alike = (self.content_[items] @ self.content_[user.items].T).toarray()
        return np.asarray(alike * (shares / lengths[0]), np.float32)

    def attribute_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_attributes], see `penchant.models.protocols.ExplainsAttributes`.

        An item without an attribute is a shorter bag, scaled to length 1 again.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        profiles, lengths = self._profiles(user, self._shares(user))
        profile = profiles.toarray()[0] / lengths[0]
        content = self.content_[items].toarray().astype(np.float64)
        parts = content * profile
        scores = parts.sum(axis=1, keepdims=True)
        left = np.sqrt(np.maximum(1 - content**2, 0))
        without = np.divide(scores - parts, left, out=np.zeros_like(parts), where=left > 1e-3)
        return np.where(content > 0, scores - without, 0).astype(np.float32)
