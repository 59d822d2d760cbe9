"""A sound model that learns from attributes, and models that break a promise of such models."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from penchant.data.attributes.binary import item_attributes
from penchant.data.target import Like
from penchant.models.fitted_attributes import Declarations, floats
from support.stubs import Sound, breaks


class SoundOnAttributes(Sound):
    """Counts likes and others of each user and attribute, as naive Bayes does."""

    signal: ClassVar[str] = "attributes"
    fitted_attributes: ClassVar[Declarations] = {"attributes_": floats("items", "n_attributes")}

    @property
    def target(self):
        return Like(4.0)

    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.attributes_ = item_attributes(train).matrix.astype(np.float32)

    def _scores(self, users):
        odds, bias = self.odds(users)
        return odds @ self.attributes_.T + bias[:, None]

    def odds(self, users):
        one = (
            np.ones(users.n_events)
            if users.ratings is None
            else self.target.of_ratings(users.ratings)
        )
        odds = np.zeros((len(users), self.attributes_.shape[1]), np.float32)
        bias = np.zeros(len(users), np.float32)
        for n in range(len(users)):
            events = slice(users.offsets[n], users.offsets[n + 1])
            had, liked = self.attributes_[users.items[events]], one[events]
            likes, all_likes = liked @ had + 1, liked.sum() + 1
            others, all_others = (1 - liked) @ had + 1, (1 - liked).sum() + 1
            odds[n] = np.log(likes / all_likes / (others / all_others))
            bias[n] = np.log(all_likes / all_others)
        return odds, bias

    def predict(self, rows):
        scores = self._scores(rows.histories)[rows.history, rows.items]
        return (1 / (1 + np.exp(-np.where(rows.items < 0, 0, scores)))).astype(np.float32)

    def contributions(self, user, items):
        return np.zeros((len(items), user.n_events), np.float32) + (
            self._scores(user)[0, items, None] / max(user.n_events, 1)
        )

    def attribute_effects(self, user, items):
        return self.attributes_[items] * self.odds(user)[0]


@breaks("finds_what_is_planted")
class FindsNoAttributes(SoundOnAttributes):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.attributes_ = np.roll(self.attributes_, 1, axis=0)


@breaks("predictions_beat_the_mean")
class PredictsShares(SoundOnAttributes):
    """Ranks by attributes, and predicts every user's share of likes."""

    def predict(self, rows):
        likes = self.target.of_ratings(rows.histories.ratings)
        count = np.maximum(rows.histories.lengths, 1)
        shares = np.bincount(rows.histories.rows, likes, len(rows.histories)) / count
        return shares[rows.history].astype(np.float32)


@breaks("predictions_beat_the_mean")
class PredictsNoProbabilities(SoundOnAttributes):
    """In the right order, but far too sure."""

    def predict(self, rows):
        return super().predict(rows) ** 9


@breaks("attribute_effects_are_of_items")
class ExplainsWhatIsLacking(SoundOnAttributes):
    def attribute_effects(self, user, items):
        return super().attribute_effects(user, items) + np.float32(0.5)


@breaks("attribute_effects_are_of_items")
class ExplainsNothing(SoundOnAttributes):
    def attribute_effects(self, user, items):
        return super().attribute_effects(user, items) * np.float32(0)


@breaks("attribute_effects_are_of_items")
class ExplainsByPlace(SoundOnAttributes):
    def attribute_effects(self, user, items):
        return super().attribute_effects(user, np.sort(items))


@breaks("log_without_attributes")
class DoesWithoutAttributes(SoundOnAttributes):
    def _fit(self, train, validation, run):
        table = train.item_table
        if table is None or "genres" not in table.columns:
            self.attributes_ = np.zeros((train.n_items, 1), np.float32)
        else:
            super()._fit(train, validation, run)


@breaks("log_without_attributes")
class NeedsItemTableSilently(SoundOnAttributes):
    def _fit(self, train, validation, run):
        if train.item_table is None:
            self.attributes_ = np.zeros((train.n_items, 1), np.float32)
        else:
            super()._fit(train, validation, run)
