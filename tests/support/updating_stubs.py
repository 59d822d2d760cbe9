"""A sound model that learns from updates, and models that break a promise of such models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.models.shared.updatable import Refitting, Updatable
from penchant.models.shared.updating import Updating
from support.stubs import Sound, breaks


class SoundUpdating(Updating, Sound):
    """Counts again, from all histories."""

    def _update(self, new, known, places, run):
        x = known.matrix()
        self.together_ = (x.T @ x).toarray()
        for n in range(len(self.together_)):
            self.together_[n, n] = 0


@breaks("update_takes_in_events")
class ForgetsWhoIsNew(SoundUpdating):
    def update(self, new, *, run=None):
        return self


@breaks("update_takes_in_events")
class ReturnsNothing(SoundUpdating):
    def update(self, new, *, run=None):
        super().update(new, run=run)


@breaks("update_with_nothing_changes_nothing")
class AlwaysForgets(SoundUpdating):
    def update(self, new, *, run=None):
        self.together_ = self.together_ / 2
        return super().update(new, run=run)


@breaks("update_takes_in_or_refuses_new_items")
class LeavesOutUnknownItems(SoundUpdating):
    def update(self, new, *, run=None):
        known = self.items_.indices(new.frame()["item"]) >= 0
        return super().update(new.subset(known), run=run) if known.any() else self


@breaks("update_is_kept_in_a_bundle")
class KeepsUpdatesElsewhere(SoundUpdating):
    def _update(self, new, known, places, run):
        self.more = 1.0

    def _scores(self, users):
        return super()._scores(users) * (1 + getattr(self, "more", 0))


class SoundRefitting(Refitting, Sound):
    """Is fitted anew to all events."""


@breaks("update_passes_over_known_events")
class CountsTwice(SoundRefitting):
    def update(self, new, *, run=None):
        later = pl.col("time") + pl.duration(days=len(self.histories_.items))
        events = new.events.with_columns(later)
        return super().update(replace(new, events=events), run=run)


@breaks("update_equals_a_new_fit")
class ForgetsHowOften(SoundRefitting):
    def _take_in(self, both, run):
        super()._take_in(both, run)
        self.together_ = np.minimum(self.together_, 1)


class SoundFoldingIn(Updatable, Sound):
    """Comes near to a new fit: it is one."""

    update_kind = "fold-in"

    def _take_in(self, both, run):
        self._fit(both.log, None, run)


@breaks("update_comes_near_a_new_fit")
class LearnsNothingOfItems(SoundFoldingIn):
    def _take_in(self, both, run):
        old, bias = self.together_, self.item_bias_
        super()._take_in(both, run)
        places = np.ix_(both.item_places, both.item_places)
        self.together_, self.item_bias_ = np.zeros_like(self.together_), self.item_bias_ * 0
        self.together_[places], self.item_bias_[both.item_places] = old, bias
