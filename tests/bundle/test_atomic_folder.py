"""A bundle is written whole or not at all, and only ever in the place of another bundle."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from penchant.bundle import atomic_folder as placing
from penchant.bundle import describe, reading, restore, save, writing
from penchant.errors import BundleError
from penchant.models import EASE, Popular


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.fixture
def popular(log):
    return Popular().fit(log)


def test_a_bundle_is_not_replaced_unless_asked(folder, popular):
    with pytest.raises(BundleError, match="overwrite=True"):
        save(popular, folder)
    assert isinstance(restore(folder), EASE)
    assert save(popular, folder, overwrite=True) == folder
    assert isinstance(restore(folder), Popular)
    assert names(folder.parent) == ["ease"]


def test_overwrite_also_writes_where_nothing_is(popular, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(popular, "deep/er/it", overwrite=True)
    assert names(tmp_path / "deep" / "er") == ["it"]
    assert isinstance(restore("deep/er/it"), Popular)


def test_a_damaged_bundle_can_be_replaced(folder, popular):
    (folder / "arrays.safetensors").write_bytes(b"broken")
    (folder / "card.md").unlink()
    save(popular, folder, overwrite=True)
    assert isinstance(restore(folder), Popular)


def test_nothing_but_a_bundle_is_replaced(folder, popular, tmp_path, reseal):
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "thesis.tex").write_text("ten years")
    file = tmp_path / "file"
    file.write_text("x")
    (tmp_path / "empty").mkdir()
    mixed = shutil.copytree(folder, tmp_path / "mixed")
    (mixed / "notes.txt").write_text("mine")
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    newer = shutil.copytree(folder, tmp_path / "newer")
    reseal(newer, lambda c: c.update(format_version=9))
    before = names(tmp_path)
    for place in (thesis, file, tmp_path / "empty", mixed, linked, dangling, newer, tmp_path):
        with pytest.raises(BundleError, match="not overwritten") as caught:
            save(popular, place, overwrite=True)
        assert "\n" not in str(caught.value)
        with pytest.raises(BundleError, match="There already is"):
            save(popular, place)
    assert names(tmp_path) == before
    assert (thesis / "thesis.tex").read_text() == "ten years"
    assert (mixed / "notes.txt").exists()
    assert isinstance(restore(folder), EASE)


def crash(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["pack", "write_arrays", "card", "entries_of", "Manifest"])
@pytest.mark.parametrize("there", [False, True])
def test_a_crash_leaves_nothing(step, there, popular, folder, monkeypatch):
    if not there:
        shutil.rmtree(folder)
    monkeypatch.setattr(writing, step, crash)
    with pytest.raises(KeyboardInterrupt):
        save(popular, folder, overwrite=True)
    assert names(folder.parent) == (["ease"] if there else [])
    if there:
        assert isinstance(restore(folder), EASE)


@pytest.mark.parametrize("there", [False, True])
def test_a_failing_move_puts_the_old_bundle_back(there, popular, folder, monkeypatch):
    if not there:
        shutil.rmtree(folder)
    monkeypatch.setattr(placing, "exchange", lambda *_: False)
    rename = type(folder).rename

    def failing(self, target):
        if self.name.endswith(".new"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(type(folder), "rename", failing)
    with pytest.raises(BundleError, match="No space left on device"):
        save(popular, folder, overwrite=True)
    assert names(folder.parent) == (["ease"] if there else [])


def test_everything_is_on_disk_before_it_gets_its_name(popular, tmp_path, monkeypatch):
    flushed = []
    fsync = os.fsync

    def noting(descriptor):
        flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        assert not (tmp_path / "it").exists() or flushed[-1] == str(tmp_path)
        fsync(descriptor)

    monkeypatch.setattr(placing.os, "fsync", noting)
    save(popular, tmp_path / "it")
    ends = {path.rpartition("/")[2] for path in flushed}
    assert {"manifest.json", "arrays.safetensors", "card.md"} < ends
    assert flushed[-1] == str(tmp_path)


def test_someone_else_was_faster(popular, tmp_path, monkeypatch):
    card = writing.card

    def slow(*arguments):
        (tmp_path / "it").mkdir()
        (tmp_path / "it" / "theirs").write_text("x")
        return card(*arguments)

    monkeypatch.setattr(writing, "card", slow)
    with pytest.raises(BundleError, match="already"):
        save(popular, tmp_path / "it")
    assert names(tmp_path) == ["it"]
    assert names(tmp_path / "it") == ["theirs"]


def test_a_place_that_cannot_be_written(popular, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BundleError, match="cannot be written"):
        save(popular, tmp_path / "file" / "it")


def test_every_file_has_the_usual_permissions(popular, tmp_path):
    folder = save(popular, tmp_path / "bundle")
    (tmp_path / "plain").touch()
    usual = (tmp_path / "plain").stat().st_mode
    assert {path.stat().st_mode for path in folder.iterdir()} == {usual}


def test_folders_change_places_at_once(popular, folder, monkeypatch):
    def impossible(self, target):
        raise AssertionError("two renames leave a moment without a bundle")

    monkeypatch.setattr(type(folder), "rename", impossible)
    save(popular, folder, overwrite=True)
    assert isinstance(restore(folder), Popular)
    assert names(folder.parent) == ["ease"]


def test_what_a_kill_has_left_is_completed_or_removed(popular, folder):
    token = "0123abcd"
    folder.rename(folder.with_name(f".ease.{token}.old"))
    save(popular, folder.with_name("complete"))
    folder.with_name("complete").rename(folder.with_name(f".ease.{token}.new"))
    (folder.with_name(".ease.deadbeef.new")).mkdir()
    assert isinstance(restore(folder), Popular)
    assert names(folder.parent) == ["ease"]


def test_the_old_bundle_comes_back_where_there_is_no_new_one(folder):
    folder.rename(folder.with_name(".ease.0123abcd.old"))
    assert isinstance(restore(folder), EASE)
    assert names(folder.parent) == ["ease"]


def test_what_a_living_process_writes_stays(popular, folder):
    with placing.replacing(folder.with_name("other"), overwrite=False) as new:
        placing.recover(folder.with_name("other"))
        assert new.exists()
        (new / "file").write_text("x")
    assert (folder.with_name("other") / "file").exists()


def test_a_living_process_between_its_two_renames_is_waited_for(popular, folder, monkeypatch):
    monkeypatch.setattr(placing, "exchange", lambda *_: False)
    rename, models = type(folder).rename, []

    def read():
        models.append(type(restore(folder)))

    reader = Thread(target=read)

    def slow(self, target):
        rename(self, target)
        if target.suffix == ".old":
            reader.start()
            time.sleep(0.2)

    monkeypatch.setattr(type(folder), "rename", slow)
    save(popular, folder, overwrite=True)
    reader.join()
    assert models == [Popular]
    assert names(folder.parent) == ["ease"]


def test_a_bundle_is_read_whole_while_it_is_overwritten(log, popular, folder):
    ease, stopped = EASE().fit(log), Event()

    def overwrite():
        while not stopped.is_set():
            save(popular, folder, overwrite=True)
            save(ease, folder, overwrite=True)

    writer = Thread(target=overwrite)
    writer.start()
    try:
        for _ in range(30):
            assert isinstance(restore(folder), EASE | Popular)
            assert describe(folder)["model"]["name"] in ("ease", "popular")
    finally:
        stopped.set()
        writer.join()


def test_files_of_two_bundles_are_not_mixed(popular, folder, monkeypatch):
    real, replaced = reading.read_arrays, []

    def slow(*arguments):
        if not replaced:  # once its manifest and checksums have been read
            replaced.append(save(popular, folder, overwrite=True))
        return real(*arguments)

    monkeypatch.setattr(reading, "read_arrays", slow)
    assert isinstance(restore(folder), Popular)
