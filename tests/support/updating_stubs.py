"""A sound model that learns from updates, and models that break a promise of such models."""

from __future__ import annotations

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


@breaks("update_refuses_unknown_items")
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
