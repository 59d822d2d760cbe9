from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from penchant.data.images import BadImageError, ImageFacts, check_image


def saved(kind: str, mode: str = "RGB", size: tuple[int, int] = (20, 30)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(1800, dtype=np.uint16).astype(np.uint8).reshape(30, 20, 3)).resize(
        size
    ).convert(mode).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "ending"),
    [("JPEG", ".jpg"), ("PNG", ".png"), ("GIF", ".gif"), ("WEBP", ".webp"), ("BMP", ".bmp")],
)
def test_the_kind_is_that_of_the_content(kind, ending, tmp_path):
    assert check_image(saved(kind)) == ImageFacts(ending, 20, 30)
    path = tmp_path / "named.txt"
    path.write_bytes(saved(kind))
    assert check_image(path) == ImageFacts(ending, 20, 30)


@pytest.mark.parametrize("kind", ["TIFF", "EPS", "ICO", "PDF"])
def test_few_kinds_are_decoded(kind):
    with pytest.raises(BadImageError, match="no image of a known kind"):
        check_image(saved(kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_every_cut_is_noticed(kind):
    content = saved(kind)
    for length in range(0, len(content) * 3 // 4, max(1, len(content) // 40)):
        with pytest.raises(BadImageError):
            check_image(content[:length])


def test_no_bytes_make_it_fail_otherwise():
    draws = np.random.default_rng(0)
    good = 0
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP"):
        content = np.frombuffer(saved(kind), np.uint8)
        for _ in range(60):
            wrong = content.copy()
            places = draws.integers(0, len(content), 8)
            wrong[places] = draws.integers(0, 256, 8)
            with contextlib.suppress(BadImageError):
                good += check_image(wrong.tobytes(), 100_000).width > 0
    assert 0 < good < 300  # some damage goes unnoticed, as in a BMP's pixels


def test_sizes():
    with pytest.raises(BadImageError, match="20 x 30 pixels, more than 599"):
        check_image(saved("PNG"), 599)
    assert check_image(saved("PNG"), 600).width == 20
    with pytest.raises(BadImageError, match="placeholder of 3 x 9"):
        check_image(saved("GIF", size=(3, 9)))


def test_files_that_are_none(tmp_path):
    with pytest.raises(BadImageError, match="cannot be read"):
        check_image(tmp_path / "none.jpg")
    with pytest.raises(BadImageError, match="empty"):
        check_image(b"")
    with pytest.raises(BadImageError, match="web page"):
        check_image(b"  <!doctype html>")
