"""Folders that are damaged, incomplete, altered or something else are refused in one sentence."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from penchant.bundle import describe, restore
from penchant.errors import BundleError

FILES = ("manifest.json", "arrays.safetensors", "card.md")


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        restore(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert str(folder) in sentence
    return sentence


def test_what_is_no_bundle(tmp_path):
    assert "There is no bundle" in refusal(tmp_path / "nowhere")
    assert "no manifest.json" in refusal(tmp_path)
    (tmp_path / "file").write_text("{}")
    assert "give the folder" in refusal(tmp_path / "file")
    (tmp_path / "manifest.json").write_text('{"name": "web app", "icons": []}')
    assert "something else" in refusal(tmp_path)
    (tmp_path / "manifest.json").write_bytes(pickle.dumps({"format": "penchant bundle"}))
    assert "not JSON" in refusal(tmp_path)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, 9, 0.2, 0.5, 0.8, -1])
def test_a_flipped_byte(name, place, folder):
    path = folder / name
    data = bytearray(path.read_bytes())
    position = int(place * len(data)) if isinstance(place, float) else place
    data[position] ^= 1
    path.write_bytes(data)
    if name == "manifest.json":  # whose numbers, such as seconds, may be others without harm
        with contextlib.suppress(BundleError):
            restore(folder)
        return
    assert "altered" in refusal(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 1, 0.5, -1])
def test_a_truncated_file(name, keep, folder):
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    assert name in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_longer_file(name, folder):
    with (folder / name).open("ab") as file:
        file.write(b"x")
    assert name in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(name, folder):
    (folder / name).unlink()
    assert name in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_renamed_file(name, folder):
    (folder / name).rename(folder / "other")
    refusal(folder)


def test_further_files(folder):
    (folder / "__init__.py").write_text("raise SystemExit")
    assert "__init__.py is not part of a bundle" in refusal(folder)
    (folder / "__init__.py").unlink()
    (folder / "more").mkdir()
    assert "more is not part of a bundle" in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_links_are_not_followed(name, folder, tmp_path):
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_other_kinds_of_files(name, folder):
    (folder / name).unlink()
    os.mkfifo(folder / name)  # opening one would wait for ever
    refusal(folder)
    (folder / name).unlink()
    (folder / name).mkdir()
    refusal(folder)


def test_a_link_to_the_bundle_itself_is_fine(folder, tmp_path):
    (tmp_path / "current").symlink_to(folder)
    assert repr(restore(tmp_path / "current")) == repr(restore(folder))


def test_a_newer_format(folder, reseal):
    def newer(content):
        content["format_version"] = 2
        content["more"] = "unknown here"

    reseal(folder, newer)
    assert "upgrade penchant" in refusal(folder)


def test_an_unknown_model(folder, reseal):
    reseal(folder, lambda c: c["model"].update(name="oracle"))
    with pytest.raises(BundleError, match=r"'oracle', which penchant .* does not have"):
        restore(folder)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe{}",
        b"[]",
        b"null",
        b'{"format": "penchant bundle", "format": "penchant bundle"}',
        b'{"format": "penchant bundle", "format_version": NaN}',
        b'{"format": "penchant bundle", "format_version": -Infinity}',
        b'{"format": "penchant bundle", "format_version": 1e999}',
        b'{"format": "penchant bundle", "format_version": ' + b"9" * 100_000 + b"}",
        b'{"format": "penchant bundle", "x": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"format": "penchant bundle", "x": ' + b"[" * 500_000,
        b'{"a":' * 500_000,
        b'{"format": "penchant bundle", "x": "\\ud800"}',
        b'{"format": "penchant bundle"}',
        b" " * (2**24 + 1),
    ],
    ids=range(15),
)
def test_hostile_json(text, folder):
    (folder / "manifest.json").write_bytes(text)
    refusal(folder)
    with pytest.raises(BundleError):
        describe(folder)


def test_the_manifest_knows_its_own_checksum(folder):
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    content["parameters"]["l2"] = 11.0
    path.write_text(json.dumps(content))
    assert "its own checksum" in refusal(folder)


def test_describe_needs_the_manifest_alone(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "arrays.safetensors").unlink()
    assert describe(tmp_path / "copy") == describe(folder)
