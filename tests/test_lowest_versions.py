from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pinned(file: str) -> dict[str, str]:
    """The versions that a file of constraints names, under normalised names."""
    lines = (ROOT / file).read_text().splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pins}


def floors(*extras: str) -> dict[str, str]:
    """The lowest versions that the package and the extras, without what these include, allow."""
    optional = PROJECT["optional-dependencies"]
    stated = [*PROJECT["dependencies"], *(line for extra in extras for line in optional[extra])]
    lowest = {}
    for requirement in map(Requirement, stated):
        if requirement.name == "penchant":
            lowest |= floors(*requirement.extras)
        else:
            (specifier,) = requirement.specifier
            assert specifier.operator == ">=", requirement
            lowest[canonicalize_name(requirement.name)] = specifier.version
    return lowest


def test_the_lowest_versions_that_are_tested_are_those_that_are_stated() -> None:
    pins = pinned("constraints-lowest.txt")
    stated = floors("all", "test")
    assert stated.pop("torch")  # stays as it is
    assert len(stated) > 40
    # 1.20 is tested by 1.20.1 where no 1.20.0 is published.
    differing = {
        name: (floor, pins.get(name))
        for name, floor in stated.items()
        if not f"{pins.get(name)}.".startswith(f"{floor}.")
    }
    assert not differing, "pyproject.toml states the first, constraints-lowest.txt has the second"
