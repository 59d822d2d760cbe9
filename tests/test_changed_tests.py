from __future__ import annotations

import subprocess
import sys

from support import changed_tests
from support.changed_tests import ROOT, neighbours_of


def test_a_file_has_its_neighbours_of_it():
    assert neighbours_of("src/penchant/data/splits.py") == ["tests/data/test_splits.py"]
    assert neighbours_of("tests/data/test_splits.py") == ["tests/data/test_splits.py"]
    assert "tests/contract/test_checks_can_fail.py" in neighbours_of("tests/support/stubs.py")
    assert neighbours_of("README.md") == neighbours_of("src/penchant/py.typed") == []


def test_a_file_without_a_neighbour_stands_for_its_folder(tmp_path):
    (tmp_path / "tests" / "nn").mkdir(parents=True)
    for name in ("test_loop.py", "test_losses.py", "conftest.py"):
        (tmp_path / "tests" / "nn" / name).touch()
    assert neighbours_of("src/penchant/nn/weights.py", tmp_path) == [
        "tests/nn/test_loop.py",
        "tests/nn/test_losses.py",
    ]


def test_the_program_prints_paths_that_exist():
    program = [sys.executable, changed_tests.__file__]
    printed = subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()
    assert all((ROOT / path).is_file() for path in printed)
