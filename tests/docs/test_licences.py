from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OF_DEVELOPERS = {"all", "dev", "docs", "test"}


def test_every_dependency_and_its_extras_are_listed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed: dict[str, set[str]] = {_name(line): set() for line in project["dependencies"]}
    for extra, lines in project["optional-dependencies"].items():
        if extra not in _OF_DEVELOPERS:
            for line in lines:
                needed.setdefault(_name(line), set()).add(extra)
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w-]+) \| ?(.*?) ?\| (.+) \|$", page, re.M)
    listed = {name: set(re.findall(r"`([\w-]+)`", extras)) for name, extras, _ in rows[1:]}
    assert listed == needed


def _name(line: str) -> str:
    return re.match(r"[\w.-]+", line)[0]  # type: ignore[index]
