"""Recommenders that others wrote, by the place of their class: `package.module:Class`.

A class is imported when somebody asks for it by `import_model`, and never because a text, such as
that of a bundle, names it.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeGuard

from penchant.errors import ParameterError

if TYPE_CHECKING:
    from penchant.models.base import Recommender

_PLACE = re.compile(r"\s*(?P<module>[^:;,=()]+?)\s*:\s*(?P<name>[A-Za-z_]\w*)\s*(?::(?P<rest>.*))?")
_BASE_MODELS = re.compile(r"base_models=\(?([^)]*)\)?")
_imported: dict[str, type[Recommender]] = {}


def divide(spec: str) -> tuple[str, str] | None:
    """The place of a class and its parameters in a model's text; None where it names no class.

    `package.module:Class:l2=3` gives `package.module:Class` and `l2=3`.
    """
    match = _PLACE.fullmatch(spec)
    return None if match is None else (f"{match['module']}:{match['name']}", match["rest"] or "")


def places_in(spec: str) -> list[str]:
    """The places of classes that a model's text names, base models among them."""
    inner = [part for text in _BASE_MODELS.findall(spec) for part in text.split(";")]
    return [divided[0] for part in (spec, *inner) if (divided := divide(part))]


def imported(place: str) -> type[Recommender]:
    """A class that `import_model` has imported.

    Raises:
        ParameterError: it has not.
    """
    if place not in _imported:
        raise ParameterError(
            f"{place} is a class outside of penchant, and nothing is imported unasked: ask for it "
            f"by penchant.models.import_model({place!r}) first, or by -m on the command line."
        )
    return _imported[place]


def place_of(cls: type[Recommender]) -> str | None:
    """The place by which a class was imported; None for others."""
    return next((place for place, one in _imported.items() if one is cls), None)


def import_model(place: str) -> type[Recommender]:
    """Import the class of a recommender, which runs the module that defines it.

    Afterwards `make` knows the place, too.

    Args:
        place: `package.module:Class` of something installed, or `path/to/file.py:Class`. A module
            is looked for where Python looks, which is not the working folder.

    Raises:
        ParameterError: there is no such module or class, importing fails, or the class is no
            Recommender or defines not all that one needs.
    """
    divided = divide(place)
    if divided is None or divided[1]:
        raise ParameterError(f"{place!r} is no place of a class, such as package.module:Class.")
    module_name, _, name = divided[0].partition(":")
    module = _file(module_name) if module_name.endswith(".py") else _module(module_name, name)
    cls = getattr(module, name, None)
    if cls is None:
        own = [n for n, c in vars(module).items() if _is_model(c) and not inspect.isabstract(c)]
        hint = f"its recommenders are {', '.join(own)}" if own else "it has no recommender at all"
        raise ParameterError(f"{module_name} has no class {name!r}: {hint}.")
    if not _is_model(cls):
        raise ParameterError(
            f"{divided[0]} is no Recommender: derive the class from penchant.Recommender "
            "(docs/adding-a-model.md)."
        )
    if inspect.isabstract(cls):
        lacking = " and ".join(sorted(cls.__abstractmethods__))
        raise ParameterError(f"{divided[0]} cannot be used, because it does not define {lacking}.")
    _imported[divided[0]] = cls
    return cls


def _is_model(value: object) -> TypeGuard[type[Recommender]]:
    from penchant.models.base import Recommender

    return isinstance(value, type) and issubclass(value, Recommender)


def _module(name: str, cls: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _failed(name, error) from error
        file = Path(*name.split(".")).with_suffix(".py")
        hint = f"name the file, as in {file}:{cls}" if file.is_file() else "install it"
        raise ParameterError(
            f"There is no module {name!r} where Python looks for modules, which is not the working "
            f"folder: {hint}, or see 'penchant models' for those of penchant."
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _failed(name, error) from error


def _file(name: str) -> ModuleType:
    path = Path(name).resolve()
    if not path.is_file():
        raise ParameterError(f"There is no file {name!r} to take a class from.")
    unique = f"penchant_model_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(unique, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module  # annotations of a class are looked up there
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[unique]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _failed(name, error) from error
    return module


def _failed(name: str, error: BaseException) -> ParameterError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return ParameterError(f"Importing {name} fails ({reason[:200]}): mend it, or leave it out.")
