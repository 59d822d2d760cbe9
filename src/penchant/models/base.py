"""The base class of recommenders: fit to a log, score items for histories, make lists."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field

from penchant.compiled import working_time
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.required import require_log
from penchant.data.vocabulary import Id
from penchant.models.checked_rows import ChecksRows
from penchant.models.data_parallel import (
    fit_by_processes,
    keeps_model,
    require_divisible,
)
from penchant.models.derived import derived_from, forget_derived, without_derived
from penchant.models.empty_lists import empty_lists, report_empty_lists
from penchant.models.fitted_state import without_vectors
from penchant.models.fitting_costs import FittingCosts
from penchant.models.item_titles import ItemTitles
from penchant.models.lists import list_table, report_fallback, with_shape
from penchant.models.log_requirements import require_events
from penchant.models.parameters import Parameterised
from penchant.models.protocols import Explains
from penchant.models.similar_items import SimilarItems
from penchant.nn.devices import require_device
from penchant.repeats import Repeats
from penchant.run import Run
from penchant.topk import BLOCK_CELLS, Fallback, popularity_order, require_length, top_k
from penchant.typing import Bool, Float32, Int32

Task = Literal["ranking", "rating", "like"]
Signal = Literal["pairs", "order", "popularity", "ratings", "attributes", "nothing"]
"""What a model can find in a log: which items go together, which item follows which, what is
popular, how users and items are rated, which attributes of items each user likes, or nothing."""


class Recommender(Parameterised, SimilarItems, FittingCosts, ChecksRows, ABC):
    """Parameters that learn from a Dataset and score items for Histories.

    The annotated fields of a subclass are its hyper-parameters; it defines `_fit` and `_scores`.
    Whatever it learns goes into attributes whose names end in `_` and are arrays (NumPy, SciPy
    sparse, torch), numbers, texts or lists of numbers, so that it can be saved.

    Attributes:
        seed: decides everything random.

    Example:
        >>> log = planted_pairs(n_users=50)
        >>> model = make("ease:l2=10").fit(log)
        >>> model.recommend([1], k=2).columns
        ['user', 'item', 'rank', 'score', 'fallback']
        >>> len(model.recommend(model.history(log.items.ids[:2]), k=3))
        3
        >>> model.similar_items([log.items[0]], k=1).columns
        ['item', 'similar', 'rank', 'similarity']
    """

    seed: Annotated[int, Field(ge=0)] = 0

    signal: ClassVar[Signal] = "pairs"
    baseline_for: ClassVar[frozenset[Task]] = frozenset()
    needs_ratings: ClassVar[bool] = False
    data_parallel: ClassVar[bool] = False  # whether processes can share each batch of training
    block_cells: ClassVar[int] = BLOCK_CELLS  # scores to ask for at once, see `topk.top_k`

    @abstractmethod
    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        """Learn from the training events."""

    @abstractmethod
    def _scores(self, users: Histories) -> Float32:
        """float32[n_users, n_items]; a shared array must be marked read-only."""

    @property
    def can_shard_tables(self) -> bool:
        """Whether processes that train its network together can each have some of the tables' rows.

        `_fit` then makes such tables where the run says so, and in all processes but the first
        learns nothing that is kept.
        """
        return False

    def __getstate__(self) -> dict[str, Any]:
        """What copies have, and what is sent to other processes."""
        return without_derived(self)

    # Fitting

    def fit(
        self, train: Dataset, validation: Holdout | None = None, *, run: Run | None = None
    ) -> Self:
        """Learn from the training events and return the model itself.

        Args:
            train: the events to learn from.
            validation: held-out events that may decide when to stop, never what to learn.
            run: device, threads, progress and callbacks; with `ray` the workers of a cluster train
                a model together, each on its share of every batch or with some rows of its tables.

        Raises:
            DataError: it is no log, or has no events, or no ratings or times where the model needs
                them, or fitting would take more memory than is free or hours than the run allows.
            MissingExtraError: `ray` needs Ray, which is not installed.
            ParameterError: there is no such device or cluster, or not enough room in it, or the
                model is none whose training workers can share, or whose tables they can shard.
        """
        run = run or Run()
        require_log(train)
        require_device(run)
        require_divisible(self, run)
        require_events(self, train)
        self._require_room(train, run)
        self._forget()
        started = working_time()
        fit_by_processes(self, train, validation, run)
        if not keeps_model(run):
            self._forget()
            return self
        self.fit_seconds_ = working_time() - started
        self.users_ = train.users
        self.items_ = train.items
        self.histories_ = train.histories
        self.item_table_ = without_vectors(train.item_table)
        self.log_fingerprint_ = train.fingerprint
        self.log_name_ = train.name
        return self

    def _forget(self) -> None:
        """Be unfitted again."""
        for name in self.fitted_state():
            delattr(self, name)
        forget_derived(self)
        vars(self).pop("retriever", None)

    def refit(self, log: Dataset, *, run: Run | None = None) -> Self:
        """A copy, fitted to all of a log with what validation has settled on this one."""
        return self.clone(**self._settled()).fit(log, run=run)

    def _settled(self) -> dict[str, Any]:
        """Parameters that validation decided while fitting: the number of epochs, by default."""
        return {"epochs": self.best_epoch_} if hasattr(self, "best_epoch_") else {}

    # Recommending

    def scores(self, users: Histories) -> Float32:
        """How much each item suits each user, higher is better; -inf means never.

        Returns:
            float32[n_users, n_items]; treat a read-only array as shared.

        Raises:
            NotFittedError: the model has not been fitted.
            ParameterError: the histories are of another item vocabulary.
            PenchantError: the model's scores have another shape.
        """
        self.require_own_items(users)
        return with_shape(self._scores(users), users, type(self).__name__)

    def item_scores(self, users: Histories, items: Int32) -> Float32:
        """float32[n_users, n], the scores of these items: columns of `scores`, up to rounding.

        A model that computes a score at a time has less to do than for all items.

        Raises:
            NotFittedError: the model has not been fitted.
            ParameterError: the histories are of another item vocabulary.
        """
        self.require_own_items(users)
        return self._item_scores(users, items)

    def _item_scores(self, users: Histories, items: Int32) -> Float32:
        return self._scores(users)[:, items]

    def recommend(
        self,
        users: Sequence[Id] | pl.Series | Histories | None = None,
        k: int = 10,
        *,
        repeats: Repeats = "excluded",
        candidates: Sequence[Id] | pl.Series | None = None,
        exclude: Sequence[Id] | pl.Series | None = None,
        titles: bool = False,
        run: Run | None = None,
    ) -> pl.DataFrame:
        """The k items that suit each user best.

        Users of whom the model knows nothing get the log's most popular items, and so do places
        of a list for which it has no evidence: `fallback` is true there, and `score` null. Users
        for whom nothing is left, such as those who have had every item, have no row; a warning
        names them and says why.

        Args:
            users: ids of known users, or histories (see `history`), or None for all known users.
            k: items for each user; fewer, or none, where fewer are left.
            repeats: whether lists may hold items of the history, or hold nothing else.
            candidates: the only items to choose from; a warning names those that are not known.
            exclude: items to leave out, such as what is out of stock; likewise.
            titles: add a column `title`.
            run: threads and progress.

        Returns:
            A frame with `user` (or `history`, the position, where histories were given), `item`,
            `rank` from 1, `score`, `fallback`, and `title` where asked for.

        Raises:
            UnknownIdError: a user is not known, or none of the candidates or excluded items.
            ParameterError: k is no whole number of at least 1, or ids are not given as a list.
        """
        histories = users if isinstance(users, Histories) else self.histories_of(users)
        self._require_fitted()
        chosen = self.items_.selection(candidates, exclude)
        lists, values = self.top_items(histories, k, repeats=repeats, candidates=chosen, run=run)
        empty = np.flatnonzero((lists < 0).all(axis=1)).tolist()
        if empty:
            report_empty_lists(
                empty_lists(self.users_, histories, empty, chosen, repeats=repeats),
                len(histories),
            )
        rows = np.nonzero(lists >= 0)[0]
        if isinstance(users, Histories):
            who = pl.Series("history", rows)
        else:
            who = self.users_.take(histories.users[rows]).alias("user")
        table = list_table(
            who, "item", lists, values, self.items_, titles, self.item_table_, with_fallback=True
        )
        report_fallback(lists, values)
        return table

    def top_items(
        self,
        users: Histories,
        k: int,
        *,
        repeats: Repeats = "excluded",
        candidates: Int32 | None = None,
        run: Run | None = None,
    ) -> tuple[Int32, Float32]:
        """The k items that suit each user best, as indices: what `recommend` makes tables of.

        Args:
            users: the histories.
            k: length of the lists.
            repeats: whether lists may hold items of the history, or hold nothing else.
            candidates: item indices to choose from; None for all.
            run: threads and progress.

        Returns:
            int32[n_users, k] item indices, -1 where no item is left, and float32[n_users, k]
            scores, NaN in places where the model has no evidence and popularity decided.

        Raises:
            ParameterError: k is no whole number of at least 1.
        """
        self._require_fitted()
        require_length(k)
        if (retriever := vars(self).get("retriever")) is not None:  # see `penchant.retrieval`
            found: tuple[Int32, Float32] | None = retriever.top_items(
                self, users, k, repeats=repeats, candidates=candidates, run=run
            )
            if found is not None:
                return found
        return top_k(
            self.scores,
            users,
            k,
            repeats=repeats,
            candidates=candidates,
            fallback=self.fallback,
            cells=self.block_cells,
            run=run,
        )

    @property
    def fallback(self) -> Fallback:
        """What answers where the model has no evidence: the popularity of the training log."""
        return Fallback(
            self.histories_.popularity,
            self.has_evidence,
            self.no_evidence_score,
            self._popularity_order,
        )

    @derived_from("histories_")
    def _popularity_order(self) -> Int32:
        return popularity_order(self.histories_.popularity)

    @derived_from("items_", "item_table_")
    def item_titles(self) -> ItemTitles:
        """Titles of items, made when they are asked for first."""
        return ItemTitles(self.items_, self.item_table_)

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], whether the model knows something of each user that its scores tell.

        By default it does where there is a history: with ratings where it learns from these,
        otherwise with a positive event. A model that knows more of users, such as their
        attributes, says so here. Baselines answer everybody as they are.
        """
        if self.baseline_for:
            return np.ones(len(users), np.bool_)
        if self.needs_ratings and users.ratings is None:
            return np.zeros(len(users), np.bool_)
        if not self.learns_interactions or users.positive is None:
            return np.asarray(users.lengths > 0)
        return np.bincount(users.rows[users.is_positive], minlength=len(users)) > 0

    @property
    def learns_interactions(self) -> bool:
        """Whether lists are learned from which positive events there are, whatever the rating."""
        return self.signal in ("pairs", "order", "popularity") and not self.needs_ratings

    @property
    def needs_times(self) -> bool:
        """Whether a log must have a time on every event for what its parameters ask."""
        return False

    @property
    def has_contributions(self) -> bool:
        """Whether scores can be divided among the events of a history; see `Explains`."""
        return isinstance(self, Explains)

    @property
    def uses_weights(self) -> bool:
        """Whether the weights of events, such as plays, change what is learned."""
        return False
