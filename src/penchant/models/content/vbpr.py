"""Bayesian personalised ranking with content of items: pictures, texts and labels."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.content.parts import ContentParts
from penchant.models.fitted_attributes import TRAINING, Declarations, booleans, floats, plain
from penchant.models.parameters import Space
from penchant.models.shared.fitted_users import FittedUsers
from penchant.nn.content.vbpr import VBPRNetwork, fit_ranking_rows, ranking_row_falls
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.loop import GradientStep, Schedule, Tensors
from penchant.nn.loop import train as train_network
from penchant.nn.negatives import WarmNegatives, pairwise_examples
from penchant.nn.removal import of_events
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import place_rows, whole_weight
from penchant.nn.weighted_events import WeightedEvents, relative_weights
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Float32, Int32


class VBPR(FittedUsers, ContentParts):
    """Vectors of users and items, and what each user likes about the items' content.

    He and McAuley, "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback" (2016):
    the score is b_i + gamma_u . gamma_i + theta_u . (E f_i) + beta . f_i (eq. 4), trained so
    that a user's items come before others (eq. 7). The f_i are pictures in the paper; here they
    are any content (see `ContentParts`), and `labels=0,numbers=0,text=0` leaves pictures alone.
    Without content it is Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit
    Feedback" (2009).

    Every event counts alike, whatever its rating, or where events have weights is taken as often as
    these say. Negatives have training events, so that new
    items, which have no gamma and no bias, are ranked by their content. A new user's gamma and
    theta are fitted to the history against negatives by the same loss.

    Attributes:
        dim: length of the gammas.
        content_dim: length of the thetas.
        negatives: negatives for each event.
        l2: weight of the squares of users' and items' rows, for each pair.
        l2_content: weight of the squares of E and beta.
        learning_rate: of Adam.
        batch_size: pairs in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    dim: Annotated[int, Field(gt=0), Space(8, 128, log=True)] = 32
    content_dim: Annotated[int, Field(gt=0), Space(8, 128, log=True)] = 32
    negatives: Annotated[int, Field(gt=0), Space(1, 10)] = 2
    l2: Annotated[float, Field(ge=0), Space(1e-4, 1e-1, log=True)] = 0.005
    l2_content: Annotated[float, Field(ge=0), Space(1e-6, 1e-2, log=True)] = 1e-5
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.003
    batch_size: Annotated[int, Field(gt=0), Space(64, 8192, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 20
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    data_parallel: ClassVar[bool] = True
    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_", "drawn_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "trained_": booleans("users"),
        "drawn_": booleans("items"),
        "user_rows_": floats("users", "n_factors"),
        "item_vectors_": floats("items", "n_factors"),
        "item_bias_": floats("items"),
        "n_parameters_": plain(int),
    }

    @property
    def can_shard_tables(self) -> bool:
        """True: those of users and items."""
        return True

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        train = train.positives
        generator = torch.Generator().manual_seed(self.seed)
        content = torch.from_numpy(self._content(train))
        thetas = self.content_dim if content.shape[1] else 0
        shard = RowShard.of(run)
        network = VBPRNetwork(content, train.n_users, self.dim, thetas, generator, shard)
        self.trained_, self.drawn_ = train.user_counts > 0, train.item_counts > 0
        # Nothing teaches these rows, and nothing of chance is to stay in them.
        for table, taught in ((network.users, self.trained_), (network.items, self.drawn_)):
            untaught, width = np.flatnonzero(~taught), table.weight.shape[1]
            place_rows(table, untaught, np.zeros((len(untaught), width), np.float32))
        users, items = (torch.tensor(train.events[c].to_numpy()).long() for c in ("user", "item"))
        negatives = WarmNegatives(users, items, self.negatives, generator)
        weights = relative_weights(train.weights, users.numpy())
        events = WeightedEvents((users.numpy(), items.numpy()), weights, generator)

        def examples() -> Tensors:
            users, items = events.epoch()
            return pairwise_examples(users, items, negatives.epoch(users))

        adam = RowAdam(
            [network.users, network.items], list(network.parameters()), self.learning_rate
        )
        validate = None
        if validation is not None:
            held = self._held(validation.positives, negatives)
            validate = lambda: float(network(*held))  # noqa: E731
        self.curve_, self.best_epoch_ = train_network(
            network,
            GradientStep(partial(network, l2=self.l2, l2_content=self.l2_content), [adam]),
            examples,
            Schedule.of(self),
            generator=generator,
            validate=validate,
            run=run,
            name=type(self).__name__,
        )
        user_rows, item_rows = whole_weight(network.users), whole_weight(network.items)
        if user_rows is None or item_rows is None:
            return
        self.user_rows_: Float32 = user_rows.numpy().copy()
        self.item_vectors_, self.item_bias_ = network.item_factors(item_rows)
        self.n_parameters_ = network.n_weights()

    def _held(self, validation: Holdout, negatives: WarmNegatives) -> Tensors:
        """Pairs of held-out events of users that training knows, or of all where it knows none."""
        users, items = (torch.tensor(a).long() for a in (validation.rows.users, validation.items))
        known = torch.from_numpy(self.trained_)[users] & (users >= 0)
        if known.any():
            users, items = users[known], items[known]
        return pairwise_examples(users, items, negatives.draw_for(users, items))

    @property
    def uses_weights(self) -> bool:
        """True: events are taken as often as their weights say."""
        return True

    def n_parameters(self) -> int:
        """Rows of users and items, and what turns content into vectors."""
        self._require_fitted()
        return self.n_parameters_

    def user_rows(self, users: Histories) -> Float32:
        """float32[n_users, dim + content_dim], gamma and theta: as trained, or fitted, or zeros."""
        trained = self._are_trained(users)
        rows: Float32 = np.where(trained[:, None], self.user_rows_[users.users], np.float32(0))
        new = np.flatnonzero(~trained & (users.lengths > 0))
        if len(new):
            user_events = UserEvents.with_negatives(
                users.take(new).positives, self.negatives, self.seed
            )
            rows[new] = fit_ranking_rows(
                user_events, self.item_vectors_, self.item_bias_, self.drawn_, self.l2
            )
        return rows

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim + content_dim]; see `user_rows`."""
        return self.user_rows(users)

    def _falls(self, user: Histories, items: Int32) -> Float32 | None:
        some = user.positives
        if not some.n_events:
            return None
        events = UserEvents.with_negatives(some, self.negatives, self.seed)
        vectors, bias = self.item_vectors_, self.item_bias_
        falls = ranking_row_falls(events, vectors, bias, self.drawn_, self.l2, items)
        return of_events(*falls, user)

    def item_vectors(self) -> Float32:
        """float32[n_items, dim + content_dim], gamma and E f of each item."""
        vectors: Float32 = self.item_vectors_
        return vectors

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self.user_rows(users) @ self.item_vectors_.T
        scores += self.item_bias_
        return scores
