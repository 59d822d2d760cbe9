"""Items by their titles, as a person types them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from penchant.errors import UnknownIdError

if TYPE_CHECKING:
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender

_SHOWN = 10
_YEAR = re.compile(r"\s*\(\d{4}\)\s*$")
_ARTICLE = re.compile(r"^(.*), (the|a|an)$", re.DOTALL)


def spoken(title: str) -> str:
    """A title as one says it: `Terminator, The (1984)` becomes `the terminator`."""
    text = _YEAR.sub("", title).casefold()
    if match := _ARTICLE.match(text):
        return f"{match[2]} {match[1]}"
    return text


_WAYS: tuple[Callable[[str, str], bool], ...] = (
    lambda title, wish: title == wish,
    lambda title, wish: title.casefold() == wish.casefold(),
    lambda title, wish: spoken(title) == wish.casefold(),
    lambda title, wish: (
        title.casefold().startswith(wish.casefold()) or spoken(title).startswith(wish.casefold())
    ),
    lambda title, wish: wish.casefold() in title.casefold() or wish.casefold() in spoken(title),
)


def find_title(titles: Sequence[str], wish: str) -> int:
    """The position of the one title that fits: wholly, else at its start, else somewhere.

    Raises:
        UnknownIdError: none fits, or several fit equally well; the sentence lists them.
    """
    wish = wish.strip()
    for way in _WAYS if wish else ():
        found = [n for n, title in enumerate(titles) if way(title, wish)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = "; ".join(titles[n] for n in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise UnknownIdError(
                f"{len(found)} titles fit {wish!r}, write more of the one you mean: {listed}{more}."
            )
    raise UnknownIdError(f"No title fits {wish!r}.")


def items_of_titles(model: Recommender, wishes: Sequence[str]) -> list[Id]:
    """The ids of the items with these titles.

    Raises:
        UnknownIdError: the model knows no titles, or a title fits none or several.
    """
    import numpy as np

    from penchant.data.dataset import titles_of

    table = model.item_table_
    if table is None or "title" not in table.columns:
        raise UnknownIdError(
            "This model knows no titles, because its log had none: give ids with --items."
        )
    titles = titles_of(model.items_, table, np.arange(len(model.items_)))
    return [model.items_[find_title(titles, wish)] for wish in wishes]
