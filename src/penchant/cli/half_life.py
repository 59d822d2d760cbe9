"""`--half-life`: models for which old events count less."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penchant.models.base import Recommender

logger = logging.getLogger(__name__)

_DAYS = {"d": 1.0, "w": 7.0, "m": 30.4375, "y": 365.25}

_METAVAR = "DAYS"
HalfLives = Annotated[
    list[str] | None,
    typer.Option(
        metavar=_METAVAR,
        help="Also try each model that uses weights with old events counting less: half after so "
        "many days, such as 90d, 12w, 6m or 1y; again for more.",
        show_default=False,
    ),
]
HalfLife = Annotated[
    str | None,
    typer.Option(
        metavar=_METAVAR,
        help="Let old events count less: half after so many days, such as 90d, 12w, 6m or 1y.",
        show_default=False,
    ),
]


def days_of(text: str) -> float:
    """The days that a text such as `90`, `90d` or `6m` means.

    Raises:
        ParameterError: it means none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([dwmy]?)\s*", text.lower())
    days = float(found[1]) * _DAYS[found[2] or "d"] if found else 0.0
    if not 0 < days < 1e6:
        raise ParameterError(
            f"--half-life {text!r} is no time: give days, or such as 90d, 12w, 6m or 1y."
        )
    return days


def decayed(spec: str, model: Recommender, text: str) -> tuple[str, Recommender]:
    """The model, by its text, for which old events count less.

    Raises:
        ParameterError: it makes no use of weights, or the text is no time.
    """
    from penchant.models import make

    if not model.uses_weights:
        raise ParameterError(_why_not(spec, model))
    inner = f"({spec})" if "," in spec else spec
    name = f"time-decay:base_model={inner},half_life={days_of(text):g}"
    made = make(name).clone(seed=model.seed)
    return name, made


def _why_not(spec: str, model: Recommender) -> str:
    """Why old events cannot count less for a model, and what to do."""
    if decay := next((n for n in ("basket_decay", "group_decay") if n in model.params()), None):
        return (
            f"{spec} makes no use of the weights of events, but has a decay of its own over "
            f"baskets: leave out --half-life, and set {decay}."
        )
    if model.signal == "ratings" or model.needs_ratings:
        return (
            f"{spec} learns ratings and makes no use of the weights of events, so that old ones "
            "cannot count less: leave out --half-life, or take a model such as dot, ials or ease."
        )
    return (
        f"{spec} makes no use of the weights of events, so that old ones cannot count less: leave "
        "out --half-life, or take a model such as ials, ease or item-knn."
    )


def with_half_lives(
    models: Mapping[str, Recommender], half_lives: Sequence[str] | None
) -> dict[str, Recommender]:
    """The models, and each that uses weights once more for every half-life.

    Raises:
        ParameterError: no model uses weights, or a text is no time.
    """
    found = dict(models)
    able = {spec: model for spec, model in models.items() if model.uses_weights}
    if half_lives and not able:
        raise ParameterError(
            "--half-life needs a model that uses the weights of events, such as ials, ease or "
            "item-knn, and none of these does."
        )
    left_out = [spec for spec, model in models.items() if spec not in able]
    if half_lives and left_out:
        logger.info(
            "--half-life changes nothing for %s, which make%s no use of the weights of events.",
            ", ".join(left_out),
            "s" if len(left_out) == 1 else "",
        )
    for text in half_lives or ():
        found |= dict(decayed(spec, model, text) for spec, model in able.items())
    return found
