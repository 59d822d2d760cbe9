"""Which items may be listed: the options, and the items that they leave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.ids import IDS, resolve_ids
from penchant.errors import ParameterError
from penchant.repeats import Repeats

if TYPE_CHECKING:
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender
    from penchant.rules import BoundRules
    from penchant.typing import Int32


@dataclass(frozen=True)
class ItemChoice:
    """The items that may be listed; fields are arguments of `penchant.recommend`."""

    repeats: Repeats = "excluded"
    candidates: list[Id] | None = None
    exclude: list[Id] | None = None
    rules: BoundRules | None = None

    def indices(self, model: Recommender) -> Int32 | None:
        """int32[n], the items that anybody may be shown; None for all."""
        chosen = model.items_.selection(self.candidates, self.exclude)
        return chosen if self.rules is None else self.rules.candidates(chosen)

    @property
    def why_none(self) -> dict[str, str]:
        """Why nothing is listed where something is left, as `empty_lists` takes it."""
        if self.rules is None:
            return {}
        from penchant.rules.lists import NONE_LEFT

        return {"otherwise": NONE_LEFT}


@dataclass(frozen=True)
class ItemOptions:
    """The options that say which items may be listed."""

    repeats: Annotated[
        Repeats,
        typer.Option(help="Whether lists may hold what a user has had, or nothing else."),
    ] = "excluded"
    candidates: Annotated[
        list[str] | None, typer.Option(help=f"List these items only: {IDS}.", show_default=False)
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Leave these items out, such as what is out of stock: {IDS}.", show_default=False
        ),
    ] = None

    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Rules of what lists may hold and in which order: TOML, or a table of items with "
            "columns such as exclude, stock and boost.",
            show_default=False,
        ),
    ] = None

    def of(self, model: Recommender) -> ItemChoice:
        """The choice among the items that a model knows.

        Raises:
            UnknownIdError: the model knows none of the candidates or of the excluded items.
            ParameterError: there is no candidate, or all are excluded, or rules are impossible.
            DataError: a file of ids or rules cannot be read, or lacks a column.
        """
        candidates = exclude = None
        if self.candidates is not None:
            candidates = resolve_ids(model.items_, self.candidates, "candidates")
            if not candidates:
                raise ParameterError("--candidates gives no id: name the items to choose from.")
        if self.exclude is not None:
            exclude = resolve_ids(model.items_, self.exclude, "items to exclude")
            if not set(model.items_.ids if candidates is None else candidates) - set(exclude):
                raise ParameterError("--exclude leaves no item to choose from.")
        rules = None
        if self.rules is not None:
            from penchant.rules import Rules, bind

            rules = bind(Rules.read(self.rules), model)
        return ItemChoice(self.repeats, candidates, exclude, rules)
