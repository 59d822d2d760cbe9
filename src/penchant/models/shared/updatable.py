"""What models share that take in further events, and those that are then what a new fit is."""

from __future__ import annotations

import hashlib
import logging
from abc import abstractmethod
from typing import ClassVar, Literal, Self

import numpy as np
import polars as pl

from penchant.compiled import working_time
from penchant.data.basket_keys import keyed_anonymous, keys_of_histories, n_baskets
from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.merging import KnownLog, MergedLog, merged
from penchant.data.required import require_log
from penchant.data.vocabulary import Vocabulary, difference_in_writing
from penchant.errors import DataError, UnknownIdError
from penchant.models.base import Recommender
from penchant.models.derived import forget_derived
from penchant.models.fitted_state import KEPT_OPTIONS, without_vectors
from penchant.models.shared.later_cancellations import Corrected, without_cancelled
from penchant.nn.devices import require_device
from penchant.run import Run
from penchant.typing import Int32, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)

UpdateKind = Literal["exact", "fold-in", "histories", "continued"]
"""What a model is after an update: what a new fit to all events would be; vectors of old events
with some rounds over all; the same weights, which read the new events in histories; or weights that
have been trained further on the new events."""

_LEAVE_OUT = "leave such events out (--skip-unknown-items), or fit it again to all events"


class Updatable(Recommender):
    """A recommender that takes in further events, without the log that it was fitted to.

    Attributes:
        basket_keys_: int64[n_baskets], by which baskets are known again, see `keys_of_histories`.
        anonymous_items_: int32[n_anonymous], items of events without a user, where these count.
        anonymous_keys_: int64[n_anonymous], the keys of their baskets.
        cancellation_keys_: int64[n], of cancellations that took back earlier purchases in updates.
    """

    update_kind: ClassVar[UpdateKind] = "continued"
    takes_new_items: ClassVar[bool] = True
    counts_anonymous: ClassVar[bool] = False  # whether events without a user change the model

    def fit(
        self, train: Dataset, validation: Holdout | None = None, *, run: Run | None = None
    ) -> Self:
        """Learn from the training events and return the model itself; see `Recommender.fit`."""
        super().fit(train, validation, run=run)
        if self.takes_new_items:
            anonymous = keyed_anonymous(train.anonymous) if self.counts_anonymous else None
            self._keep_keys(keys_of_histories(train), anonymous)
        return self

    def _keep_keys(self, baskets: Int64 | None, anonymous: tuple[Int32, Int64] | None) -> None:
        """Keep by what baskets are known again in later events."""
        if baskets is not None:
            self.basket_keys_ = baskets
        if anonymous is not None:
            self.anonymous_items_, self.anonymous_keys_ = anonymous

    def update(self, new: Dataset, *, run: Run | None = None) -> Self:
        """Take in further events and return the model itself.

        Events that are known already are passed over where times or baskets tell: those of the
        same user, item, time and basket. Users who are not known yet are taken in, and so are
        items unless the model has no place for them (`takes_new_items`). What the new item table
        says of items is added. Known purchases that the new log cancels are taken back
        (`Origin.netted`), unless the model learns on from new events alone.

        Args:
            new: the events that have come in since.
            run: device, threads, progress and callbacks.

        Raises:
            NotFittedError: the model has not been fitted.
            UnknownIdError: the model cannot take an item in, or ids are of another type.
            ParameterError: there is no such device.
            DataError: it is no log, or the model has learned from ratings, weights or times and
                the new events have none.
        """
        self._require_fitted()
        require_log(new)
        run = run or Run()
        require_device(run)
        if not len(new) and not (self.counts_anonymous and new.anonymous is not None):
            return self
        started = working_time()
        self._check_columns(new)
        vars(self)["_n_taken_back"] = 0
        if self.takes_new_items:
            for known, ids in self._ids_of_events(new):
                _check_writing(known, ids, new.name)
        else:
            self._refuse_unknown_items(new)
        corrected = self._corrected(new)
        both = merged(corrected.known, new, new_items=self.takes_new_items)
        _report_repeated(both, new)
        if corrected.known.histories is self.histories_ and self._says_nothing_new(both):
            return self
        what = f"{both.log.n_users:,} users and {both.log.n_items:,} items"
        self.fitting_cost(both.log).require(f"Updating {type(self).__name__} to {what}", run)
        before = self.fitted_state()
        try:
            self._take_in(both, run)
            self.users_, self.items_ = both.known.users, both.known.items
            self.histories_ = both.known.histories
            self.item_table_ = without_vectors(both.known.item_table)
            self._keep_keys(both.known.basket_keys, both.known.anonymous)
            if len(corrected.keys):
                self.cancellation_keys_ = corrected.keys
        except BaseException:
            # Learning can fail half of the way, for example where a loss becomes infinite.
            for name in self.fitted_state():
                delattr(self, name)
            vars(self).update(before)
            raise
        vars(self)["_n_taken_back"] = corrected.n_removed
        digest = hashlib.sha256((before["log_fingerprint_"] + new.fingerprint).encode())
        self.log_fingerprint_ = digest.hexdigest()
        self.log_name_ = before["log_name_"]
        if KEPT_OPTIONS in before:
            self.log_options_ = before[KEPT_OPTIONS]
        self.fit_seconds_ = before["fit_seconds_"] + working_time() - started
        return self

    @property
    def n_taken_back(self) -> int:
        """How many events that were known the last update has left out, as later cancelled."""
        return int(vars(self).get("_n_taken_back", 0))

    @abstractmethod
    def _take_in(self, both: MergedLog, run: Run) -> None:
        """Learn from new events.

        Fitted arrays are replaced and never written to, so that a failure leaves all as it was.

        Args:
            both: all events and the new ones, and where users and items now stand.
            run: threads and progress.
        """

    def _known_log(self) -> KnownLog:
        keys, n_keys = getattr(self, "basket_keys_", None), n_baskets(self.histories_)
        anonymous = None
        sound = keys is None or _are_integers(keys, n_keys)
        if self.counts_anonymous and hasattr(self, "anonymous_items_"):
            anonymous = self.anonymous_items_, self.anonymous_keys_
            sound = sound and all(_are_integers(part, len(anonymous[0])) for part in anonymous)
            sound = sound and bool(((anonymous[0] >= 0) & (anonymous[0] < len(self.items_))).all())
        if not sound:
            raise DataError("What the model keeps of baskets is damaged: fit it again.")
        return KnownLog(
            self.histories_, self.users_, self.items_, self.item_table_, keys, anonymous
        )

    def _corrected(self, new: Dataset) -> Corrected:
        """What the model knows, less what the new log cancels; and say so."""
        known = self._known_log()
        keys = getattr(self, "cancellation_keys_", np.empty(0, np.int64))
        if not _are_integers(keys, len(keys)):
            raise DataError("What the model keeps of cancellations is damaged: fit it again.")
        corrected = without_cancelled(known, new.origin.netted, keys)
        if self.takes_new_items:
            if sentence := str(corrected):
                logger.info(f"{new.name}: {sentence}.")
            return corrected
        if corrected.known is not known:
            n = counted(corrected.n_removed + corrected.n_lowered, "event")
            logger.warning(
                f"{new.name}: cancels {n} that the model knows; {type(self).__name__} learns on "
                "from new events alone and keeps them: fit it again to all events."
            )
        return Corrected(known, keys)

    def _check_columns(self, new: Dataset) -> None:
        known, times = self.histories_, self.histories_.times is not None
        for learned, there, noun in (
            (known.ratings is not None, new.has_ratings, "ratings"),
            (known.weights is not None, new.weights is not None, "weights of events"),
            (times and self.takes_new_items, new.has_times, "times"),
        ):
            if learned and not there:
                some = "some of " if noun == "times" and "time" in new.events.columns else ""
                column = new.origin.columns.get("quantity") if noun.startswith("weights") else None
                remedy = f": --weight {column} (weight={column!r}) takes it for one"
                raise DataError(
                    f"{type(self).__name__} has learned from {noun}, and {some}the new events of "
                    f"{new.name!r} have none{'' if column is None else remedy}."
                )

    def _ids_of_events(self, new: Dataset) -> list[tuple[Vocabulary, pl.Series]]:
        """The vocabularies of users and items, each with the distinct ids of the new events."""
        return [
            (known, given.take(new.events[noun].unique(maintain_order=True).to_numpy()))
            for noun, known, given in (
                ("user", self.users_, new.users),
                ("item", self.items_, new.items),
            )
        ]

    def _refuse_unknown_items(self, new: Dataset) -> None:
        known, ids = self._ids_of_events(new)[1]
        unknown = ids.filter(pl.Series(known.indices(ids) < 0))
        if len(unknown):
            remedy = difference_in_writing(unknown, known.ids)
            raise UnknownIdError(
                f"The model does not know {counted(len(unknown), 'item')} of {new.name!r}, such as "
                f"{unknown[0]!r}: {remedy or _LEAVE_OUT}."
            )

    def _says_nothing_new(self, both: MergedLog) -> bool:
        """Whether no event and no item has come in."""
        anonymous = both.known.anonymous
        grown = anonymous is not None and len(anonymous[0]) > len(self.anonymous_items_)
        return not len(both.new) and both.log.items is self.items_ and not grown


