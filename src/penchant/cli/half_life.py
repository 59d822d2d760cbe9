"""`--half-life`: models for which old events count less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penchant.models.base import Recommender

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
        raise ParameterError(
            f"{spec} makes no use of the weights of events, so that old ones cannot count less: "
            "leave out --half-life, or take a model such as ials, ease or item-knn."
        )
    inner = f"({spec})" if "," in spec else spec
    name = f"time-decay:base_model={inner},half_life={days_of(text):g}"
    made = make(name).clone(seed=model.seed)
    return name, made


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
    for text in half_lives or ():
        found |= dict(decayed(spec, model, text) for spec, model in able.items())
    return found
