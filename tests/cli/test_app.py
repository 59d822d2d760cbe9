from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest
import typer

import penchant.cli
from penchant.cli.app import COMMANDS, app

HEAVY = ("torch", "polars", "matplotlib", "scipy", "numpy", "rich.console")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_help_names_every_command(call):
    result = call("--help")
    assert result.exit_code == 0
    for name in ("fetch", "explore", "compare", "train", "recommend", "demo", "models"):
        assert name in COMMANDS
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_answers_programs(call, name):
    result = call(name, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert "--quiet" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    # typer checks choices with pydantic.
    [(["--help"], (*HEAVY, "pydantic")), (["compare", "--help"], HEAVY)],
)
def test_help_imports_nothing_heavy(arguments, heavy):
    code = f"""
import sys
from penchant.cli.app import app
try:
    app({arguments!r})
except SystemExit:
    pass
print("HEAVY", [name for name in {heavy!r} if name in sys.modules])
"""
    assert python(code).endswith("HEAVY []\n")


def test_the_table_has_every_command_and_says_what_each_says_of_itself():
    commands = typer.main.get_command(app).commands
    assert {name: c.get_short_help_str(200) for name, c in commands.items()} == COMMANDS
    functions = set()
    for module in pkgutil.iter_modules(penchant.cli.__path__):
        source = importlib.import_module(f"penchant.cli.{module.name}")
        if "@command\ndef " in inspect.getsource(source):
            functions.add(module.name.replace("_", "-"))
    assert functions == set(COMMANDS)


def test_version(call):
    from importlib.metadata import version

    assert call("--version").stdout == f"penchant {version('penchant')}\n"


def test_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "penchant", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("penchant ")


def test_a_mistyped_command_gets_a_hint(call):
    result = call("comparr", "x")
    assert result.exit_code == 2
    assert "Did you mean 'compare'?" in result.stderr
