"""`penchant export`: a bundle's model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.atomic_write import require_writable
from penchant.cli.bundle_options import ClassOptions
from penchant.cli.command import command
from penchant.cli.run_context import Session
from penchant.errors import ParameterError


@command
def export(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="MODEL",
            help="Write the model as .onnx, which answers histories, and its items' ids and titles "
            "beside it.",
            show_default=False,
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Items in a list of the .onnx.")] = 10,
    vectors: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the vectors of items and users as Parquet, for a vector database.",
            show_default=False,
        ),
    ] = None,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """Write a bundle's model as ONNX, checked to answer the same, or its vectors as tables."""
    if output is None and vectors is None:
        raise ParameterError(
            "Say what to write: the model with -o model.onnx, its vectors with --vectors FOLDER, "
            "or both."
        )
    if output is not None:
        require_writable(output, endings=(".onnx",))

    from penchant.export import export_onnx, export_vectors

    model = class_options.restore(folder)
    facts: dict[str, Any] = {"model": repr(model), "log": model.log_name_}
    for name, done in (
        ("onnx", output and export_onnx(model, output, k=k, run=session.run)),
        ("vectors", vectors and export_vectors(model, vectors, run=session.run)),
    ):
        if done:
            facts[name] = done.to_dict()
            if not session.json:
                print(done)
    if session.json:
        session.reply(facts)
