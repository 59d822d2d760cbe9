"""Published recommender systems, each reproduced as published and honestly.

A study is one module and one line in `TABLE`; see `penchant.studies.study` for its parts.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from penchant.errors import ParameterError
from penchant.wording import nearest

if TYPE_CHECKING:
    from penchant.studies.study import Study

TABLE: dict[str, str] = {
    "movies": "penchant.studies.movies.study",
    "books": "penchant.studies.books.study",
    "music": "penchant.studies.music.study",
    "fashion": "penchant.studies.fashion.study",
}
"""Each study's name and the module it is in."""

__all__ = ["TABLE", "find"]


def find(name: str) -> Study:
    """A study by its name in the table; only then is it imported.

    Raises:
        ParameterError: there is no such study; the sentence names what there is.
    """
    if name not in TABLE:
        close = nearest(name, TABLE)
        known = f"known are {', '.join(TABLE)}." if TABLE else "this version has none."
        hint = f"did you mean {close}?" if close else known
        raise ParameterError(f"There is no study {name!r}: {hint}")
    return cast("Study", importlib.import_module(TABLE[name]))
