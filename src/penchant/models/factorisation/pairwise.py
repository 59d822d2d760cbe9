"""Matrix factorisation that ranks a user's items above others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar

import torch
from pydantic import Field

from penchant.compiled import AVAILABLE, compiled_threads
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.fitted_attributes import Declarations, booleans
from penchant.models.parameters import Space
from penchant.models.shared.ranking_base import RankingFactorModel
from penchant.nn.content.vbpr import fit_ranking_rows, ranking_row_falls
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.loop import Schedule, Tensors, TrainingStep
from penchant.nn.loop import train as train_network
from penchant.nn.negatives import WarmNegatives
from penchant.nn.pairwise import Loss, PairwiseFactors, PairwiseStep
from penchant.nn.removal import of_events
from penchant.nn.weighted_events import WeightedEvents, relative_weights
from penchant.run import Run
from penchant.typing import Float32, Int32

NEGATIVES = 5  # for each event of a user whose vector is fitted
INITIAL_ACCUMULATOR = 0.01  # of AdaGrad: small, so that rows of few events move at once
BATCH = 4096  # pairs in a batch, where no loops are compiled


class BPR(RankingFactorModel):
    """Vectors of users and items that rank each user's items above drawn others.

    Rendle, Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian Personalized Ranking from
    Implicit Feedback" (2009), by AdaGrad with one rate for each row, pair by pair where the extra
    `fast` is installed, and in batches of 4,096 pairs where it is not. Every event counts alike,
    whatever its rating, or where events have weights is taken as often as these say. A user whose
    history has changed, or who is new, gets the vector that ranks the history best by the same
    loss, with the items' vectors as they are.

    Attributes:
        l2: weight of the squares of rows, for each pair.
        negatives: items that are drawn for each event, of which each makes a pair.
        learning_rate: of AdaGrad.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    l2: Annotated[float, Field(ge=0), Space(1e-5, 1e-1, log=True)] = 0.02
    negatives: Annotated[int, Field(gt=0)] = 5
    learning_rate: Annotated[float, Field(gt=0), Space(0.02, 0.5, log=True)] = 0.1
    epochs: Annotated[int, Field(gt=0)] = 200
    patience: Annotated[int | None, Field(gt=0)] = 5
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    loss: ClassVar[Loss] = "bpr"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_", "drawn_"})
    fitted_attributes: ClassVar[Declarations] = {"drawn_": booleans("items")}

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        train = train.positives
        generator = torch.Generator().manual_seed(self.seed)
        self.drawn_ = train.item_counts > 0
        network = PairwiseFactors(
            train.n_users, train.n_items, self.dim, generator, INITIAL_ACCUMULATOR
        )
        self._start(network, train.user_counts > 0, self.drawn_)
        columns = [train.column(name).to_numpy() for name in ("user", "item")]
        events = WeightedEvents(columns, relative_weights(train.weights, columns[0]), generator)
        users, items = (torch.tensor(column) for column in columns)
        negatives = WarmNegatives(users, items, self.negatives, generator)
        validate = None
        if validation is not None:
            held = self._held(validation.positives, negatives)
            validate = lambda: float(network.losses(self.loss, *held).mean())  # noqa: E731
        with compiled_threads(run):
            self.curve_, self.best_epoch_ = train_network(
                network,
                *self._training(network, events, negatives, generator),
                generator=generator,
                validate=validate,
                run=run,
                name=type(self).__name__,
            )
        self._keep(network)

    def _training(
        self,
        network: PairwiseFactors,
        events: WeightedEvents,
        negatives: WarmNegatives,
        generator: torch.Generator,
    ) -> tuple[TrainingStep, Callable[[], Tensors], Schedule]:
        """Pair by pair, an epoch at a time, where loops are compiled, and otherwise in batches."""
        schedule = Schedule(
            epochs=self.epochs,
            batch_size=BATCH,
            patience=self.patience,
            min_delta=self.min_delta,
        )
        if AVAILABLE:
            from penchant.nn.pairwise_epochs import PairwiseEpochs

            users, items = negatives.users, negatives.items
            of_pairs = PairwiseEpochs(
                network,
                self.loss,
                learning_rate=self.learning_rate,
                l2=self.l2,
                negatives=self.negatives,
                users=users,
                items=items,
                generator=generator,
            )
            return of_pairs, events.epoch, replace(schedule, batch_size=len(users), shuffle=False)

        def examples() -> Tensors:
            users, items = (column.long() for column in events.epoch())
            return self._examples(users, items, negatives.epoch(users))

        step = PairwiseStep(network, self.loss, self.learning_rate, self.l2)
        return step, examples, schedule

    def _examples(self, users: torch.Tensor, items: torch.Tensor, drawn: torch.Tensor) -> Tensors:
        """A row for each pair: users, items, and int64[n, 1], what is to be below."""
        return users.repeat(self.negatives), items.repeat(self.negatives), drawn[:, None]

    def _held(self, validation: Holdout, negatives: WarmNegatives) -> Tensors:
        """Pairs of held-out events of users that training knows, or of all where it knows none."""
        users, items = (torch.tensor(a).long() for a in (validation.rows.users, validation.items))
        known = torch.from_numpy(self.trained_)[users] & (users >= 0)
        if known.any():
            users, items = users[known], items[known]
        return self._examples(users, items, negatives.draw_for(users, items))

    @property
    def uses_weights(self) -> bool:
        """True: events are taken as often as their weights say."""
        return True

    def _fitted_rows(self, users: Histories) -> Float32:
        events = UserEvents.with_negatives(users.positives, NEGATIVES, self.seed)
        return fit_ranking_rows(events, self.item_vectors_, self.item_bias_, self.drawn_, self.l2)

    def _row_falls(self, user: Histories, items: Int32) -> Float32:
        events = UserEvents.with_negatives(user.positives, NEGATIVES, self.seed)
        vectors, bias = self.item_vectors_, self.item_bias_
        falls = ranking_row_falls(events, vectors, bias, self.drawn_, self.l2, items)
        return of_events(*falls, user)


class WARP(BPR):
    """The same vectors by the weighted approximate-rank pairwise loss.

    The first of `negatives` drawn items that comes near counts, the more the fewer had to be drawn,
    which pushes at the top of the list. Weston, Bengio and Usunier, "WSABIE: Scaling Up To Large
    Vocabulary Image Annotation" (2011).

    Attributes:
        negatives: the most items that are drawn for an event.
    """

    l2: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.1
    negatives: Annotated[int, Field(gt=0)] = 10
    learning_rate: Annotated[float, Field(gt=0), Space(0.02, 0.5, log=True)] = 0.05

    loss: ClassVar[Loss] = "warp"

    def _examples(self, users: torch.Tensor, items: torch.Tensor, drawn: torch.Tensor) -> Tensors:
        return users, items, drawn.view(self.negatives, -1).T.contiguous()
