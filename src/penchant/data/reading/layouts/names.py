"""The names of layouts, and what is said of one that was recognised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from penchant.data.origin import Layout
from penchant.errors import ParameterError
from penchant.wording import counted


def check_layout(layout: str | None) -> None:
    """Refuse what is no layout.

    Raises:
        ParameterError: it is none.
    """
    if layout is not None and layout not in get_args(Layout):
        raise ParameterError(f"A layout is {', '.join(get_args(Layout))}, and not {layout!r}.")


def describe(tallies: Mapping[str, int]) -> str:
    """Clauses such as `items in order on each of {0:line}` with their numbers."""
    return "; ".join(clause.format(_Count(n)) for clause, n in tallies.items() if n)


class _Count(int):
    """A number that is formatted with its noun, as `{0:line}` or `{0:basket of/baskets of}`."""

    def __format__(self, noun: str) -> str:
        one, _, several = noun.partition("/")
        return counted(int(self), one, several)
