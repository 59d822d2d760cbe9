"""A newer model in the place of the one that serves, if it is no worse on the latest events."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.atomic_write import discard_folder
from penchant.bundle import restore, save
from penchant.bundle.atomic_folder import replacing
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.models.fitted_state import KEPT_OPTIONS
from penchant.models.protocols import Updates
from penchant.repeats import Repeats
from penchant.run import Run
from penchant.serving.learning import fingerprint_of, log_of, new_events
from penchant.serving.store import Store
from penchant.serving.trial import Trial, compare, judged_events, latest_events
from penchant.store import locked
from penchant.typing import Bool, Int64

logger = logging.getLogger(__name__)

Status = Literal["nothing-new", "too-few", "worse", "replaced"]
How = Literal["train", "update"]


@dataclass(frozen=True)
class RefreshSettings:
    """How a candidate is made and judged.

    Attributes:
        how: learn from all events anew, or take the new ones into the model that serves.
        share: of the new events, the latest, by which both are judged.
        min_users: fewer users among them judge nothing.
        tolerance: the candidate may be worse by this share, as long as that may be chance.
        k: length of the lists that are judged.
        repeats: whether lists may hold what their user had.
        force: put the candidate in place in any case.
    """

    how: How = "train"
    share: float = 0.2
    min_users: int = 20
    tolerance: float = 0.05
    k: int = 10
    repeats: Repeats = "excluded"
    force: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ParameterError("The share of events that judge lies between 0 and 1.")
        if self.min_users < 1 or self.k < 1 or not self.tolerance >= 0:
            raise ParameterError(
                "min_users and k are at least 1, and the tolerance is not below 0."
            )


@dataclass(frozen=True)
class Refreshed:
    """What has become of a bundle.

    Attributes:
        folder: of the bundle.
        status: `nothing-new`, `too-few` users to judge by, a `worse` candidate, or `replaced`.
        reason: the same as a sentence.
        model: of the bundle, as it prints.
        learned: up to which number of the store the bundle in place has learned.
        new_events: how many events of the store it had not learned before.
        deleted_users: how many people were deleted since.
        trial: the comparison, where there was one.
        previous: the folder of the bundle that was in place before.
    """

    folder: Path
    status: Status
    reason: str
    model: str
    learned: int
    new_events: int
    deleted_users: int
    trial: Trial | None = None
    previous: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "bundle": str(self.folder),
            "status": self.status,
            "reason": self.reason,
            "model": self.model,
            "learned": self.learned,
            "new_events": self.new_events,
            "deleted_users": self.deleted_users,
            "trial": None if self.trial is None else self.trial.to_dict(),
            "previous": None if self.previous is None else str(self.previous),
        }


def refresh(
    folder: Path,
    store: Store,
    read_log: Callable[[Recommender], Dataset] | None = None,
    settings: RefreshSettings | None = None,
    *,
    run: Run | None = None,
) -> Refreshed:
    """Let a bundle follow what people do, unless that makes it worse.

    A candidate learns from all events but the latest of those that are new. It and the bundle as it
    serves, which folds in what it has not learned, are judged on the latest ones: not the bundle
    fitted anew, since what users would lose or gain is the difference from what they have now.
    If the candidate is no worse, the model learns from all events and takes the bundle's place;
    the bundle before is kept beside it as `<name>.previous`, unless somebody whom it knows has been
    deleted since.

    Args:
        folder: the bundle.
        store: what people did.
        read_log: gives the log to which the store's events are added, for the model that serves;
            without it, that is what the bundle keeps of its own.
        settings: how the candidate is made and judged.
        run: threads and progress.

    Raises:
        BundleError: the folder is no sound bundle, or cannot be written.
        ParameterError: the model learns from what a bundle does not keep, or cannot be updated.
        StoreError: the database fails.
    """
    run, settings = run or Run(), settings or RefreshSettings()
    folder = folder.resolve()
    with locked(folder.with_name(f".{folder.name}.refresh.lock"), "Another refresh is at work."):
        job = _Refresh(folder, store, settings, run)
        return job.done(read_log)


class _Refresh:
    """One refresh of one bundle."""

    def __init__(self, folder: Path, store: Store, settings: RefreshSettings, run: Run) -> None:
        self.folder, self.store, self.settings, self.run = folder, store, settings, run
        self.serving = restore(folder)
        progress = store.progress(fingerprint_of(folder))
        self.learned = progress.learned
        self.news = store.feedback_log(progress)
        self.how: How = settings.how
        if self.how == "update" and not isinstance(self.serving, Updates):
            raise ParameterError(
                f"{type(self.serving).__name__} cannot take in new events: leave out --how update."
            )
        if self.how == "update" and (self.news.n_deleted or len(self.news.taken_back)):
            logger.info("People were deleted or took events back: the model learns from all anew.")
            self.how = "train"

    def done(self, read_log: Callable[[Recommender], Dataset] | None) -> Refreshed:
        """Make the candidate, judge it, and put it in place."""
        if not self.news.is_new:
            return self._result("nothing-new", "nothing is new in the store")
        if read_log is None:
            if self.serving.signal == "attributes":
                raise ParameterError(
                    f"{type(self.serving).__name__} learns from what tables say of items, which a "
                    "bundle does not keep: name the LOG, too."
                )
            earlier = self.store.outcomes(until=self.learned)  # which the bundle's log holds
            feedback, base = replace(self.news, earlier=earlier), log_of(self.serving)
        else:
            feedback, base = self.store.feedback_log(), read_log(self.serving)
        log, numbers = feedback.numbered(base, self.serving)
        latest = latest_events(log, numbers, self.learned, self.settings.share)
        trial = self._trial(log, numbers, latest)
        if not self.settings.force:
            if trial is None and not (self.news.n_deleted or len(self.news.taken_back)):
                return self._result(
                    "too-few",
                    f"too few users have new events to judge by: {self.settings.min_users} are "
                    "needed among the latest (--min-users)",
                )
            if trial is not None and trial.is_worse(self.settings.tolerance):
                return self._result("worse", f"the candidate is worse: {trial}", trial)
        return self._replace(self._learn(log, numbers[:0]), feedback.last, trial)

    def _trial(self, log: Dataset, numbers: Int64, latest: Bool) -> Trial | None:
        if not latest.any() or latest.all():
            return None
        holdout = judged_events(log, latest, self.settings.repeats)
        if holdout.n_users < self.settings.min_users:
            return None
        candidate = self._learn(log.subset(~latest), numbers[latest])
        changed = np.zeros(log.n_users, np.bool_)
        changed[log.events["user"].to_numpy()[(numbers > self.learned) & ~latest]] = True
        k = self.settings.k
        return compare(self.serving, candidate, log, holdout, changed, k, self.run)

    def _learn(self, log: Dataset, left_out: Int64) -> Recommender:
        """A model that has learned from a log without the store's events of these numbers."""
        if self.how == "train":
            model = self.serving.refit(log, run=self.run)
            if hasattr(self.serving, KEPT_OPTIONS):  # of the log, whose later events are read so
                model.log_options_ = self.serving.log_options_
            return model
        model = restore(self.folder)
        assert isinstance(model, Updates)
        outcomes = self.news.outcomes.filter(~pl.col("sequence").is_in(left_out.tolist()))
        events = new_events(replace(self.news, outcomes=outcomes), model)
        return model if events is None else model.update(events, run=self.run)

    def _replace(self, model: Recommender, last: int, trial: Trial | None) -> Refreshed:
        previous = self.folder.with_name(f"{self.folder.name}.previous")
        keep = not self.news.n_deleted
        if not keep and previous.exists():
            discard_folder(previous)

        def before_placing(new: Path) -> None:
            self.store.set_learned(fingerprint_of(new), last)
            if keep:
                with ExitStack() as stack:
                    place = stack.enter_context(replacing(previous, overwrite=True))
                    shutil.copytree(self.folder, place, dirs_exist_ok=True)

        save(model, self.folder, overwrite=True, before_placing=before_placing)
        why = "without a comparison" if trial is None else f"the candidate is no worse: {trial}"
        return self._result(
            "replaced", why, trial, model=model, learned=last, previous=previous if keep else None
        )

    def _result(
        self,
        status: Status,
        reason: str,
        trial: Trial | None = None,
        *,
        model: Recommender | None = None,
        learned: int | None = None,
        previous: Path | None = None,
    ) -> Refreshed:
        return Refreshed(
            folder=self.folder,
            status=status,
            reason=reason,
            model=repr(model or self.serving),
            learned=self.learned if learned is None else learned,
            new_events=len(self.news.outcomes),
            deleted_users=self.news.n_deleted,
            trial=trial,
            previous=previous,
        )
