"""Studies are written on the public API alone."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import penchant
from penchant import studies

ROOT = Path(studies.__file__).parent


def library_imports(file):
    """(module, name) of everything that a file imports from the library but for studies."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((a.name, None) for a in node.names if a.name.startswith("penchant."))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module.split(".")[0] == "penchant" and not module.startswith("penchant.studies"):
                yield from ((module, alias.name) for alias in node.names)


def is_public(module, name):
    """Whether a name is in a package's `__all__`, or of a single module at the top."""
    if name is None:
        return False
    if (module, name) == ("penchant", "studies"):
        return True
    found = importlib.import_module(module)
    if hasattr(found, "__path__"):
        return name in found.__all__
    return module.count(".") == 1 and not name.startswith("_")


@pytest.mark.parametrize(
    "file", sorted(ROOT.rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT.parent))
)
def test_studies_import_public_names_alone(file):
    inner = [use for use in library_imports(file) if not is_public(*use)]
    assert inner == []


def test_the_rule_refuses_inner_modules_and_private_names():
    assert is_public("penchant.data", "Holdout")
    assert is_public("penchant.run", "Run")
    assert not is_public("penchant.data.holdout", "Holdout")
    assert not is_public("penchant.run", "_hidden")
    assert not is_public("penchant.data", "holdout")
    assert not is_public("penchant.data.holdout", None)


def test_exported_names_are_there():
    packages = [m.name for m in pkgutil.walk_packages(penchant.__path__, "penchant.") if m.ispkg]
    for package in map(importlib.import_module, packages):
        missing = [n for n in getattr(package, "__all__", ()) if not hasattr(package, n)]
        assert missing == [], package.__name__
