from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import penchant


def test_all_is_sorted_and_every_name_is_there():
    assert penchant.__all__ == sorted(penchant.__all__)
    assert set(penchant.__all__) <= set(dir(penchant))


@pytest.mark.parametrize("name", sorted(set(penchant.__all__) - {"__version__"}))
def test_every_name_is_what_it_is_called(name):
    value = getattr(penchant, name)
    assert name == getattr(value, "__name__", "").removeprefix("penchant.") or name == "Target"


def test_every_lazy_name_is_public():
    assert set(penchant._HOMES) | {"__version__", "metrics", "models"} == set(penchant.__all__)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="'penchant' has no attribute 'advise'"):
        _ = penchant.advise


def test_no_module_has_the_name_of_a_public_function():
    modules = {module.name for module in pkgutil.iter_modules(penchant.__path__)}
    assert modules & set(penchant.__all__) == {"metrics", "models"}


def test_import_costs_nothing():
    code = (
        "import sys, penchant\n"
        "print([m for m in ('torch', 'polars', 'matplotlib', 'numpy', 'pydantic') "
        "if m in sys.modules])"
    )
    assert run(code) == "[]\n"


def test_reading_a_log_does_not_import_torch():
    assert run("import sys, penchant; penchant.read; print('torch' in sys.modules)") == "False\n"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout
