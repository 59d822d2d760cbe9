"""A model that keeps the whole contract, and models that break one promise each."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from penchant.data.target import Rating
from penchant.models.base import Recommender
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.shared.biases import fit_biases, of_items, user_biases
from penchant.topk import top_k

BREAKS: dict[str, list[type[Recommender]]] = {}


def breaks(check):
    """Register a model that must not pass this check."""

    def register(cls):
        BREAKS.setdefault(check, []).append(cls)
        return cls

    return register


class Sound(Recommender):
    width: int = 3

    signal: ClassVar[str] = "pairs"
    fitted_attributes: ClassVar[Declarations] = {
        "together_": floats("items", "items"),
        "mean_": plain(float),
        "item_bias_": floats("items"),
    }

    @property
    def target(self):
        return Rating()

    def _fit(self, train, validation, run):
        x = train.histories.matrix()
        self.together_ = np.ascontiguousarray((x.T @ x).toarray())
        np.fill_diagonal(self.together_, 0)
        self.mean_, self.item_bias_ = 0.0, np.zeros(train.n_items, np.float32)
        if train.has_ratings:
            self.mean_, self.item_bias_ = fit_biases(train, 5.0, 5.0)

    def _scores(self, users):
        return np.asarray(users.matrix() @ self.together_)

    def predict(self, rows):
        user = user_biases(rows.histories, self.mean_, self.item_bias_, 5.0)[rows.history]
        return np.float32(self.mean_) + user + of_items(self.item_bias_, rows.items, 0.0)

    def item_vectors(self):
        return self.together_

    def user_vectors(self, users):
        return users.matrix().toarray()

    def contributions(self, user, items):
        return self.together_[user.items][:, items].T * (user.is_latest & user.is_positive)


# Parameters


@breaks("constructor_only_stores")
class WorksInConstructor(Sound):
    def __post_init__(self):
        super().__post_init__()
        self.table = np.zeros(3)


@breaks("parameters_round_trip")
class ClonesDefaults(Sound):
    def clone(self, **changes):
        return type(self)()


@breaks("text_round_trip")
class PosesAsRandom(Sound):
    pass


PosesAsRandom.__module__, PosesAsRandom.__qualname__ = "penchant.models.baselines", "Random"


@breaks("repr_names_changes")
class SaysNothing(Sound):
    def __repr__(self):
        return f"{type(self).__name__}()"


@breaks("impossible_parameters_refused")
class TakesAnything(Sound):
    def __post_init__(self):
        pass


# Fitting


@breaks("fit_returns_the_model")
class ReturnsNothing(Sound):
    def fit(self, train, validation=None, *, run=None):
        super().fit(train, validation, run=run)


@breaks("fitting_keeps_parameters")
class SettlesItsWidth(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.width += 1


@breaks("unfitted_refuses")
class NeverAsks(Sound):
    def _require_fitted(self):
        pass


@breaks("log_is_left_alone")
class SpoilsCounts(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        train.item_counts[:] += 1


@breaks("log_is_left_alone")
class SpoilsRows(Sound):
    def predict(self, rows):
        found = super().predict(rows)
        rows.items[rows.items < 0] = 0
        return found


@breaks("fitting_again_starts_afresh")
class Remembers(Sound):
    fits = 0

    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.fits += 1
        self.together_ += self.fits


@breaks("same_seed_same_scores")
class Unseeded(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.together_ += np.random.default_rng().random(self.together_.shape, np.float32)


@breaks("empty_log_refused")
class TakesEmptyLogs(Sound):
    def fit(self, train, validation=None, *, run=None):
        return super().fit(train, validation, run=run) if len(train) else self


@breaks("finds_what_is_planted")
class FindsNoPairs(Sound):
    def _scores(self, users):
        return np.random.default_rng(0).random((len(users), users.n_items), np.float32)


@breaks("finds_what_is_planted")
class FindsNoPopularity(FindsNoPairs):
    signal = "popularity"


@breaks("finds_what_is_planted")
class FindsNoOrder(Sound):
    signal = "order"


@breaks("predictions_beat_the_mean")
class PredictsTheMean(Sound):
    def predict(self, rows):
        return np.full(len(rows), self.mean_, np.float32)


@breaks("finds_what_is_planted")
class FindsNoRatings(PredictsTheMean):
    signal = "ratings"


@breaks("finds_what_is_planted")
class LearnsWhoKnowsWhat(Sound):
    signal = "everything"


@breaks("validation_is_not_learned")
class LearnsValidation(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.answers_ = np.zeros((train.n_users, train.n_items), np.float32)
        if validation is not None:
            self.answers_[validation.rows.users, validation.items] = 1e6

    def _scores(self, users):
        return super()._scores(users) + self.answers_[users.users]


@breaks("refit_keeps_parameters")
class RefitsItself(Sound):
    def refit(self, log, *, run=None):
        return self.fit(log, run=run)


@breaks("log_without_ratings")
class NeedsRatingsSilently(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        if not train.has_ratings:
            self.mean_ = float("nan")


@breaks("log_without_ratings")
class SaysItNeedsRatings(Sound):
    needs_ratings = True

    def fit(self, train, validation=None, *, run=None):
        return self


@breaks("state_can_be_saved")
class KeepsSet(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.chosen_ = {1, 2}


@breaks("state_can_be_saved")
class KeepsHidden(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.hidden = 1


@breaks("fitted_state_is_declared")
class DeclaresTooLittle(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.further_ = 1.0


@breaks("fitted_state_is_declared")
class DeclaresAnyLength(Sound):
    fitted_attributes: ClassVar[Declarations] = {"item_bias_": floats("n_biases")}


@breaks("fitted_state_is_declared")
class DeclaresAnyNumber(Sound):
    fitted_attributes: ClassVar[Declarations] = {
        "item_bias_": plain(Annotated[Any, Field()], "items")
    }


@breaks("counts_its_parameters")
class CountsNothing(Sound):
    def n_parameters(self):
        return 0


# Scoring


@breaks("scores_have_shape")
class Doubles(Sound):
    def _scores(self, users):
        return super()._scores(users).astype(np.float64)


@breaks("scores_have_shape")
class TooNarrow(Sound):
    def _scores(self, users):
        return super()._scores(users)[:, 1:]


@breaks("scores_have_shape")
class SometimesNaN(Sound):
    def _scores(self, users):
        scores = super()._scores(users)
        scores[-1:, -1] = np.nan
        return scores


@breaks("scores_have_shape")
class Infinite(Sound):
    def _scores(self, users):
        scores = super()._scores(users)
        scores[-1:, -1] = np.inf
        return scores


def nan_where(users, scores, condition):
    return np.where(np.broadcast_to(condition, scores.shape), np.float32(np.nan), scores)


@breaks("cold_items_have_scores")
class FailsOnColdItems(Sound):
    def _scores(self, users):
        scores = super()._scores(users)
        return nan_where(users, scores, self.together_.sum(0) == 0)


@breaks("empty_history_has_scores")
class FailsOnEmptyHistories(Sound):
    def _scores(self, users):
        return nan_where(users, super()._scores(users), users.lengths[:, None] == 0)


@breaks("visitor_has_scores")
class FailsOnVisitors(Sound):
    def _scores(self, users):
        return nan_where(users, super()._scores(users), users.users[:, None] == -1)


@breaks("visitor_has_scores")
class FailsOnUnratedHistories(Sound):
    def _scores(self, users):
        return nan_where(users, super()._scores(users), users.ratings is None)


@breaks("known_user_by_id")
class TakesOthersHistory(Sound):
    def histories_of(self, users=None):
        found = super().histories_of(users)
        return found.take(np.arange(len(found))[::-1])


@breaks("unknown_ids_refused")
class DropsUnknownItems(Sound):
    def history(self, items, ratings=None):
        return super().history([item for item in items if item in self.items_])


@breaks("other_catalogue_refused")
class TakesAnyCatalogue(Sound):
    def scores(self, users):
        return np.zeros((len(users), users.n_items), np.float32)


@breaks("repeated_events_have_scores")
class FailsOnRepetition(Sound):
    def _scores(self, users):
        return nan_where(users, super()._scores(users), not users.is_latest.all())


@breaks("item_scores_are_columns")
class SortsItems(Sound):
    def _item_scores(self, users, items):
        return self._scores(users)[:, np.sort(items)]


@breaks("batch_equals_single")
class ComparesWithinBatch(Sound):
    def _scores(self, users):
        scores = super()._scores(users)
        return scores - scores.mean(axis=0) if len(users) else scores


@breaks("shared_scores_are_protected")
class SharesScores(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.all_ = np.zeros((train.n_users, train.n_items), np.float32)

    def _scores(self, users):
        return self.all_[: len(users)]


# Events


@breaks("weights_are_used_as_declared")
class ClaimsWeights(Sound):
    @property
    def uses_weights(self):
        return True


@breaks("weights_are_used_as_declared")
class HidesWeights(Sound):
    def _scores(self, users):
        return np.asarray(users.matrix("weight") @ self.together_)


@breaks("positives_are_used_as_declared")
class LearnsDislikes(Sound):
    def _scores(self, users):
        return np.asarray(users.matrix("seen") @ self.together_)


# Lists


@breaks("lists_are_tables")
class CountsFromZero(Sound):
    def recommend(self, *args, **options):
        return super().recommend(*args, **options).with_columns(pl.col("rank") - 1)


@breaks("lists_are_tables")
class Unsorted(Sound):
    def recommend(self, *args, **options):
        return super().recommend(*args, **options).with_columns(-pl.col("score"))


@breaks("users_without_history_get_popularity")
class KnowsEverybody(Sound):
    def has_evidence(self, users):
        return np.ones(len(users), bool)


@breaks("popularity_fills_up")
class ShufflesTheRest(Sound):
    def top_items(self, users, k, **options):
        return top_k(self.scores, users, k, **options)


@breaks("seen_items_left_out")
class RepeatsSeenItems(Sound):
    def recommend(self, *args, **options):
        return super().recommend(*args, **options | {"repeats": "allowed"})


@breaks("seen_items_left_out")
class DoesNotFillUp(Sound):
    def recommend(self, *args, **options):
        return super().recommend(*args, **options).filter(pl.col("rank") % 5 != 0)


@breaks("seen_items_let_in")
class NeverRepeats(Sound):
    def recommend(self, *args, **options):
        return super().recommend(*args, **options | {"repeats": "excluded"})


@breaks("candidates_are_kept_to")
class IgnoresCandidates(Sound):
    def recommend(self, *args, **options):
        return super().recommend(*args, **options | {"candidates": None})


@breaks("block_size_is_invisible")
class MindsBlockSize(Sound):
    def _scores(self, users):
        return super()._scores(users) * (1 if len(users) > 40 else -1)


@breaks("more_places_than_items")
class NeverRecommendsHalf(Sound):
    def _scores(self, users):
        scores = super()._scores(users)
        scores[:, ::2] = -np.inf
        return scores


@breaks("impossible_length_refused")
class TakesAnyLength(Sound):
    def recommend(self, users=None, k=10, **options):
        return super().recommend(users, max(k, 1), **options)


@breaks("similar_items_are_others")
class LikesItself(Sound):
    def similar_items(self, items, k=10, **options):
        return super().similar_items(items, k, **options).with_columns(similar="item")


@breaks("similar_items_are_others")
class LikesTooMany(Sound):
    def similar_items(self, items, k=10, *, titles=False):
        return super().similar_items(items, k + 1, titles=titles)


@breaks("memory_is_bounded")
class ScoresAllAtOnce(Sound):
    def recommend(self, users=None, k=10, **options):
        self.scores(users)
        return super().recommend(users, k, **options)


# Abilities


@breaks("predictions_have_shape")
class PredictsNaN(Sound):
    def predict(self, rows):
        return np.where(rows.items < 0, np.float32(np.nan), super().predict(rows))


@breaks("predictions_have_shape")
class PredictsDoubles(Sound):
    def predict(self, rows):
        return super().predict(rows).astype(np.float64)


@breaks("predictions_stand_alone")
class CentresRows(Sound):
    def predict(self, rows):
        found = super().predict(rows)
        return found - found.mean() if len(found) else found


@breaks("predictions_stand_alone")
class CountsRows(Sound):
    def predict(self, rows):
        return super().predict(rows) + np.arange(len(rows), dtype=np.float32)


@breaks("item_vectors_have_shape")
class ForgetsAnItem(Sound):
    def item_vectors(self):
        return self.together_[1:]


@breaks("user_vectors_have_shape")
class ForgetsAUser(Sound):
    def user_vectors(self, users):
        return super().user_vectors(users)[1:]


@breaks("user_vectors_have_shape")
class CentresUsers(Sound):
    def user_vectors(self, users):
        vectors = super().user_vectors(users)
        return vectors - vectors.mean(axis=0)


@breaks("contributions_sum_to_scores")
class HalvesContributions(Sound):
    def contributions(self, user, items):
        return super().contributions(user, items) / 2


@breaks("contributions_sum_to_scores")
class CountsRepeats(Sound):
    def contributions(self, user, items):
        return super().contributions(user, items)[:, :-1]


@breaks("reasons_are_faithful")
class NamesTheWrongEvents(Sound):
    """What adds most is said to add least, so that the sum stays."""

    def contributions(self, user, items):
        parts = super().contributions(user, items)
        falling = np.sort(parts, axis=1)[:, ::-1]
        return np.take_along_axis(falling, parts.argsort(axis=1).argsort(axis=1), axis=1)


@breaks("bundle_restores_the_model")
class LosesState(Sound):
    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        self.more = 1.0

    def _scores(self, users):
        return super()._scores(users) + np.float32(getattr(self, "more", 0.0))
