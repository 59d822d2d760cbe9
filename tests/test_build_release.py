"""The same files give the same wheel and source distribution, byte for byte."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EPOCH = 1_700_000_000
PROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "little"
version = "0.2.0"
[tool.setuptools.packages.find]
where = ["src"]
"""


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("build_release", ROOT / "deploy/build_release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path):
    """A checkout of a little package."""
    folder = tmp_path / "checkout"
    (folder / "src" / "little").mkdir(parents=True)
    (folder / "src" / "little" / "__init__.py").write_text("X = 1\n")
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "README.md").write_text("# Little\n")
    (folder / "notes.txt").write_text("not of the package\n")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def test_two_builds_are_the_same(script, project, tmp_path):
    pytest.importorskip("build")
    first = script.build(project, tmp_path / "a", EPOCH)
    for path in project.rglob("*.py"):  # touched, as by another checkout
        os.utime(path)
        path.chmod(0o600)
    second = script.build(project, tmp_path / "b", EPOCH)
    assert first == second
    assert set(first) == {"little-0.2.0-py3-none-any.whl", "little-0.2.0.tar.gz"}
    with tarfile.open(tmp_path / "a" / "little-0.2.0.tar.gz") as archive:
        members = archive.getmembers()
    assert {(m.mtime, m.uid, m.gid, m.uname) for m in members} == {(EPOCH, 0, 0, "")}
    assert "little-0.2.0/src/little/__init__.py" in {m.name for m in members}
    assert not any("notes" in m.name for m in members)
    names = zipfile.ZipFile(tmp_path / "a" / "little-0.2.0-py3-none-any.whl").namelist()
    assert "little/__init__.py" in names
    assert script.build(project, tmp_path / "c", EPOCH + 2) != first


def test_links_lead_to_the_repository(script, project, tmp_path):
    pytest.importorskip("build")
    text = "[a [b]](docs/a.md#c) [d](https://d.org) [e](#e)\n![f](docs/f.png) [![g](g.svg)](g.md)\n"
    (project / "README.md").write_text(text)
    address = "https://host.org/little"
    urls = f'readme = "README.md"\n[project.urls]\nSource = "{address}"\n[tool.setuptools.packages'
    (project / "pyproject.toml").write_text(PROJECT.replace("[tool.setuptools.packages", urls))
    script.build(project, tmp_path / "out", EPOCH)
    wheel = zipfile.ZipFile(tmp_path / "out" / "little-0.2.0-py3-none-any.whl")
    readme = wheel.read("little-0.2.0.dist-info/METADATA").decode().split("\n\n", 1)[1]
    assert readme.strip() == (
        f"[a [b]]({address}/blob/main/docs/a.md#c) [d](https://d.org) [e](#e)\n"
        f"![f]({address}/raw/main/docs/f.png) "
        f"[![g]({address}/raw/main/g.svg)]({address}/blob/main/g.md)"
    )
    assert script.linked(text, None) == text


def test_the_time_is_that_of_the_environment_or_the_commit(script, project, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "123")
    assert script.epoch(project) == 123
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    identity |= {"GIT_COMMITTER_EMAIL": "a@b", "GIT_COMMITTER_DATE": "@456 +0000"}
    subprocess.run(
        ["git", "commit", "-q", "-m", "Begin"], cwd=project, check=True, env=os.environ | identity
    )
    assert script.epoch(project) == 456
