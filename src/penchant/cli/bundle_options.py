"""Options that say how a bundle is restored."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from penchant.models.base import Recommender

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClassOptions:
    """The class of a bundle's model where it is not one of penchant's."""

    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="PLACE",
            help="The class of the bundle's model where it is not penchant's, which is imported: "
            "package.module:Class or path/to/file.py:Class; again for base models.",
            show_default=False,
        ),
    ] = None

    def restore(self, folder: Path) -> Recommender:
        """The model of a bundle; nothing is imported that was not named.

        Raises:
            BundleError: there is none, or its class is neither penchant's nor named.
            ParameterError: a named class cannot be imported.
        """
        from penchant.bundle import restore
        from penchant.models import import_model

        return restore(folder, model=[import_model(place) for place in self.model or ()])


def choose_search(model: Recommender, *, exact: bool) -> None:
    """Say that lists are made by the index of a model, if it has one, or leave the index out."""
    from penchant.retrieval import detach, retriever_of

    if exact:
        detach(model)
    elif (retriever := retriever_of(model)) is not None:
        logger.info(f"{retriever.facts} With --exact, lists are made without it.")
