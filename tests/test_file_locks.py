"""What a killed process has left is told from what others write, and from what is not ours."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from penchant.file_locks import is_locked, locked_folder, remove_abandoned

pytest.importorskip("fcntl")

HOLD = """
import sys
from pathlib import Path
from penchant.file_locks import locked_folder
with locked_folder(lambda: Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_locked_until_its_process_ends(tmp_path):
    folder = tmp_path / "draft"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        assert is_locked(folder)
        assert not remove_abandoned(folder)
        process.kill()
        process.wait()
    assert not is_locked(folder)
    assert remove_abandoned(folder)
    assert not folder.exists()


def test_what_belongs_to_others_stays(tmp_path, monkeypatch):
    (tmp_path / "draft").touch()
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "draft").stat().st_uid + 1)
    assert not remove_abandoned(tmp_path / "draft")
    assert (tmp_path / "draft").exists()


def test_links_and_pipes_lead_nowhere_and_hold_nobody_up(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    os.mkfifo(tmp_path / "pipe")
    assert not remove_abandoned(tmp_path / "link")
    assert not is_locked(tmp_path / "pipe")
    remove_abandoned(tmp_path / "pipe")
    assert (tmp_path / "mine").is_dir()
    assert not is_locked(tmp_path / "missing")


def test_the_journal_of_a_database_goes_with_it(tmp_path):
    for name in (".db.0123abcd.draft", ".db.0123abcd.draft-journal"):
        (tmp_path / name).touch()
    assert remove_abandoned(tmp_path / ".db.0123abcd.draft")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_was_swept_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    names = iter(["first", "second"])
    real = os.open

    def swept(path, *arguments):
        descriptor = real(path, *arguments)
        if path.name == "first":
            path.rmdir()
        return descriptor

    monkeypatch.setattr(os, "open", swept)
    with locked_folder(lambda: tmp_path / next(names)) as folder:
        assert folder.name == "second"
