"""The contract: all checks by name, and one call that makes them all."""

from __future__ import annotations

from functools import partial
from typing import Any

from penchant.models.base import Recommender
from penchant.testing import events, fitting, lists, parameters, protocols, scoring, updating
from penchant.testing.helpers import Check

CHECKS: dict[str, Check] = {
    check.__name__: check
    for part in (parameters, fitting, scoring, events, lists, protocols, updating)
    for check in part.ALL
}
"""Each check by its name, for tests that want one test for each."""


def check_contract(cls: type[Recommender], **params: Any) -> None:
    """Make all checks of a model with these hyper-parameters.

    Raises:
        AssertionError: a check failed; the text names it and says what is wrong.
    """
    factory = partial(cls, **params)
    for name, check in CHECKS.items():
        try:
            check(factory)
        except AssertionError as error:
            raise AssertionError(f"{cls.__name__} fails {name}: {error}") from error
