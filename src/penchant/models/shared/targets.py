"""Refuse targets that a model cannot learn."""

from __future__ import annotations

from penchant.data.target import Interaction, Target
from penchant.errors import ParameterError


def require_rating_or_like(model: object, target: Target) -> None:
    """Raise ParameterError where a model of ratings is to learn interactions."""
    if isinstance(target, Interaction):
        raise ParameterError(
            f"{type(model).__name__} learns from ratings, and the target is {target}: "
            "use rating or like>=4."
        )
