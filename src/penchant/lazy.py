"""Packages that export names of their modules without importing these before a name is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def exporter(package: str, exports: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose modules are imported when a name is first used.

    Args:
        package: its `__name__`.
        exports: where each name is, as `module` or, under another name there, `module:name`.
    """

    def getter(name: str) -> Any:
        if name not in exports:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, original = exports[name].partition(":")
        return getattr(importlib.import_module(f"{package}.{module}"), original or name)

    return getter
