from pathlib import Path

import pytest

from penchant.atomic_write import atomic_path, write_text_atomically


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file.txt"
    with atomic_path(path) as draft:
        draft.write_text("one")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as draft:
        draft.write_text("t" * (1 // 0))
    assert path.read_text() == "one"
    assert [file.name for file in tmp_path.iterdir()] == ["file.txt"]
    assert path.stat().st_mode & 0o600 == 0o600


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    write_text_atomically("old", path)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_text_atomically("new", path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
