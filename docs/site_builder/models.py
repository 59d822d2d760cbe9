"""The reference of models: sections of a family, and a table of parameters for each."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from penchant.models.parameters import Parameter, parameters_of
from penchant.models.table import TABLE, find, name_of


def family_of(name: str) -> str:
    """The folder or file of `penchant.models` that a model of the table is in, such as `linear`."""
    return TABLE[name].partition(":")[0].partition(".")[0]


def models_of(families: str) -> str:
    """MyST with a section for each model of families, such as `linear graph`."""
    wanted = families.split()
    return "\n\n".join(_section(name) for name in TABLE if family_of(name) in wanted)


def _section(name: str) -> str:
    place = f"penchant.models.{find(name).__name__}"
    return f"## {name}\n\n```{{eval-rst}}\n.. autoclass:: {place}\n```"


def add_parameters(
    app: object, what: str, name: str, obj: Any, options: object, lines: list[str]
) -> None:
    """Add, in place, a table of hyper-parameters to the docstring of a model of the table."""
    if what != "class" or not isinstance(obj, type) or (known := name_of(obj)) is None:
        return
    lines += ["", f"`{known}` on the command line and for `make`, with these values:", ""]
    lines += [
        ".. list-table::",
        "   :header-rows: 1",
        "   :align: left",
        "   :class: parameters",
        "",
    ]
    rows = [("name", "type", "default", "allowed", "tuned over")]
    rows += [_row(parameter) for parameter in parameters_of(obj).values()]
    for row in rows:
        lines += [f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
    lines.append("")


def _row(parameter: Parameter) -> tuple[str, ...]:
    space = parameter.space
    tuned = f"{space.low:g} to {space.high:g}{', log' * space.log}" if space else ""
    default = f"`{parameter.default}`" if str(parameter.default) else "empty"
    return f"`{parameter.name}`", f"`{parameter.type_name}`", default, _bounds(parameter), tuned


def _bounds(parameter: Parameter) -> str:
    extras = getattr(parameter.type, "__metadata__", ())
    bounds = [b for e in extras if isinstance(e, FieldInfo) for b in e.metadata]
    texts = []
    for bound in bounds:
        match bound:
            case Ge(value):
                texts.append(f"at least {value:g}")
            case Gt(value):
                texts.append(f"above {value:g}")
            case Le(value):
                texts.append(f"at most {value:g}")
            case Lt(value):
                texts.append(f"below {value:g}")
    return ", ".join(texts)
