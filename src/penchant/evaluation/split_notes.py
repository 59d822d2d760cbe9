"""Sentences on what a split does to the figures that are measured on it."""

from __future__ import annotations

from penchant.data.splits import Split
from penchant.evaluation.segments import users_without_history


def split_notes(split: Split, refit: bool) -> tuple[str, ...]:
    """What to know of a split before its figures are read.

    Args:
        split: the split.
        refit: whether models learn from validation events in the end.
    """
    notes = []
    if split.validation is None:
        notes.append("The split has no validation events: nothing is stopped early or chosen.")
    if refit:
        notes.append(
            "Figures on test events are of models that were fitted again, to the training and "
            "validation events together, with what validation had settled; times are of both fits."
        )
    test = split.test
    if note := users_without_history(test):
        notes.append(note)
    learned = split.train_and_validation if refit else split.train
    untrained = float((learned.item_counts[test.items] == 0).mean())
    if untrained > 0.01 and split.kind != "cold-items":
        notes.append(
            f"{untrained:.0%} of the test events are on items without training events: models that "
            "learn from events alone have nothing to rank these by."
        )
    return tuple(notes)
