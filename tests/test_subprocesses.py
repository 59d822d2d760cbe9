"""Nothing that runs is found in the working folder."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import penchant
from penchant.data.fetching.wheel import run_pip
from penchant.errors import DownloadError
from penchant.nn.per_user.worker import COMMAND, _worker_environment

ROOT = Path(penchant.__file__).parent
KNOWN = {
    "data/fetching/wheel.py": ["run"],
    "data/reading/parquet.py": ["run"],
    "data/reading/excel.py": ["run"],
    "nn/per_user/worker.py": ["Popen"],
}
STARTS = {
    "subprocess": ("Popen", "call", "check_", "get", "run"),
    "os": ("exec", "fork", "popen", "posix_spawn", "spawn", "startfile", "system"),
    "pty": ("fork", "spawn"),
    "asyncio": ("create_subprocess",),
    "runpy": ("run_",),
    "webbrowser": ("open", "get"),
    "ctypes.util": ("find_library",),  # runs compilers that it finds on the path
    "multiprocessing": ("",),  # starts Python without -P unless it was itself started so
    "concurrent.futures": ("ProcessPoolExecutor",),
    "concurrent.futures.process": ("",),
    "joblib": ("",),
    "distutils": ("",),
}
"""Modules and beginnings of names in them with which programs are started."""
NAMED = re.compile(rf"\b({'|'.join(name.partition('.')[0] for name in STARTS)})\b")


def starts(tree: ast.AST) -> list[tuple[str, ast.Call | None]]:
    """What a file has that starts programs: names of functions, and their calls where they are.

    Modules and functions are followed through `import a as b` and `from a import b as c`, and
    each mention counts, whether it is called or handed on.
    """
    modules: dict[str, str] = {}
    functions: dict[str, str] = {}
    mentioned: list[tuple[str, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                top = name.name.partition(".")[0]
                modules[name.asname or top] = name.name if name.asname else top
                mentioned += [(n, ast.Constant(n)) for n in [name.name] if is_start(n, "")]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                functions[name.asname or name.name] = f"{node.module}.{name.name}"
                modules[name.asname or name.name] = f"{node.module}.{name.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = dotted(node.value)
            head, _, rest = owner.partition(".")
            module = ".".join(filter(None, [modules.get(head, head), rest]))
            if is_start(module, node.attr):
                mentioned.append((node.attr, node))
        elif isinstance(node, ast.Name) and node.id in functions:
            module, _, name = functions[node.id].rpartition(".")
            if is_start(module, name):
                mentioned.append((name, node))
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return [(name, calls.get(id(node))) for name, node in mentioned if not is_harmless(node)]


def dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression, an empty text for others."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def is_start(module: str, name: str) -> bool:
    return any(name.startswith(prefix) for prefix in STARTS.get(module, ()))


def is_harmless(node: ast.expr) -> bool:
    """Whether it is a type or a constant of `subprocess`, and not a function."""
    return isinstance(node, ast.Attribute) and node.attr in (
        "CalledProcessError",
        "CompletedProcess",
    )


def test_all_programs_that_are_started_are_known():
    found = {}
    for file in ROOT.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if not NAMED.search(text):  # parsing all files takes seconds
            continue
        if names := [name for name, _ in starts(ast.parse(text))]:
            found[file.relative_to(ROOT).as_posix()] = names
    assert found == KNOWN


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess\nsubprocess.run(['ls'])",
        "import subprocess as s\ns.Popen(['ls'])",
        "from subprocess import check_output as c\nc(['ls'])",
        "from subprocess import run\nf = run",
        "import os\nos.system('ls')",
        "from os import execv\nexecv('a', [])",
        "import asyncio\nasyncio.create_subprocess_exec('ls')",
        "import multiprocessing",
        "from multiprocessing import Pool\nPool()",
        "import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor()",
        "from concurrent import futures\nfutures.ProcessPoolExecutor()",
        "import webbrowser\nwebbrowser.open('x')",
    ],
)
def test_whatever_starts_a_program_is_found(text):
    assert NAMED.search(text)
    assert starts(ast.parse(text))


@pytest.mark.parametrize("file", KNOWN)
def test_python_does_not_look_in_the_working_folder(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    lists = [
        [ast.unparse(part) for part in node.elts[:2]]
        for node in ast.walk(tree)
        if isinstance(node, ast.List) and "sys.executable" in map(ast.unparse, node.elts)
    ]
    assert lists == [["sys.executable", "'-P'"]]
    for _, call in starts(tree):
        assert call is not None
        assert "shell" not in {keyword.arg for keyword in call.keywords}


def test_a_pip_of_the_working_folder_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text("open('started', 'w')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DownloadError):
        run_pip(["no-such-command"])
    assert not (tmp_path / "started").exists()


def test_a_worker_does_not_import_from_the_working_folder(tmp_path):
    for name in ("torch", "numpy", "penchant"):
        (tmp_path / f"{name}.py").write_text("open('started', 'w')\nraise SystemExit")
    done = subprocess.run(
        [sys.executable, "-P", "-c", COMMAND],
        cwd=tmp_path,
        env=_worker_environment(),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0
    assert not (tmp_path / "started").exists()
