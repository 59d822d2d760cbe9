"""The option that writes results as runs of MLflow."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from penchant.run import Run

MLflowURI = Annotated[
    str | None,
    typer.Option(
        "--mlflow",
        metavar="URI",
        help="Write the result as runs of MLflow: the address of a tracking server, or a database "
        "such as sqlite:///mlflow.db. MLFLOW_EXPERIMENT_NAME names the experiment.",
        show_default=False,
    ),
]
"""Where runs of MLflow go, if anywhere."""


def with_mlflow(run: Run, uri: str | None) -> Run:
    """The run with a tracker that receives results, checked before long work.

    Raises:
        MissingExtraError: MLflow is not installed.
        PenchantError: there is no MLflow at the address.
    """
    if uri is None:
        return run
    from penchant.tracking import MLflowTracker

    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "penchant"
    return replace(run, on_result=(*run.on_result, MLflowTracker(uri, experiment)))
