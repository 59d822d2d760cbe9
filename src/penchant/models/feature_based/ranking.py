"""Lists by a learner on features: base models name candidates, which the learner ranks."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Interaction, Like
from penchant.errors import DataError
from penchant.features import FeatureSet, Tables
from penchant.models.feature_based.base import RatingFeatures
from penchant.models.feature_based.candidates import OF_EACH, BaseScores, drawn, parts
from penchant.models.fitted_attributes import Declarations, plain
from penchant.models.parameters import Space
from penchant.models.shared.base_models import fit_again, fit_base_models
from penchant.run import Run
from penchant.typing import AnyInt, Bool, Float32, Float64, Int32

_BASE_MODELS = "ials;item-knn;popular"
_MOST_EXAMPLES = 20_000  # events that are learned; and a fifth of them decide when to stop

Examples = tuple[Float32, Float32]
"""Inputs, and 1 for events and 0 for others."""


class RankedCandidates(RatingFeatures):
    """A learner of ratings, likes, or of which items at the top of base models' lists come next.

    With `target=interaction` lists are made in two stages, as in Covington, Adams and Sargin, "Deep
    Neural Networks for YouTube Recommendations" (2016): base models name candidates, the items at
    the top of their lists, and the learner tells those that come next from the others. It learns
    from training events that are held out from features and base models, a fold after the other,
    against candidates of the same users that are none of their events. Beside the features of
    `RatingFeatures` it knows each base model's score, the score's part of the best one, and the
    rank. Items that are no candidates, and what a user has had, come after those that are, in the
    order of the first base model. For lists of what users like, say which events are positive
    (`--positive`). A log without ratings is one in which all are equal.

    Attributes:
        base_models: with `target=interaction` what names candidates; none given are iALS, item
            kNN and popularity, and where events have times also popularity of late, with a tenth of
            the log's time as half-life. Otherwise models whose out-of-fold predictions are
            features.
        candidates: items from the top of each base model's list.
        negatives: candidates for each event of a user that training tells from it.
    """

    candidates: Annotated[int, Field(gt=0), Space(20, 500, log=True)] = 50
    negatives: Annotated[int, Field(gt=0), Space(2, 50, log=True)] = 5

    needs_ratings: ClassVar[bool] = False
    ranks: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {"rated_": plain(bool)}

    @property
    def learns_interactions(self) -> bool:
        """Whether the target is an event, whatever its rating."""
        return isinstance(self.target, Interaction)

    @property
    def is_logistic(self) -> bool:
        """Whether what is learned are log-odds."""
        return isinstance(self.target, Like | Interaction)

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users]; events without ratings say nothing where these are learned."""
        if self.learns_interactions or users.ratings is not None:
            return super().has_evidence(users)
        unrated = replace(users, offsets=np.zeros_like(users.offsets), items=users.items[:0])
        return super().has_evidence(unrated)

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.rated_ = train.has_ratings
        if not self.learns_interactions:
            if not train.has_ratings:
                raise DataError(
                    f"The target {self.target} needs ratings, and the log {train.name!r} has none: "
                    "use target=interaction."
                )
            super()._fit(train, validation, run)
            return
        if len(train) < 2:
            raise DataError(
                f"{type(self).__name__} learns which events come after others, and the log "
                f"{train.name!r} has one: use another model, such as popular."
            )
        rng = np.random.default_rng(self.seed)
        specs = self.base_models or _usual_base_models(train)
        self.base_models_: Any = fit_base_models(specs, train, validation, self.seed, run)
        rated = _rated(train)
        tables, like = Tables.of(rated), self._threshold(rated)
        features = tables.fit(rated, like)
        held = None
        if validation is not None:
            held = self._examples(self.base_models_, features, validation, _MOST_EXAMPLES // 5, rng)
        examples: list[Examples] = []
        fold, left = rng.permutation(len(train)) % self.folds, _MOST_EXAMPLES
        for part in range(self.folds):
            known, held_out = train.subset(fold != part), train.subset(fold == part)
            if left <= 0 or not (len(known) and len(held_out)):
                break
            base_models = fit_again(self.base_models_, known, run)
            of_known = tables.fit(_rated(known), like)
            holdout = Holdout.of(known, held_out)
            examples.append(self._examples(base_models, of_known, holdout, left, rng))
            left -= int(examples[-1][1].sum())
        inputs, truth = (np.concatenate(columns) for columns in zip(*examples, strict=True))
        if not 0 < truth.sum() < len(truth):
            raise DataError(
                f"{type(self).__name__} learns which candidates come next, and no event of the log "
                f"{train.name!r} tells one from another: use another model, such as popular."
            )
        vars(self).update(features.state())
        self._learn(inputs, truth, held if held and len(held[1]) else None, run)

    def _examples(
        self,
        base_models: Any,
        features: FeatureSet,
        holdout: Holdout,
        most: int,
        rng: np.random.Generator,
    ) -> Examples:
        """Candidates of users, of whom some come next, given what was fitted to the histories."""
        holdout = holdout.positives
        users = rng.permutation(holdout.n_users)
        n_events = np.cumsum(np.diff(holdout.offsets)[users])
        some_users = users[: np.searchsorted(n_events, most) + 1]
        holdout = holdout.subset(np.isin(holdout.rows.history, some_users))
        events = holdout.rows.pairs
        inputs = [np.empty((0, self._n_inputs(features)), np.float32)]
        truths = [np.empty(0, np.float32)]
        for start, stop in parts(holdout.histories):
            some = holdout.histories.block(start, stop)
            scores = BaseScores.of(base_models, some, self.candidates)
            rows, items = scores.candidates()
            truth = np.isin((rows + start) * some.n_items + items, events)
            keep = drawn(rows, truth, self.negatives, rng)
            inputs.append(self._joined(features, scores, some, rows[keep], items[keep]))
            truths.append(truth[keep].astype(np.float32))
        return np.concatenate(inputs), np.concatenate(truths)

    def _n_inputs(self, features: FeatureSet) -> int:
        return len(features.names) + len(OF_EACH) * len(self.base_models_)

    def _joined(
        self,
        features: FeatureSet,
        scores: BaseScores,
        users: Histories,
        rows: AnyInt,
        items: AnyInt,
    ) -> Float32:
        asked = Rows(self._as_rated(users), rows.astype(np.int32), items.astype(np.int32))
        return np.hstack([features.of_rows(asked), scores.inputs(rows, items)])

    def _as_rated(self, users: Histories) -> Histories:
        """The same histories, with equal ratings where the log has none."""
        return users if self.rated_ else replace(users, ratings=np.ones(users.n_events, np.float32))

    def input_names(self) -> list[str]:
        """What each input is: the features, and then what base models say."""
        if not self.learns_interactions:
            return super().input_names()
        of_models = [f"{model!r}: {what}" for model in self.base_models_ for what in OF_EACH]
        return [*self.features.names, *of_models]

    def _inputs(self, rows: Rows) -> Float32:
        if not self.learns_interactions:
            return super()._inputs(rows)
        features = FeatureSet.from_state(vars(self))
        found = np.empty((len(rows), self._n_inputs(features)), np.float32)
        order = np.argsort(rows.history, kind="stable")
        for start, stop in parts(rows.histories):
            some = rows.histories.block(start, stop)
            inside = order[slice(*np.searchsorted(rows.history[order], [start, stop]))]
            if len(inside):
                scores = BaseScores.of(self.base_models_, some, self.candidates)
                found[inside] = self._joined(
                    features, scores, some, rows.history[inside] - start, rows.items[inside]
                )
        return found

    def _scores(self, users: Histories) -> Float32:
        if not self.learns_interactions:
            return super()._scores(users)
        features = FeatureSet.from_state(vars(self))
        found = np.empty((len(users), users.n_items), np.float32)
        for start, stop in parts(users):
            some = users.block(start, stop)
            scores = BaseScores.of(self.base_models_, some, self.candidates)
            rows, items = scores.candidates()
            raw: Float64 = self._raw(self._joined(features, scores, some, rows, items))
            lowest = np.zeros(len(some))
            np.minimum.at(lowest, rows, raw)
            found[start:stop] = lowest[:, None] - 2 + _from_0_to_1(scores.scores[0])
            found[start + rows, items] = raw
        return found

    def _item_scores(self, users: Histories, items: Int32) -> Float32:
        if not self.learns_interactions:
            return super()._item_scores(users, items)
        return self._scores(users)[:, items]  # which depend on the candidates among all items


def _usual_base_models(log: Dataset) -> str:
    if not log.has_times:
        return _BASE_MODELS
    times = log.events["time"].to_physical().to_numpy()
    days = float(times.max() - times.min()) / 86_400e6
    return f"{_BASE_MODELS};popular:half_life={days / 10:.4g}" if days > 0 else _BASE_MODELS


def _rated(log: Dataset) -> Dataset:
    """The same log, with equal ratings where it has none."""
    if log.has_ratings:
        return log
    return replace(log, events=log.events.with_columns(rating=pl.lit(1.0, pl.Float32)))


def _from_0_to_1(scores: Float32) -> Float32:
    """float32[n_users, n_items], in the same order for each user; unknown ones are 0."""
    known = np.where(np.isnan(scores), np.inf, scores)
    low = known.min(axis=1, keepdims=True, initial=np.inf)
    high = np.where(np.isnan(scores), -np.inf, scores).max(axis=1, keepdims=True, initial=-np.inf)
    spread = np.where(high > low, high - low, 1)
    found: Float32 = np.nan_to_num((scores - np.where(np.isfinite(low), low, 0)) / spread, nan=0.0)
    return found
