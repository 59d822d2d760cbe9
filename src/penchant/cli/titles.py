"""Items by their titles, as a person types them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from penchant.errors import UnknownIdError
from penchant.wording import folded, spoken

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender

_SHOWN = 10
_MATCHERS: tuple[Callable[[str, str], bool], ...] = (
    lambda title, query: title == query,
    lambda title, query: title.casefold() == query.casefold(),
    lambda title, query: spoken(title) == query.casefold(),
    lambda title, query: (
        title.casefold().startswith(query.casefold()) or spoken(title).startswith(query.casefold())
    ),
    lambda title, query: query.casefold() in title.casefold() or query.casefold() in spoken(title),
    lambda title, query: folded(query) in (folded(title), folded(spoken(title))),
    lambda title, query: (
        folded(title).startswith(folded(query)) or folded(spoken(title)).startswith(folded(query))
    ),
    lambda title, query: folded(query) in folded(title) or folded(query) in folded(spoken(title)),
)


def find_title(titles: Sequence[str], query: str, ids: pl.Series | None = None) -> int:
    """The position of the one title that fits: wholly, else at its start, else somewhere.

    Args:
        titles: of all items.
        query: a title, or a part of one.
        ids: of the items, which tell those apart that have one title.

    Raises:
        UnknownIdError: none fits, or several fit equally well; the sentence lists them.
    """
    query = query.strip()
    for matches in _MATCHERS if query else ():
        positions = [n for n, title in enumerate(titles) if matches(title, query)]
        if len(positions) == 1:
            return positions[0]
        if positions:
            listed = "; ".join(
                titles[n] if ids is None else f"{titles[n]} ({ids[n]})" for n in positions[:_SHOWN]
            )
            more = f" and {len(positions) - _SHOWN} more" if len(positions) > _SHOWN else ""
            raise UnknownIdError(
                f"{len(positions)} titles fit {query!r}, write more of the one you mean, or give "
                f"its id with --items: {listed}{more}."
            )
    raise UnknownIdError(
        f"No title fits {query!r}: write less of it, or give the item's id with --items."
    )


def items_of_titles(model: Recommender, queries: Sequence[str]) -> list[Id]:
    """The ids of the items with these titles.

    Raises:
        UnknownIdError: the model knows no titles, or a title fits none or several.
    """
    import numpy as np

    from penchant.data.tables import titles_of

    table = model.item_table_
    if table is None or "title" not in table.columns:
        raise UnknownIdError(
            "This model knows no titles, because its log had none: give ids with --items."
        )
    titles = titles_of(model.items_, table, np.arange(len(model.items_)))
    return [model.items_[find_title(titles, query, model.items_.ids)] for query in queries]
