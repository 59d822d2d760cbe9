from __future__ import annotations

import numpy as np
import pytest

from penchant.encoders.cache import VectorCache, content_key

SETTINGS = {"name": "test", "version": 1}


def some(*names: str) -> dict[bytes, np.ndarray]:
    keys = {name: content_key(name.encode()) for name in names}
    return {key: np.frombuffer(key, np.uint8)[:4].astype(np.float16) for key in keys.values()}


def test_vectors_are_found_again(tmp_path):
    vectors = some("a", "b", "c")
    VectorCache(SETTINGS, 4, tmp_path).add(vectors)
    again = VectorCache(SETTINGS, 4, tmp_path)
    assert len(again) == 3
    for key, vector in vectors.items():
        assert key in again
        np.testing.assert_array_equal(again.get(key), vector)
    assert again.get(content_key(b"d")) is None


@pytest.mark.parametrize("other", [{"name": "test", "version": 2}, {"name": "test", "more": [1]}])
def test_other_settings_are_kept_apart(tmp_path, other):
    VectorCache(SETTINGS, 4, tmp_path).add(some("a"))
    assert len(VectorCache(other, 4, tmp_path)) == 0
    assert len(VectorCache(SETTINGS, 5, tmp_path)) == 0  # another width is not the same either
    assert len(VectorCache(dict(reversed(SETTINGS.items())), 4, tmp_path)) == 1


def test_two_writers_share_a_folder(tmp_path):
    one, other = VectorCache(SETTINGS, 4, tmp_path), VectorCache(SETTINGS, 4, tmp_path)
    one.add(some("a", "b"))
    other.add(some("a", "b"))
    other.add(some("c"))
    assert len(VectorCache(SETTINGS, 4, tmp_path)) == 3
    assert len(list(one.folder.iterdir())) == 2


def test_many_files_become_one(tmp_path):
    cache = VectorCache(SETTINGS, 4, tmp_path)
    every: dict[bytes, np.ndarray] = {}
    for n in range(40):
        part = some(f"{n}", f"{n}'")
        cache.add(part)
        every |= part
    assert len(list(cache.folder.iterdir())) == 40
    for _ in range(2):
        again = VectorCache(SETTINGS, 4, tmp_path)
        assert len(list(cache.folder.iterdir())) == 1
        assert all((again.get(key) == vector).all() for key, vector in every.items())


@pytest.mark.parametrize("content", [b"", b"junk", bytes(200)])
def test_damaged_files_are_passed_over(tmp_path, content):
    cache = VectorCache(SETTINGS, 4, tmp_path)
    cache.add(some("a"))
    cache.add(some("b"))
    next(cache.folder.iterdir()).write_bytes(content)
    assert len(VectorCache(SETTINGS, 4, tmp_path)) == 1


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "vectors").write_text("in the way")
    cache = VectorCache(SETTINGS, 4, tmp_path)
    cache.add(some("a"))
    assert cache.get(content_key(b"a")) is not None
    cache.add({})
