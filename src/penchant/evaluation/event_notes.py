"""Sentences on what models make of the weights and the ratings of events."""

from __future__ import annotations

from collections.abc import Mapping

from penchant.data.dataset import Dataset
from penchant.data.positive import lowest_liked
from penchant.data.quality.count_ratings import counts_sentence, ratings_are_counts
from penchant.data.quality.ratings import likely_scale
from penchant.data.target import default_like_threshold, threshold_words
from penchant.models.base import Recommender
from penchant.results.formatting import join_names, quoted

_MOST_NAMES = 4


def event_notes(log: Dataset, models: Mapping[str, Recommender]) -> tuple[str, ...]:
    """What somebody should know who has models learn from the events of a log.

    Args:
        log: whose events are learned from.
        models: by the names that sentences are to use; baselines are not named.
    """
    named = {name: model for name, model in models.items() if not model.baseline_for}
    notes = []
    learners = [name for name, model in named.items() if model.learns_interactions]
    if learners and log.has_ratings:
        threshold = _threshold(log)
        share = float((log.ratings < threshold).mean())
        if log.positive is not None:
            notes.append(
                f"{_listed(learners)} learn{_s(learners)} from ratings "
                f"{threshold_words(log.positive)}; the other {share:.0%} of the events count as "
                "seen."
            )
        elif ratings_are_counts(log):
            notes.append(f"The ratings {counts_sentence(log)}.")
        elif share >= 0.005:
            liked = lowest_liked(log.ratings, threshold)
            notes.append(
                f"{share:.0%} of the events have a rating below {liked:g}, and "
                f"{_listed(learners)} take{_s(learners)} every event for a like: --positive "
                f"'>={liked:g}' (positive= in Python) teaches likes alone."
            )
    without = [name for name, model in named.items() if not model.uses_weights]
    if without and log.weights is not None:
        notes.append(f"{_listed(without)} make{_s(without)} no use of the weights of events.")
    if len(without) < len(named) and log.weights is not None and "weight" in log.origin.guessed:
        column = log.origin.columns["weight"]
        notes.append(
            f"Events count as much as {column} says, which was guessed: compare without, too "
            "(--weight none, weight=False in Python), for more of a thing is not always liked more."
        )
    return tuple(notes)


def _threshold(log: Dataset) -> float:
    """The rating from which an event is a like, also where slips are outside the scale."""
    scale, seen = likely_scale(log), log.rating_range
    if log.positive is not None or scale is None or seen is None:
        return log.like_threshold
    has_slips = seen[0] < scale[0] or seen[1] > scale[1]
    return default_like_threshold(scale if has_slips else seen)


def _listed(names: list[str]) -> str:
    """Names, or of many how many they are."""
    return join_names(quoted(names)) if len(names) <= _MOST_NAMES else f"{len(names)} models"


def _s(names: list[str]) -> str:
    return "s" if len(names) == 1 else ""
