"""`penchant models`: the table of names with parameters, defaults and tuning ranges."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.command import command
from penchant.cli.run_context import Session

if TYPE_CHECKING:
    from penchant.models.parameters import Parameter


@command
def models(
    *,
    name: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which ones; all by default.")
    ] = None,
    session: Session,
) -> None:
    """List the recommenders and their parameters."""
    from penchant.models import TABLE

    described = [_describe(each) for each in name or TABLE]
    if session.json:
        session.reply(described)
        return
    from rich.text import Text

    for model in described:
        session.console.print(Text(model["name"], style="bold"), Text(model["about"]), sep="  ")
        for parameter in model["parameters"]:
            tried = parameter["tuned_over"]
            over = f"  tuned from {tried['low']:g} to {tried['high']:g}" if tried else ""
            scale = " (log)" if tried and tried["log"] else ""
            line = f"    {parameter['name']}={parameter['default']}  {parameter['type']}"
            session.console.print(Text(line), Text(over + scale, style="dim"), sep="")


def _describe(name: str) -> dict[str, Any]:
    from penchant.models import TABLE, find, import_model
    from penchant.models.parameters import parameters_of

    cls = import_model(name) if name not in TABLE and ":" in name else find(name)
    return {
        "name": name,
        "about": (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " "),
        "signal": cls.signal,
        "needs_ratings": cls.needs_ratings,
        "baseline_for": sorted(cls.baseline_for),
        "parameters": [_parameter(each) for each in parameters_of(cls).values()],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    space, default = parameter.space, parameter.default
    plain = default if isinstance(default, bool | int | float | str | None) else str(default)
    return {
        "name": parameter.name,
        "type": parameter.type_name,
        "default": plain,
        "tuned_over": space and {"low": space.low, "high": space.high, "log": space.log},
    }
