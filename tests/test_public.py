from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import penchant


def test_all_is_sorted_and_every_name_is_there():
    assert penchant.__all__ == sorted(penchant.__all__)
    assert set(penchant.__all__) <= set(dir(penchant))


@pytest.mark.parametrize("name", penchant.__all__)
def test_name(name):
    assert getattr(penchant, name) is not None


def test_every_lazy_name_is_public():
    assert set(penchant._HOMES) | {"__version__", "metrics", "models"} == set(penchant.__all__)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="'penchant' has no attribute 'recommend'"):
        _ = penchant.recommend


def test_functions_stay_functions_when_modules_of_their_name_are_imported():
    code = (
        "import penchant.evaluation, penchant.explanation, penchant.exploration.log_exploration\n"
        "from penchant.evaluation import Evaluation\n"
        "print([type(f).__name__ for f in "
        "(penchant.evaluation, penchant.explanation, penchant.exploration.log_exploration)])"
    )
    assert run(code) == "['function', 'function', 'function']\n"
    assert isinstance(penchant.models, ModuleType)


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
