"""Repeated and new items apart: which test events repeat a user's history, who is good at each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from penchant.data.holdout import Holdout
from penchant.errors import DataError
from penchant.results.formatting import quoted
from penchant.results.tables import Entry, Table, TargetSegment
from penchant.typing import Bool

_FEW = 0.01  # a smaller share is not worth a sentence

_WORDS: dict[TargetSegment, str] = {"repeated-items": "repeated items", "new-items": "new items"}


def judging_events(holdout: Holdout) -> Holdout:
    """The held-out events that lists can have; see `Holdout.judging`.

    Raises:
        DataError: there are none.
    """
    judging = holdout.judging
    if len(judging):
        return judging
    if holdout.repeats == "only":
        raise DataError(
            "No held-out event repeats an item of its user's history, so that nothing judges lists "
            "of repeats alone: leave out --repeats only."
        )
    raise DataError(
        "Every held-out event repeats an item of its user's history, so that nothing judges lists "
        "of new items: take --repeats allowed (repeats='allowed' in Python)."
    )


def target_segments(holdout: Holdout) -> dict[TargetSegment, Bool]:
    """bool[n_rows] for rows that repeat an item of the history, and for the others.

    Empty where lists have either alone, or all rows are alike.
    """
    repeated = holdout.is_repeat
    if holdout.repeats != "allowed" or holdout.candidates is not None:
        return {}
    if repeated.all() or not repeated.any():
        return {}
    return {"repeated-items": repeated, "new-items": ~repeated}


def repeat_notes(test: Holdout) -> tuple[str, ...]:
    """What share of the test events repeats items of histories, and what becomes of these."""
    share = float(test.is_repeat.mean())
    if share < _FEW or test.candidates is not None:
        return ()
    repeat = f"{share:.0%} of the test events repeat an item of the user's history"
    if test.repeats == "excluded":
        return (
            f"{repeat}: lists leave such items out, and these events judge no list; --repeats "
            "allowed (repeats='allowed' in Python) lists and judges them, too.",
        )
    if test.repeats == "only":
        return (f"{repeat}: lists hold nothing else, and the other events judge no list.",)
    return (f"{repeat}, which lists may hold, too.",)


def sentence_of_halves(table: Table) -> tuple[str, ...]:
    """Which model is worth having for repeated items and which for new ones, in one sentence."""
    if not table.target_segments:
        return ()
    parts = "; ".join(
        f"of {_WORDS[segment]} {_best(part)}" for segment, part in table.target_segments.items()
    )
    return (f"O{parts[1:]}.",)


def _best(part: Table) -> str:
    known = [e for e in part.entries if np.isfinite(e.validation)]
    chosen = max(known, key=lambda e: e.validation) if known else part.entries[0]
    how = "on validation" if known else "on the test events"
    figure, bar = chosen.metrics[part.primary], part.best_trivial
    least = bar.metrics[part.primary].value
    name = quoted([chosen.name])[0]
    if chosen.trivial:
        return f"a trivial answer, {name}, is best {how} ({part.primary} {figure.value:.4f})"
    return (
        f"{name} is best {how} ({part.primary} {figure.value:.4f}, {_verdict(chosen)} the best "
        f"trivial answer, {bar.name}, {least:.4f})"
    )


def _verdict(entry: Entry) -> str:
    words: Mapping[str | None, str] = {
        "beats": "which beats",
        "no better": "no better than",
        "worse": "worse than",
        None: "beside",
    }
    return words[entry.verdict]
