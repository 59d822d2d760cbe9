"""Nothing that runs is found in the working folder."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import penchant
from penchant.data.fetching.wheel import run_pip
from penchant.errors import DownloadError

ROOT = Path(penchant.__file__).parent
STARTS = {"run", "Popen", "call", "check_call", "check_output", "getoutput", "system", "popen"}
KNOWN = {"data/fetching/wheel.py": 1, "data/reading/parquet.py": 1, "nn/per_user/worker.py": 1}


def starts_of_programs(file):
    """The calls in a file that start another program."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, name = node.func.value, node.func.attr
            is_start = name in STARTS or name.startswith(("spawn", "exec"))
            if isinstance(owner, ast.Name) and owner.id in ("subprocess", "os") and is_start:
                yield node


def test_all_programs_that_are_started_are_known():
    found = {
        str(file.relative_to(ROOT)): n
        for file in ROOT.rglob("*.py")
        if (n := len(list(starts_of_programs(file))))
    }
    assert found == KNOWN


@pytest.mark.parametrize("file", KNOWN)
def test_python_does_not_look_in_the_working_folder(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert '[sys.executable, "-P", ' in text
    assert text.count("sys.executable, ") == 1


def test_a_pip_of_the_working_folder_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text("open('started', 'w')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DownloadError):
        run_pip(["no-such-command"])
    assert not (tmp_path / "started").exists()
