"""Predicted ratings beyond the scale of ratings, and what clipping them would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.metrics import Metric, RowMetric
from penchant.results.formatting import join_names, quoted
from penchant.typing import Float64

_COUNTED_FROM = 0.001  # a smaller share is not worth a word,
_NAMED_FROM = 0.01  # and one below this none of its own


@dataclass(frozen=True)
class OutsideScale:
    """How many predictions of a model lie outside the scale, and its figures without them.

    Attributes:
        share: of its predictions.
        clipped: metrics of the predictions clipped to the scale, by name; empty where none lies
            outside.
    """

    share: float
    clipped: Mapping[str, float]


def outside_scale(
    predictions: Float64,
    truth: Float64,
    metrics: Sequence[Metric],
    scale: tuple[float, float],
) -> OutsideScale:
    """Compare predicted ratings float64[n_rows] with the scale, its ends included."""
    inside = np.clip(predictions, *scale)
    share = float((inside != predictions).mean())
    if not share:
        return OutsideScale(0.0, {})
    return OutsideScale(
        share, {m.name: m(inside, truth) for m in metrics if isinstance(m, RowMetric)}
    )


def outside_scale_note(
    outside: Mapping[str, OutsideScale], metric: str, scale: tuple[float, float]
) -> tuple[str, ...]:
    """How many predictions lie outside the scale, with a clipped metric, as a sentence."""
    parts = [
        f"{own.share:.1%} of those of {name} ({metric} {own.clipped[metric]:.4f} if clipped)"
        for name, own in zip(quoted(outside), outside.values(), strict=True)
        if own.share >= _NAMED_FROM
    ]
    few = [n for n, own in outside.items() if _COUNTED_FROM <= own.share < _NAMED_FROM]
    if few:
        counted = f"{len(few)} {'other ' if parts else ''}models"
        others = join_names(quoted(few)) if len(few) < 4 else counted
        parts.append(f"less than {_NAMED_FROM:.0%} of those of {others}")
    if not parts:
        return ()
    verb = "lie" if len(parts) > 1 else "lies"
    return (
        f"Predictions are judged as they are, not clipped to the ratings from {scale[0]:g} to "
        f"{scale[1]:g}; outside them {verb} {join_names(parts)}.",
    )
