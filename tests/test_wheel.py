"""The wheel has everything that the package needs, outside the checkout as well."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
TITLES = [
    "Star Wars (1977)",
    "Empire Strikes Back, The (1980)",
    "Alien (1979)",
    "Blade Runner (1982)",
    "Terminator, The (1984)",
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("dist")
    # Built from a copy, so that nothing of the checkout's own build folders gets into it.
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "src", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("the project is no checkout of git")
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            copy = source / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-P", "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run(
        [*command, "--outdir", folder, source], check=True, capture_output=True, cwd=folder
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Python of a fresh environment: the wheel is installed, what it depends on is borrowed."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False)
    program = home / "bin" / "python"
    command = [sys.executable, "-P", "-m", "pip", "--python", program, "install", "--no-deps"]
    subprocess.run(
        [*command, "--no-index", wheel],
        check=True, capture_output=True, cwd=home, env=outside_the_checkout(),
    )  # fmt: skip
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return program


def outside_the_checkout() -> dict[str, str]:
    """The environment without a path to the sources."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def release(folder: Path) -> Path:
    """A small log in the form of MovieLens 100K, with the films that the demonstration names."""
    folder = folder / "movielens-100k"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    titles = TITLES + [f"Film {n} (1990)" for n in range(len(TITLES), 60)]
    events = [
        f"{user}\t{item + 1}\t{rng.integers(1, 6)}\t{881250949 + n}"
        for user in range(1, 61)
        for n, item in enumerate(rng.choice(len(titles), 25, replace=False))
    ]
    (folder / "u.data").write_text("\n".join(events) + "\n")
    flags = "|".join("1" if n == 5 else "0" for n in range(19))
    films = (f"{n}|{title}|01-Jan-1990||x|{flags}" for n, title in enumerate(titles, 1))
    (folder / "u.item").write_text("\n".join(films) + "\n")
    users = (f"{user}|30|F|writer|12345" for user in range(1, 61))
    (folder / "u.user").write_text("\n".join(users) + "\n")
    return folder.parent


def test_the_wheel_holds_the_package_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    source = ROOT / "src"
    wanted = {
        str(path.relative_to(source))
        for path in (source / "penchant").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert wanted <= set(names)
    metadata = f"{wheel.name.partition('-py3')[0]}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"penchant", metadata}


@pytest.mark.slow
def test_it_runs_the_demonstration_outside_the_checkout(python, tmp_path):
    environment = outside_the_checkout() | {
        "PENCHANT_CACHE": str(tmp_path / "cache"),
        "NUMBA_DISABLE_JIT": "1",  # for so small a log, compiling takes longer than all the rest
    }
    where = "import penchant; print(penchant.__file__)"
    place = subprocess.run(
        [python, "-P", "-c", where], capture_output=True, text=True, check=True, env=environment
    )
    assert Path(place.stdout.strip()).is_relative_to(python.parents[1])
    done = subprocess.run(
        [python.with_name("penchant"), "demo", "--mirror", release(tmp_path), "--offline"],
        cwd=tmp_path, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "For user 42" in done.stdout
    assert (tmp_path / "out" / "demo" / "report.html").stat().st_size > 50_000
    assert (tmp_path / "out" / "demo" / "bundle" / "manifest.json").exists()
