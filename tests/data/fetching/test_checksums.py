from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from pathlib import Path

import pytest

from penchant.data.fetching import checksums
from penchant.data.fetching.checksums import RECORD, record_checksums, verify_checksums
from penchant.data.fetching.locate import DatasetFiles, locate
from penchant.errors import DownloadError

DATA = DatasetFiles(name="tiny", required=("u.data",), optional=("u.item",))
NAMES = ("u.data", "u.item")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "u.data").write_bytes(b"1\t1\t5\t8\n")
    (folder / "ORIGIN").write_text("somewhere\n")
    record_checksums(folder)
    return folder


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose content was read for a checksum."""
    names: list[str] = []
    real = checksums.checksum

    def counting(path: Path, method: str) -> str:
        names.append(path.name)
        return real(path, method)

    monkeypatch.setattr(checksums, "checksum", counting)
    return names


def test_a_copy_as_it_was_fetched_is_not_read_again(copy: Path, hashed: list[str]) -> None:
    verify_checksums(copy, NAMES)
    assert hashed == []
    record = json.loads((copy / RECORD).read_text())["files"]
    assert record["u.data"]["sha256"] == hashlib.sha256(b"1\t1\t5\t8\n").hexdigest()
    assert set(record) == {"u.data", "ORIGIN"}


def test_a_cache_that_was_copied_is_read_once(
    copy: Path, tmp_path: Path, hashed: list[str]
) -> None:
    other = shutil.copytree(copy, tmp_path / "other", copy_function=shutil.copyfile)
    os.utime(other / "u.data", (1, 1))
    verify_checksums(other, NAMES)
    assert "u.data" in hashed
    hashed.clear()
    verify_checksums(other, NAMES)
    assert hashed == []


def altered_in_place(folder: Path) -> None:
    (folder / "u.data").write_bytes(b"1\t1\t1\t8\n")
    os.utime(folder / "u.data", (1, 1))


def added_to(folder: Path) -> None:
    (folder / "u.item").write_bytes(b"1|Film\n")


@pytest.mark.parametrize("alter", [altered_in_place, added_to])
@pytest.mark.parametrize("offline", [False, True])
def test_an_altered_copy_is_refused_and_stays(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alter, offline: bool
) -> None:
    monkeypatch.delenv("PENCHANT_MIRROR", raising=False)
    assert locate(DATA, cache=tmp_path, offline=offline).path == copy
    alter(copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    with pytest.raises(DownloadError, match=r"not as it was fetched \(u\.\w+ differs.*remove the"):
        locate(DATA, cache=tmp_path, offline=offline)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    (copy / RECORD).unlink()  # what the message says to do
    assert locate(DATA, cache=tmp_path, offline=offline).path == copy


def test_a_copy_without_checksums_gets_them_with_a_word(
    copy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (copy / RECORD).unlink()
    with caplog.at_level(logging.WARNING, "penchant"):
        verify_checksums(copy, NAMES)
        verify_checksums(copy, NAMES)
    assert [r.getMessage() for r in caplog.records] == [
        f"The copy in {copy} has no checksums; those of its files as they are now were written."
    ]
    altered_in_place(copy)
    with pytest.raises(DownloadError, match="differs"):
        verify_checksums(copy, NAMES)


@pytest.mark.parametrize(
    "record",
    ["", "{}", "[" * 100_000, '{"files": []}', '{"files": {"u.data": 1}}', '{"files": {"a": {}}}'],
)
def test_a_damaged_record_is_refused(copy: Path, record: str) -> None:
    (copy / RECORD).write_text(record)
    with pytest.raises(DownloadError, match="CHECKSUMS is damaged: remove"):
        verify_checksums(copy, NAMES)
