"""Refuse what is given in the place of a log or of one user, before it is worked on."""

from __future__ import annotations

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError, ParameterError


def require_log(given: object) -> None:
    """Refuse what is no log, above all a frame.

    Raises:
        DataError: it is none.
    """
    if not isinstance(given, Dataset):
        raise DataError(
            f"This is for a log, and a {type(given).__name__} is none: read a file or frame with "
            "pn.read or pn.Dataset.from_frame first, and of a split give its log."
        )


def require_one_user(user: Histories) -> None:
    """Refuse histories of several users where only one can be explained.

    Raises:
        ParameterError: there is more than one user, or none.
    """
    if len(user) != 1:
        raise ParameterError("Contributions are computed for one user at a time.")
