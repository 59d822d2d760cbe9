"""How many events a batch has where that follows from the log."""

from __future__ import annotations

_STEPS, _FEWEST = 64, 32


def events_at_once(given: int | None, n_events: int, most: int) -> int:
    """The size of a batch: as given, or else at most a 64th of the events, though not below 32.

    So an epoch over a small log has steps enough to move the weights.
    """
    return given or max(_FEWEST, min(most, n_events // _STEPS))
