"""A Gaussian process over items, whose initial covariance comes from content and ratings."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, PositiveFloat
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.errors import DataError
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, floats, plain
from penchant.models.gaussian_process.expectation_maximisation import (
    ItemGaussian,
    each_user,
    step,
)
from penchant.models.gaussian_process.inverses import inverse, regression
from penchant.models.gaussian_process.marginal_likelihood import (
    OWN,
    GaussianSample,
    Prior,
    maximise_marginal_likelihood,
)
from penchant.models.gaussian_process.means import item_means
from penchant.models.gaussian_process.parallel_sums import in_parts
from penchant.models.gaussian_process.similarity_rows import similarity_rows
from penchant.models.gaussian_process.systems import buffer_for, solution_of
from penchant.models.parameters import Space
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.content_kinds import Kinds
from penchant.models.shared.one_user import require_one_user
from penchant.run import Run
from penchant.typing import Float32, Int32, Int64

# The most users, ratings of each and items by which kernels are weighted, and users of validation.
_SAMPLED_USERS, _RATINGS_OF_EACH, _SAMPLED_ITEMS, _JUDGED_USERS = 300, 200, 3000, 2000


class GaussianProcess(PredictsRatings, Recommender):
    """Each user's ratings are a draw from one Gaussian over all items, with noise.

    A user's ratings of some items say what to expect of all others by the covariances between
    them. These begin as a sum of ways in which items may be alike: labels, numbers, texts and
    pictures of the item table, and by whom they were rated. How much each of them counts makes
    the ratings of some users likeliest (see `relevance`). Then covariances are learned
    themselves, where there are ratings: Yu et al., "Fast Nonparametric Matrix Factorization for
    Large-Scale Collaborative Filtering" (2009), where content counts as `prior_users` further
    users, as in Yu et al., "Large-scale Collaborative Prediction Using a Nonparametric Random
    Effects Model" (2009). Items without a rating get covariances from those of like content.
    Nothing is learned of any user: predictions follow from the history.

    Everything is exact, with a system of linear equations for each user's ratings. A validation
    holdout ends the learning at the best RMSE.

    Attributes:
        content: kinds of content that take part: `table` (categories and numbers), `text` and
            `picture` (columns of arrays), as far as the item table has them.
        text_dim: length of the texts' vectors.
        rater_dim: length of the vectors that say by whom items were rated; 0 leaves them out.
        prior_users: as how many users the initial covariance counts.
        item_variance: the variance that each item begins with beside what it shares, as a part of
            the variance of ratings that is not shared.
        noise_variance: the same for the noise of ratings; larger values regularise more.
        epochs: the most steps in which covariances are learned; 0 leaves them as they begin.
        patience: steps without a better validation loss before stopping.
        max_users: users from whose ratings covariances are learned, drawn by the seed where there
            are more.
        max_items: refuse catalogues beyond this size: some matrices of 4 bytes × items² are held,
            and a step takes a time that grows with items³.
    """

    content: Kinds = "table;text;picture"
    text_dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 128
    rater_dim: Annotated[int, Field(ge=0), Space(8, 256, log=True)] = 128
    prior_users: Annotated[float, Field(gt=0), Space(10, 1000, log=True)] = 100.0
    item_variance: Annotated[float, Field(gt=0), Space(0.05, 2, log=True)] = 0.5
    noise_variance: Annotated[float, Field(gt=0), Space(0.7, 2, log=True)] = 1.0
    epochs: Annotated[int, Field(ge=0)] = 15
    patience: Annotated[int | None, Field(gt=0)] = 2
    max_users: Annotated[int, Field(gt=1)] = 20_000
    max_items: Annotated[int, Field(gt=0)] = 12_000

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "low_": plain(float, infinite=True),
        "high_": plain(float, infinite=True),
        "spread_": plain(PositiveFloat),
        "ways_": plain(list[str], "n_ways"),
        "weights_": floats("n_ways", dtype="float64", low=0),
        "noise_": plain(float),
        "mean_": floats("items+1"),
        "covariance_": floats("items+1", "items+1"),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        if train.n_items > self.max_items:
            raise DataError(
                f"{type(self).__name__} keeps a dense matrix of {train.n_items:,} × "
                f"{train.n_items:,} items ({4 * train.n_items**2 / 1e9:,.1f} GB), above "
                f"max_items={self.max_items:,}: drop rare items with a k-core, raise max_items, "
                "or use a model without a dense matrix, such as bias or item-knn."
            )
        rng = np.random.default_rng(self.seed)
        self.low_, self.high_ = train.rating_range or (-np.inf, np.inf)
        self.spread_ = float(train.ratings.std(dtype=np.float64)) or 1.0
        rows = similarity_rows(
            train, self.content, text_dim=self.text_dim, raters=self.rater_dim, seed=self.seed
        )
        mean = item_means(train, rows, self.spread_, rng, run)
        rated = train.histories.matrix("rating")
        rated.data = np.asarray(rated.data / np.float32(self.spread_), np.float32)
        prior = maximise_marginal_likelihood(rows, _samples(rated, mean, rng), run)
        # What a user rates once cannot tell an item's own variance from noise: only their sum.
        rest = prior.noise + prior.weights[OWN]
        prior = Prior(
            dict(prior.weights) | {OWN: self.item_variance * rest}, self.noise_variance * rest
        )
        self.ways_, self.weights_ = list(prior.weights), np.array(list(prior.weights.values()))
        self.noise_ = prior.noise
        warm = np.flatnonzero(train.item_counts).astype(np.int64)
        beginning = prior.covariance(rows, warm, warm)
        if validation is not None and not np.isin(validation.items, warm).any():
            validation = None  # it says nothing of items that can be learned of
        if validation is not None and validation.n_users > _JUDGED_USERS:
            some = rng.permutation(validation.n_users)[:_JUDGED_USERS]
            validation = validation.subset(np.isin(validation.rows.history, some))
        found = self._maximise_expectation(
            ItemGaussian(mean[warm], beginning), beginning, rated, warm, validation, rng, run
        )
        self._keep(found, prior, rows, mean, warm)

    def _maximise_expectation(
        self,
        now: ItemGaussian,
        beginning: Float32,
        rated: sparse.csr_array,
        warm: Int64,
        validation: Holdout | None,
        rng: np.random.Generator,
        run: Run,
    ) -> ItemGaussian:
        """Learn covariances of items with ratings; the best on validation, or the last."""
        there = np.flatnonzero(np.diff(rated.indptr))
        if len(there) > self.max_users:
            there = np.sort(rng.permutation(there)[: self.max_users])
        taught = sparse.csr_array(rated[there][:, warm])
        best = now
        self.best_epoch_, self.curve_ = 0, list[dict[str, float]]()
        least = (
            self._validation_rmse(now, warm, validation, run) if validation is not None else np.inf
        )
        with run.progress.task(type(self).__name__, self.epochs) as task:
            for epoch in range(1, self.epochs + 1):
                now, loss = step(
                    now,
                    beginning,
                    taught,
                    noise=self.noise_,
                    strength=self.prior_users,
                    run=run,
                )
                row = {"epoch": float(epoch), "loss": loss}
                if validation is not None:
                    row["validation_loss"] = self._validation_rmse(now, warm, validation, run)
                self.curve_.append(row)
                task.advance(note=" ".join(f"{k} {v:.4f}" for k, v in row.items() if "loss" in k))
                for callback in run.callbacks:
                    callback(row)
                if validation is None or row["validation_loss"] < least:
                    least, best, self.best_epoch_ = row.get("validation_loss", least), now, epoch
                elif self.patience is not None and epoch - self.best_epoch_ >= self.patience:
                    break
        return best

    def _validation_rmse(
        self, now: ItemGaussian, warm: Int64, validation: Holdout, run: Run
    ) -> float:
        """RMSE on the validation rows of items with training events."""
        place = np.full(validation.histories.n_items + 1, -1)
        place[warm] = np.arange(len(warm))
        kept = place[validation.items] >= 0
        rows = validation.rows
        assert validation.ratings is not None  # a part of the same log as training
        found = self._posterior_means(now, rows, place, run)[kept]
        return float(np.sqrt(np.square(found - validation.ratings[kept]).mean(dtype=np.float64)))

    def _keep(
        self,
        found: ItemGaussian,
        prior: Prior,
        rows: dict[str, Float32],
        mean: Float32,
        warm: Int64,
    ) -> None:
        """Mean and covariance of all items; those without ratings follow those of like content.

        Given covariances of items with ratings, an inverse Wishart prior has others at their
        regression on these. The last row is that of an unknown item.
        """
        n = len(mean)
        cold = np.setdiff1d(np.arange(n), warm)
        across = prior.covariance(rows, cold, warm)
        before = prior.covariance(rows, warm, warm)
        slopes = regression(before, across)
        self.mean_ = mean.copy()
        self.mean_[warm] = found.mean
        self.mean_[cold] += slopes @ (found.mean - mean[warm])
        whole = np.empty((n, n), np.float32)
        whole[warm[:, None], warm] = found.covariance
        between = slopes @ found.covariance
        whole[cold[:, None], warm] = between
        whole[warm[:, None], cold] = between.T
        rest = prior.covariance(rows, cold, cold)
        whole[cold[:, None], cold] = rest + slopes @ (found.covariance - before) @ slopes.T
        whole += whole.T.copy()
        self.covariance_: Float32 = whole / np.float32(2)

    def relevance(self) -> dict[str, float]:
        """How much of the prior variance of items each way of being alike has, by its name.

        `all` is what a user thinks of any item, `own` what an item shares with no other one.
        """
        self._require_fitted()
        return dict(zip(self.ways_, (self.weights_ / self.weights_.sum()).tolist(), strict=True))

    # Predicting

    def _rated(self, users: Histories) -> sparse.csr_array:
        """csr[n_users, n_items], standardised ratings; empty where histories have none."""
        if users.ratings is None:
            nothing = users.matrix("seen")
            nothing.data[:] = 0
            nothing.eliminate_zeros()
            return nothing
        rated = users.matrix("rating")
        rated.data = np.asarray(rated.data / np.float32(self.spread_), np.float32)
        return rated

    def _posterior_means(
        self,
        now: ItemGaussian,
        rows: Rows,
        place: Int64 | None = None,
        run: Run | None = None,
    ) -> Float32:
        """float32[n_rows], expected ratings within the log's range.

        Args:
            now: mean and covariance, the last row for unknown items.
            rows: what is asked for.
            place: where items stand in `now`, -1 for those that do not; by default their index.
            run: threads.
        """
        rated = self._rated(rows.histories)
        if place is not None:
            rated = sparse.csr_array(rated[:, np.flatnonzero(place[:-1] >= 0)])
        items = rows.items.astype(np.int64) if place is None else place[rows.items]
        found = now.mean[items].copy()
        order = np.argsort(rows.history, kind="stable")
        edges = np.searchsorted(rows.history[order], np.arange(len(rows.histories) + 1))

        def add_pulls(users: Int64) -> None:
            users = users[edges[users + 1] > edges[users]]
            buffer = buffer_for(rated, users)
            for user, known, values in each_user(rated, now.mean, users):
                asked = order[edges[user] : edges[user + 1]]
                pull = solution_of(buffer, now.covariance, known, self.noise_, values)
                found[asked] += now.covariance[items[asked][:, None], known] @ pull

        in_parts(add_pulls, np.diff(rated.indptr), run or Run())
        low, high = np.float32(self.low_), np.float32(self.high_)
        return np.asarray(np.clip(found * np.float32(self.spread_), low, high), np.float32)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predicted ratings within the range of the log's."""
        return self._posterior_means(ItemGaussian(self.mean_, self.covariance_), rows)

    def _scores(self, users: Histories) -> Float32:
        rated = self._rated(users)
        pull = np.empty(rated.nnz, np.float32)
        buffer = buffer_for(rated, np.arange(len(users)))
        for user, known, values in each_user(rated, self.mean_):
            part = slice(rated.indptr[user], rated.indptr[user + 1])
            pull[part] = solution_of(buffer, self.covariance_, known, self.noise_, values)
        # With a column for unknown items, so that the covariance need not be copied.
        shape = len(users), len(self.mean_)
        weights = sparse.csr_array((pull, rated.indices, rated.indptr), shape=shape)
        found: Float32 = np.asarray(weights @ self.covariance_, np.float32)
        found += self.mean_
        found *= np.float32(self.spread_)
        return found[:, :-1]

    def item_vectors(self) -> Float32:
        """float32[n_items, n_items], covariances beyond what makes all items alike."""
        inside = self.covariance_[:-1, :-1]
        by_item = inside.mean(axis=0)
        found: Float32 = inside - by_item - by_item[:, None] + by_item.mean()
        return found

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each rating adds to the scores beyond items' means.

        It is how far the rating lies from the item's mean, times a weight.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        parts = np.zeros((len(items), user.n_events), np.float32)
        if user.ratings is None or not user.n_events:
            return parts
        last = np.flatnonzero(user.is_latest)
        known = user.items[last].astype(np.int64)
        values = user.ratings[last] - self.mean_[known] * np.float32(self.spread_)
        system = self.covariance_[known[:, None], known]
        system[np.diag_indices_from(system)] += np.float32(self.noise_)
        inverted, _ = inverse(system)
        parts[:, last] = (
            self.covariance_[items.astype(np.int64)[:, None], known] @ inverted
        ) * values
        return parts


def _samples(
    rated: sparse.csr_array, mean: Float32, rng: np.random.Generator
) -> list[GaussianSample]:
    """Ratings of some users, of the items that most of these have rated."""
    counts = np.diff(rated.indptr)
    users = np.flatnonzero(counts > 1)
    users = users if len(users) else np.flatnonzero(counts)
    chosen = np.sort(rng.permutation(users)[:_SAMPLED_USERS])
    taken = {}
    for user, items, values in each_user(sparse.csr_array(rated[chosen]), mean):
        kept = np.sort(rng.permutation(len(items))[:_RATINGS_OF_EACH])
        taken[user] = items[kept], values[kept]
    asked = np.bincount(np.concatenate([items for items, _ in taken.values()]))
    usual = np.zeros(len(asked), np.bool_)
    usual[np.argsort(-asked, kind="stable")[:_SAMPLED_ITEMS]] = True
    found = []
    for items, values in taken.values():
        kept = np.flatnonzero(usual[items])
        if len(kept):
            found.append(GaussianSample(items[kept], values[kept], np.ones(len(kept), np.float32)))
    return found
