"""`penchant index`: an index of a bundle's items, for large catalogues."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.bundle_options import ClassOptions
from penchant.cli.command import command
from penchant.cli.run_context import Session
from penchant.errors import ParameterError

logger = logging.getLogger(__name__)


@command
def index(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    recall: Annotated[
        float,
        typer.Option(help="Share of the items of exact lists that lists by the index are to have."),
    ] = 0.98,
    k: Annotated[int, typer.Option("-k", min=1, help="Items in these lists.")] = 10,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the index from the bundle.", show_default=False)
    ] = False,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """Add an index of items to a bundle, with which lists of large catalogues are made faster."""
    from penchant.bundle import save
    from penchant.retrieval import build_index, detach, facts_of, forget

    model = class_options.restore(folder)
    facts = None
    if not remove:
        facts = build_index(model, recall=recall, k=k, run=session.run)
    elif facts_of(model) is None:
        raise ParameterError(f"The bundle {str(folder)!r} has no index to remove.")
    else:
        detach(model)
        forget(model)
    save(model, folder, overwrite=True)
    if session.json:
        session.reply({"bundle": str(folder), "index": facts and facts.model_dump()})
        return
    print(facts or "The index is removed.")
    if facts is not None and not facts.pays(1, 1):
        logger.warning("Exact search is faster here, so that lists will be made by it.")
