from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from penchant.data.fetching import ownership
from penchant.data.fetching.cache import cache_folder
from penchant.data.fetching.locate import DatasetFiles, locate
from penchant.errors import DownloadError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PENCHANT_SHARED_CACHE", raising=False)
    cache = tmp_path / "place" / "cache"
    (cache / "tiny").mkdir(parents=True)
    for path in (cache.parent, cache, cache / "tiny"):
        path.chmod(0o755)
    return cache


def test_the_users_own_folder_is_right(folder: Path) -> None:
    assert cache_folder(folder) == folder
    assert cache_folder(folder / "not" / "yet") == folder / "not" / "yet"


@pytest.mark.parametrize("place", [".", ".."])
def test_a_folder_that_everybody_can_write_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (folder / place).resolve().chmod(0o777)
    with pytest.raises(DownloadError, match=r"changed by every user.*chmod go-w.*SHARED_CACHE=1"):
        cache_folder(folder)
    monkeypatch.setenv("PENCHANT_CACHE", str(folder))
    with pytest.raises(DownloadError, match="every user"):
        cache_folder()
    monkeypatch.setenv("PENCHANT_SHARED_CACHE", "1")
    assert cache_folder() == folder


def test_a_sticky_folder_around_it_is_right(folder: Path) -> None:
    folder.parent.chmod(0o1777)
    assert cache_folder(folder) == folder
    folder.chmod(0o1777)  # itself, it is not: others could add a data set
    with pytest.raises(DownloadError, match="every user"):
        cache_folder(folder)


def test_the_copy_of_a_data_set_is_asked_too(folder: Path) -> None:
    (folder / "tiny" / "u.data").write_bytes(b"1\t1\t5\t8\n")
    (folder / "tiny").chmod(0o777)
    data = DatasetFiles(name="tiny", required=("u.data",))
    with pytest.raises(DownloadError, match="tiny can be changed by every user"):
        locate(data, cache=folder, offline=True)


def test_a_group_may_write_where_it_is_the_users_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.chmod(0o775)
    for private, error in ((True, None), (False, "changed by the group")):
        monkeypatch.setattr(ownership, "_is_private_group", lambda *_, private=private: private)
        monkeypatch.setattr(Path, "stat", _with(st_gid=4242))
        if error is None:
            assert cache_folder(folder) == folder
        else:
            with pytest.raises(DownloadError, match=error):
                cache_folder(folder)


def test_the_folder_of_another_user_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "stat", _with(st_uid=4242))
    with pytest.raises(DownloadError, match="changed by its owner, the user 4242"):
        cache_folder(folder)
    monkeypatch.setattr(Path, "stat", _with(st_uid=0))
    assert cache_folder(folder) == folder


def _with(**owner: int):
    """The true `stat` of a path, but for its user or group."""
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        true = real(path, **options)
        fields = list(true[:10])
        for name, value in owner.items():
            fields[{"st_uid": 4, "st_gid": 5}[name]] = value
        return os.stat_result(fields)

    return stat
