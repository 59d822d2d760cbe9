"""Models that failed in a comparison."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from penchant.errors import PenchantError


@dataclass(frozen=True)
class ModelFailure:
    """Why a model has no figures.

    Attributes:
        reason: a sentence for a person.
        traceback: where in the code it happened.
    """

    reason: str
    traceback: str

    @classmethod
    def of(cls, error: Exception) -> ModelFailure:
        """The record of what was raised."""
        return cls(reason_of(error), "".join(traceback.format_exception(error)))


def reason_of(error: Exception) -> str:
    """What went wrong, for a person: of errors of others with their kind."""
    if isinstance(error, PenchantError):
        return str(error)
    if isinstance(error, MemoryError) and not str(error):
        return "There was not enough memory."
    return " ".join(f"{type(error).__name__}: {error}".split())
