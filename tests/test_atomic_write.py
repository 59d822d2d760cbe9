from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penchant import atomic_write
from penchant.atomic_write import (
    atomic_path,
    draft_folder,
    set_default_permissions,
    write_text_atomically,
)
from penchant.file_locks import lock, remove_abandoned


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


def test_modes_are_those_of_any_file_while_threads_write(tmp_path):
    (tmp_path / "example").write_text("x")
    wanted = (tmp_path / "example").stat().st_mode

    def write(n):
        for _ in range(20):
            write_text_atomically("x", tmp_path / f"{n}.txt")
            (tmp_path / f"{n}.plain").write_text("x")
            set_default_permissions(tmp_path / f"{n}.plain")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert {path.stat().st_mode for path in tmp_path.iterdir()} == {wanted}


def test_nothing_touches_the_umask():
    sources = Path(atomic_write.__file__).parent.rglob("*.py")
    assert not [path for path in sources if "umask(" in path.read_text(encoding="utf-8")]


def test_names_as_long_as_can_be(tmp_path):
    for name in ("x" * 255, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 127):
        write_text_atomically("x", tmp_path / name)
        assert (tmp_path / name).read_text() == "x"


def test_a_draft_that_was_swept_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    swept = []

    def slow(descriptor):
        if not swept:
            swept.extend(tmp_path.glob(".*.draft"))
            assert remove_abandoned(swept[0])
        lock(descriptor)

    monkeypatch.setattr(atomic_write, "lock", slow)
    write_text_atomically("x", tmp_path / "file")
    assert len(swept) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_pieces_of_a_file_are_in_a_folder_that_is_removed(tmp_path):
    left = tmp_path / ".lists.parquet.0123abcd.draft"
    left.mkdir()
    (left / "000000.parquet").touch()
    with draft_folder(tmp_path / "lists.parquet") as folder:
        assert not left.exists()
        (folder / "1").touch()
    assert not list(tmp_path.iterdir())


def test_abandoned_drafts_are_removed_and_living_ones_stay(tmp_path):
    (tmp_path / ".page.html.0123abcd.draft").write_text("left by a kill")
    (tmp_path / ".page.html.other").write_text("somebody else's")
    with atomic_path(tmp_path / "a.txt") as draft:
        atomic_write._swept.clear()
        write_text_atomically("x", tmp_path / "b.txt")
        assert draft.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == [".page.html.other", "a.txt", "b.txt"]
