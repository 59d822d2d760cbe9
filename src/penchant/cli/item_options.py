"""Which items may be listed: the options, and the items that they leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.ids import IDS, resolve_ids
from penchant.data.repeats import Repeats
from penchant.errors import ParameterError

if TYPE_CHECKING:
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender


@dataclass(frozen=True)
class ItemChoice:
    """The items that may be listed; fields are arguments of `Recommender.recommend`."""

    repeats: Repeats = "excluded"
    candidates: list[Id] | None = None
    exclude: list[Id] | None = None


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

    def of(self, model: Recommender) -> ItemChoice:
        """The choice among the items that a model knows.

        Raises:
            UnknownIdError: the model knows none of the candidates or of the excluded items.
            ParameterError: there is no candidate, or all are excluded.
            DataError: a file of ids cannot be read.
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
        return ItemChoice(repeats=self.repeats, candidates=candidates, exclude=exclude)
