"""Kinds of events, such as views and purchases, and what each counts."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from penchant.data.categories import as_texts, by_category
from penchant.data.reading.event_words import ranks
from penchant.errors import DataError, ParameterError
from penchant.wording import counted

Kinds = Mapping[str, float] | str
"""What kinds of events count, such as `{"view": 1, "purchase": 5}` or `view=1,purchase=5`."""

_LISTED = 8  # kinds in a message


def parse_kinds(kinds: Kinds) -> dict[str, float]:
    """The weight of each kind of events; a kind without one counts 1.

    Raises:
        ParameterError: it is written otherwise, or a weight is not a number above 0.
    """
    weights: dict[str, float] = {}
    pairs = (
        [text.rpartition("=") for text in kinds.split(",")]
        if isinstance(kinds, str)
        else [(kind, "=", weight) for kind, weight in kinds.items()]
    )
    for left, equals, right in pairs:
        kind, weight = (left, right) if equals else (right, 1.0)
        kind = str(kind).strip()
        try:
            number = float(weight)
        except (TypeError, ValueError):
            number = math.nan
        if not kind or kind in weights or not (0 < number < math.inf):
            raise ParameterError(
                "Kinds of events are written KIND=WEIGHT, each once and with a number above 0, as "
                f"in 'view=1,purchase=5', not {kinds!r}."
            )
        weights[kind] = number
    return weights


def kinds_remark(events: pl.Series) -> str | None:
    """That events of several kinds count alike, and how to weigh them; None for a single kind."""
    counts = list(_counts(events).items())
    if len(counts) < 2:
        return None
    kinds = counts[:_LISTED]
    shares = ", ".join(f"{kind} ({_percent(count / len(events))})" for kind, count in kinds)
    more = f" and {len(counts) - _LISTED} more" if len(counts) > _LISTED else ""
    said = f"events are of {len(counts)} kinds, {shares}{more}, and all count alike"
    weights = ranks([kind for kind, _ in counts])
    if weights is None:
        return (
            f"{said}: where some say more for an item than others, or nothing, give those that "
            "count, and how much, with --events 'KIND=WEIGHT,…' (events='KIND=WEIGHT,…')"
        )
    example = ",".join(f"{kind}={weight}" for kind, weight in weights.items())
    others = ", ".join(kind for kind, _ in counts if kind not in weights)
    rest = f", which leaves {others} out" if others else ""
    return f"{said}: weigh them with --events {example!r} (events={example!r}){rest}"


def keep_kinds(events: pl.Series, kinds: Mapping[str, float], source: str) -> tuple[pl.Series, str]:
    """The weight of each event by its kind, and a sentence that says how many have none.

    Kinds are as they are written in the log, or otherwise without regard to case.

    Args:
        events: the kind of each event, text or category, null where unknown.
        kinds: the weight of each kind.
        source: the log's name in messages.

    Returns:
        float64[n_events], null for events of other kinds; and the sentence.

    Raises:
        DataError: a kind is not in the log.
    """
    counts = _counts(events)
    weights: dict[str, float] = {}
    for kind, weight in kinds.items():
        alike = [kind] if kind in counts else [k for k in counts if _fold(k) == _fold(kind)]
        if not alike:
            listed = ", ".join(map(repr, list(counts)[:_LISTED]))
            more = " …" if len(counts) > _LISTED else ""
            raise DataError(f"{source}: no event is {kind!r}; there are {listed}{more}.")
        weights |= dict.fromkeys(alike, weight)
    others = [f"{kind} ({n:,})" for kind, n in counts.items() if kind not in weights]
    if events.null_count():
        others.append(f"without a kind ({events.null_count():,})")
    weight_of_event = by_category(
        events,
        lambda texts: texts.replace_strict(weights, default=None, return_dtype=pl.Float64),
    )
    written = ",".join(f"{kind}={weight:g}" for kind, weight in kinds.items())
    sentence = (
        f"the kinds {written} dropped {weight_of_event.null_count():,} of "
        f"{counted(len(events), 'event')}"
    )
    if others:
        sentence += f": {', '.join(others[:_LISTED])}" + (" …" if len(others) > _LISTED else "")
    return weight_of_event, sentence


def _counts(events: pl.Series) -> dict[str, int]:
    """How many events there are of each kind, the most frequent first."""
    counts = events.value_counts(name="count").drop_nulls()
    counts = counts.with_columns(as_texts(counts[events.name]))
    return dict(counts.sort(["count", events.name], descending=[True, False]).iter_rows())


def _fold(kind: str) -> str:
    return kind.strip().casefold()


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
