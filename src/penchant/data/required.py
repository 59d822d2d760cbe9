"""Refuse what is given in the place of a log, before it is worked on."""

from __future__ import annotations

from penchant.data.dataset import Dataset
from penchant.errors import DataError


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
