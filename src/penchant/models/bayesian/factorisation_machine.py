"""A factorisation machine whose parameters are drawn from their posterior."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Rating, Target
from penchant.errors import DataError
from penchant.models.base import Recommender, Signal
from penchant.models.bayesian.features import Owners, n_intervals, time_edges, time_rows
from penchant.models.bayesian.gibbs import Sampler
from penchant.models.bayesian.log_features import blocks_of, owners_of
from penchant.models.bayesian.ordered_probit import OrderedProbit, expected, expected_targets
from penchant.models.bayesian.posterior import (
    Events,
    Side,
    UserPrior,
    all_scores,
    folded_in,
    pair_scores,
)
from penchant.models.fitted_attributes import Declarations, floats, integers, plain, signatures
from penchant.models.parameters import AnyTarget, Space
from penchant.models.shared.targets import require_rating_or_like
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Float32, Float64, Int64

RATING: Target = Rating()
_MOST_LEVELS = 50
_MOST_KEPT = 2**27  # numbers of stored vectors, a quarter of a gigabyte
_ROUNDS = 20  # of expectation maximisation, for rows of new users
_EVENT_WORK = 300.0  # multiply-adds that take as long as a draw of one factor for one event


class BayesianFM(Recommender):
    """A Bayesian factorisation machine, whose predictions are means over draws by Gibbs sampling.

    Rendle, "Factorization Machines with libFM" (2012): a score is an offset, a weight for each
    feature of the event, and the dot product of vectors for each two of them. Features are the ids
    of user and item, what their tables say, which items the user has met ("SVD++"), which users the
    item has met ("flipped"), and the interval of time, as in Rendle, Zhang and Koren, "On the
    Difficulty of Evaluating Baselines" (2019). Weights and factors of each kind of feature have a
    normal prior, whose mean and precision are drawn, too, so that little needs tuning.

    New users, and those whose history has changed, get their vector under each kept draw from
    their history: its mean given their ratings and everything else as drawn. Users without history
    are predicted like the mean of all users, and times outside the log's like its mean time.

    Attributes:
        target: `rating`, `adjusted(5,1)` or `like>=4`.
        likelihood: of targets given scores: `gaussian`, or `ordered-probit`, where each level of
            the scale is an interval of score plus noise, however far apart the levels' names are.
        dim: number of factors.
        samples: draws over which predictions are averaged.
        burn_in: draws before them, which are thrown away.
        samples_kept: draws that are stored, evenly spread over those that count; fewer, but 10 of
            them, where they would take more than a quarter of a gigabyte.
        attributes: whether what the tables say of users and items are features.
        implicit: whether the items that a user has met are features of the user.
        flipped: whether the users that an item has met are features of the item.
        time_bins: intervals of like many events, in whole days; 0 leaves times out.
        bins: into how many intervals numbers of the tables are divided.
    """

    target: AnyTarget = RATING
    likelihood: Literal["gaussian", "ordered-probit"] = "gaussian"
    dim: Annotated[int, Field(gt=0), Space(4, 64, log=True)] = 16
    samples: Annotated[int, Field(gt=0)] = 200
    burn_in: Annotated[int, Field(ge=0)] = 40
    samples_kept: Annotated[int, Field(gt=0)] = 100
    attributes: bool = True
    implicit: bool = True
    flipped: bool = True
    time_bins: Annotated[int, Field(ge=0)] = 100
    bins: Annotated[int, Field(ge=2)] = 10

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    event_bytes: ClassVar[float] = 200.0
    block_cells: ClassVar[int] = CACHED_CELLS
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_", "time_edges_", "levels_"})
    fitted_attributes: ClassVar[Declarations] = {
        "center_": plain(float),
        "spread_": plain(PositiveFloat),
        "levels_": floats("n_levels"),
        "thresholds_": floats("n_draws", "n_thresholds", dtype="float64"),
        "low_": plain(float),
        "high_": plain(float),
        "offsets_": floats("n_draws"),
        "noise_precision_": floats("n_draws", low=0),
        "user_vectors_": floats("n_draws", "users+2", "dim", dtype="float16"),
        "user_biases_": floats("n_draws", "users+2"),
        "item_vectors_": floats("n_draws", "items+1", "dim", dtype="float16"),
        "item_biases_": floats("n_draws", "items+1"),
        "time_vectors_": floats("n_draws", "n_times", "dim", dtype="float16"),
        "time_biases_": floats("n_draws", "n_times"),
        "time_edges_": integers("n_edges", low=None),
        "prior_mean_": floats("n_draws", "dim"),
        "prior_precision_": floats("n_draws", "dim+1", low=0),
        "met_vectors_": floats("n_draws", "items", "dim", dtype="float16", optional=True),
        "met_weights_": floats("n_draws", "items", optional=True),
        "signatures_": signatures(),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rating_or_like(self, self.target)

    def _rows(self, train: Dataset) -> int:
        """How many vectors a draw has."""
        return train.n_users + (1 + self.implicit) * train.n_items

    def _most_kept(self, train: Dataset) -> int:
        return min(self.samples_kept, max(10, _MOST_KEPT // (self.dim * self._rows(train))))

    def _cost(self, train: Dataset) -> FittingCost:
        rows, draws = self._rows(train), self.samples + self.burn_in
        return FittingCost(
            memory=self.dim * (2.0 * min(self.samples, self._most_kept(train)) + 40) * rows,
            multiply_adds=_EVENT_WORK * draws * self.dim * len(train),
            remedy="take fewer samples or a smaller dim, or use a model of less cost, such as "
            "factorisation-machine",
        )

    # Fitting

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        targets = self.target.of_ratings(train.ratings)
        self.levels_, levels = np.unique(targets, return_inverse=True)
        self.low_, self.high_ = float(self.levels_[0]), float(self.levels_[-1])
        self.center_, self.spread_ = 0.0, 1.0
        if self.likelihood == "gaussian":
            self.levels_ = self.levels_[:0]
            self.center_ = float(targets.mean(dtype=np.float64))
            self.spread_ = float(targets.std(dtype=np.float64)) or 1.0
        elif not 2 <= len(self.levels_) <= _MOST_LEVELS:
            raise DataError(
                f"The likelihood ordered-probit needs 2 to {_MOST_LEVELS} different levels, and "
                f"the log {train.name!r} has {len(self.levels_)}: take the likelihood gaussian."
            )
        standard = np.asarray((targets - self.center_) / self.spread_, np.float32)
        times, self.time_edges_ = None, np.empty(0, np.int64)
        if train.has_times and self.time_bins:
            times = train.events["time"].to_physical().to_numpy()
            self.time_edges_ = time_edges(times, self.time_bins)
        owners = owners_of(train, bins=self.bins, tables=self.attributes)
        rng = np.random.default_rng(self.seed)
        bins = time_rows(self.time_edges_, times, len(train))
        n_bins = n_intervals(self.time_edges_)
        blocks, rows = blocks_of(train, owners, bins, n_bins, met=(self.implicit, self.flipped))
        sampler = Sampler(blocks, rows, self.dim, rng)
        probit = OrderedProbit(levels, sampler.rng) if len(self.levels_) else None
        kept = _spread(self.samples, self._most_kept(train))
        self._allocate(len(kept), train)
        draws = range(-self.burn_in, self.samples)
        with run.progress.task(type(self).__name__, len(draws)) as task:
            for draw in draws:
                scores = sampler.scores()
                if probit is None:
                    errors = scores - standard
                    sampler.draw_noise(errors)
                    sampler.draw_offset(errors)
                else:
                    probit.draw_thresholds(scores)
                    errors = scores - probit.draw_targets(scores)
                row = {"epoch": float(draw), "loss": float(np.square(errors).mean())}
                sampler.draw_weights(errors)
                for place in np.flatnonzero(kept == draw):
                    self._keep(sampler, owners, int(place))
                    if probit is not None:
                        self.thresholds_[place] = probit.thresholds
                task.advance(note=f"loss {row['loss']:.4f}")
                for callback in run.callbacks:
                    callback(row)
        self.signatures_ = train.histories.signatures

    def _allocate(self, n: int, train: Dataset) -> None:
        """Room for so many draws."""
        # A row for unknown ones, and one for users whose history is yet to be looked at.
        users, items = train.n_users + 2, train.n_items + 1
        times = n_intervals(self.time_edges_) + 1
        self.user_vectors_ = np.zeros((n, users, self.dim), np.float16)
        self.item_vectors_ = np.zeros((n, items, self.dim), np.float16)
        self.time_vectors_ = np.zeros((n, times, self.dim), np.float16)
        self.user_biases_, self.item_biases_, self.time_biases_ = (
            np.zeros((n, size), np.float32) for size in (users, items, times)
        )
        self.offsets_, self.noise_precision_ = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self.prior_mean_ = np.zeros((n, self.dim), np.float32)
        self.prior_precision_ = np.zeros((n, self.dim + 1), np.float32)
        self.thresholds_ = np.zeros((n, max(len(self.levels_) - 1, 0)))
        if self.implicit:
            self.met_vectors_ = np.zeros((n, train.n_items, self.dim), np.float16)
            self.met_weights_ = np.zeros((n, train.n_items), np.float32)

    def _keep(self, sampler: Sampler, owners: tuple[Owners, Owners], draw: int) -> None:
        """Store the present draw."""
        dim, users = self.dim, sampler.states[0]
        self.offsets_[draw] = sampler.offset
        self.noise_precision_[draw] = sampler.noise_precision
        rows = (
            (self.user_vectors_, self.user_biases_),
            (self.item_vectors_, self.item_biases_),
            (self.time_vectors_, self.time_biases_),
        )
        for place, state in enumerate(sampler.states):
            if place < 2:
                vectors, biases = state.of_all(owners[place], typical=place == 0)
            else:
                vectors, biases = state.values[:dim].T, state.biases()
                means = (np.average(v, 0, state.counts)[None] for v in (vectors, biases))
                vectors, biases = map(np.append, (vectors, biases), means, (0, 0))
            rows[place][0][draw, : len(vectors)] = vectors
            rows[place][1][draw, : len(biases)] = biases
        start = users.before_history(owners[0])
        self.user_vectors_[draw, -1], self.user_biases_[draw, -1] = start
        self.prior_mean_[draw] = users.means[:dim, 0]
        self.prior_precision_[draw] = users.precisions[:, 0]
        if self.implicit:
            group = users.block.groups[1]
            weights, met = users.weights[:, group.start : group.stop], owners[1].with_events
            self.met_vectors_[draw], self.met_weights_[draw] = (
                users.means[:dim, 1],
                users.means[dim, 1],
            )
            self.met_vectors_[draw, met], self.met_weights_[draw, met] = (
                weights[:dim].T,
                weights[dim],
            )

    # Predicting

    @property
    def _items(self) -> Side:
        return Side(self.item_vectors_, self.item_biases_)

    @property
    def _times(self) -> Side:
        return Side(self.time_vectors_, self.time_biases_)

    def _users(self, users: Histories) -> Side:
        """The rows of these users: as drawn where histories are unchanged, else folded in."""
        trained = users.users >= 0
        trained[trained] = users.signatures[trained] == self.signatures_[users.users[trained]]
        # Known users who had no events are predicted from what their table says of them.
        cold = (users.users >= 0) & (self.histories_.lengths[users.users] == 0)
        start, unknown = -1, -2
        other = np.where(users.lengths > 0, start, np.where(cold, users.users, unknown))
        rows = np.where(trained, users.users, other)
        found = Side(self.user_vectors_, self.user_biases_).of(rows)
        new = np.flatnonzero(~trained & (users.lengths > 0))
        if not len(new):
            return found
        some = users.take(new)
        folded = folded_in(
            self.offsets_,
            found.of(new),
            self._items,
            self._times,
            UserPrior(
                self.prior_mean_,
                self.prior_precision_,
                self.noise_precision_,
                getattr(self, "met_vectors_", None),
                getattr(self, "met_weights_", None),
            ),
            Events(
                some.offsets,
                some.items,
                time_rows(self.time_edges_, some.times, some.n_events),
                self._targets(some),
                _ROUNDS if len(self.levels_) else 1,
            ),
        )
        vectors = found.vectors.astype(np.float32)
        vectors[:, new], found.biases[:, new] = folded.vectors, folded.biases
        return Side(vectors, found.biases)

    def _targets(self, users: Histories) -> Callable[[slice, Float64], Float64] | None:
        """What rows of users are fitted to, see `Events`."""
        if users.ratings is None:
            return None
        targets = self.target.of_ratings(users.ratings).astype(np.float64)
        if not len(self.levels_):
            standard = (targets - self.center_) / self.spread_
            return lambda some, _: standard[some]
        # Ratings between two levels count as the nearest one.
        nearest = np.searchsorted((self.levels_[1:] + self.levels_[:-1]) / 2, targets)
        return lambda some, scores: expected_targets(nearest[some], scores, self.thresholds_)

    def _answers(self, scores: Float32, thresholds: Float64) -> Float32:
        """float32, on the scale of the target and within its range."""
        if len(self.levels_):
            return expected(scores, thresholds, self.levels_.astype(np.float64))
        found = scores * np.float32(self.spread_) + np.float32(self.center_)
        return np.asarray(np.clip(found, self.low_, self.high_), np.float32)

    def _scores(self, users: Histories) -> Float32:
        rows = self._users(users)
        total = np.zeros((len(users), users.n_items), np.float32)
        for draw, offset in enumerate(self.offsets_):
            total += all_scores(float(offset), draw, rows, self._items, self._times)[:, :-1].numpy()
        total /= np.float32(len(self.offsets_))
        if len(self.levels_):  # rises with the mean score, so that one curve is enough for an order
            return self._answers(total, self.thresholds_.mean(axis=0))
        return total * np.float32(self.spread_) + np.float32(self.center_)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predictions on the scale of the target, within its range.

        Where times are not known, or outside those of training, predictions are for the mean of
        the training events' times.
        """
        times = time_rows(self.time_edges_, rows.times, len(rows))
        scores = pair_scores(
            self.offsets_,
            self._users(rows.histories),
            self._items,
            self._times,
            (rows.history, rows.items, times),
        )
        if not len(self.levels_):
            return self._answers(scores.mean(axis=0), self.thresholds_[0])
        total = np.zeros(len(rows), np.float32)
        for one, thresholds in zip(scores, self.thresholds_, strict=True):
            total += self._answers(one, thresholds)
        return total / np.float32(len(scores))

    def item_vectors(self) -> Float32:
        """float32[n_items, n_draws * dim], items' vectors under all kept draws."""
        vectors = self.item_vectors_[:, :-1].transpose(1, 0, 2)
        return vectors.reshape(len(vectors), -1).astype(np.float32)

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, n_draws * dim], users' vectors under all kept draws."""
        vectors = self._users(users).vectors.transpose(1, 0, 2)
        return vectors.reshape(len(vectors), -1).astype(np.float32)


def _spread(n: int, most: int) -> Int64:
    """Some of n draws, the last one among them, evenly spread."""
    return np.unique(np.linspace(n - 1, 0, min(n, most)).round().astype(np.int64))
