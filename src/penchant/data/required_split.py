"""Refuse what is given in the place of a split, before it is worked on."""

from __future__ import annotations

from penchant.data.splits import Split
from penchant.errors import DataError


def require_split(given: object) -> None:
    """Refuse what is no split, such as a log or a frame.

    Raises:
        DataError: it is none.
    """
    if not isinstance(given, Split):
        raise DataError(
            f"This is for a split, and a {type(given).__name__} is none: make one of a log with "
            "pn.split_per_user or its like, or of frames with pn.split_predefined."
        )