class Refitting(Updatable):
    """A recommender that is after an update what a new fit to all events is, up to rounding.

    It is fitted anew to the events that it keeps and the new ones. That needs no log, and fitting
    takes little beside reading one.
    """

    update_kind: ClassVar[UpdateKind] = "exact"

    def _take_in(self, both: MergedLog, run: Run) -> None:
        for name in self.fitted_state():
            delattr(self, name)
        forget_derived(self)
        self._fit(both.log, None, run)


def _check_writing(known: Vocabulary, ids: pl.Series, name: str) -> None:
    """Warn where new ids may be known ones that are written otherwise.

    Raises:
        UnknownIdError: that is so and no id is known.
    """
    unknown = ids.filter(pl.Series(known.indices(ids) < 0))
    if not len(unknown) or known.kind == "integer":
        return
    if difference := difference_in_writing(unknown, known.ids):
        noun = known.noun
        if len(unknown) == len(ids):
            raise UnknownIdError(
                f"The model knows no {noun} of {name!r}, such as {unknown[0]!r}: {difference}."
            )
        logger.warning(
            f"{name}: some of {counted(len(unknown), f'new {noun}')}, such as {unknown[0]!r}, may "
            f"be known ones, for {difference} if they are the same."
        )


def _are_integers(values: object, length: int) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind == "i" and values.shape == (length,)


def _report_repeated(both: MergedLog, new: Dataset) -> None:
    if both.n_repeated:
        columns = ", ".join(("user", "item", *both.told_by[:-1]))
        events = counted(both.n_repeated, "event")
        logger.info(
            f"{new.name}: passed over {events} that the model knows already, by {columns} and "
            f"{both.told_by[-1]}."
        )
    elif not both.told_by and len(new):
        logger.info(
            f"{new.name}: without times and baskets, repeated events cannot be told from further "
            "ones: all of them count."
        )
