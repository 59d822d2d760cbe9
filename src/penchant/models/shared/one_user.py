"""Refuse several users where one is explained."""

from __future__ import annotations

from penchant.data.histories import Histories
from penchant.errors import ParameterError


def require_one_user(user: Histories) -> None:
    """Refuse histories of several users where only one can be explained.

    Raises:
        ParameterError: there is more than one user, or none.
    """
    if len(user) != 1:
        raise ParameterError("Contributions are computed for one user at a time.")
