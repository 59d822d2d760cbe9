"""Options that say how a bundle is restored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from penchant.models.base import Recommender


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
