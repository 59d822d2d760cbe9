from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from penchant.encoders.image import IMAGE_ENCODERS, image_encoder, restored_image_encoder
from penchant.encoders.image.base import ImageEncoder
from penchant.encoders.image.colour import ColourTexture
from penchant.encoders.image.reading import picture
from penchant.errors import DataError, MissingExtraError, NotFittedError, ParameterError
from penchant.run import Run

ONE = Run(threads=1)


class Means(ImageEncoder):
    """Describes an image by the mean of each colour, and counts what it is asked for."""

    name = "means"
    side = 8
    width = 3
    batch = 4
    asked: ClassVar[int] = 0
    version: ClassVar[int] = 1

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version}

    def describe(self, pixels, sizes):
        type(self).asked += len(pixels)
        return pixels.reshape(len(pixels), -1, 3).mean(1).astype(np.float32)


@pytest.fixture
def files(tmp_path) -> list[Path]:
    """Ten images of one colour each, no two alike."""
    draws = np.random.default_rng(0).integers(0, 256, (10, 3))
    paths = [tmp_path / f"{n}.png" for n in range(10)]
    for path, colour in zip(paths, draws, strict=True):
        Image.new("RGB", (12, 9), tuple(map(int, colour))).save(path)
    return paths


@pytest.fixture(autouse=True)
def from_zero(monkeypatch, tmp_path):
    monkeypatch.setattr(Means, "asked", 0)
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


def test_vectors_are_the_codings_of_descriptions(files):
    encoder = Means(dim=2).fit(files, run=ONE)
    found = encoder.encode(files, run=ONE)
    means = np.array([np.asarray(Image.open(f).convert("RGB"))[0, 0] for f in files], float)
    centred = means - means.mean(0)
    directions = np.linalg.svd(centred)[2][:2]
    np.testing.assert_allclose(np.abs(found), np.abs(centred @ directions.T), atol=0.2)
    assert found.dtype == np.float32
    assert encoder.unread_ == {}


def test_missing_and_broken_images_are_zeros_and_listed(files, tmp_path):
    (tmp_path / "broken.png").write_bytes(files[0].read_bytes()[:40])
    (tmp_path / "page.jpg").write_text("<html>")
    paths = [None, *files[:5], tmp_path / "broken.png", tmp_path / "none.jpg", *files[5:]]
    paths.append(tmp_path / "page.jpg")
    encoder = Means(dim=3).fit(paths, run=ONE)
    assert set(encoder.unread_) == {6, 7, 13}  # None is not even tried
    found = encoder.encode(paths, run=ONE)
    assert set(encoder.unread_) == {0, 6, 7, 13}
    assert encoder.unread_[0] == "no image"
    assert encoder.unread_[7].startswith("cannot be read")
    assert not found[list(encoder.unread_)].any()
    alone = Means(dim=3).fit(files, run=ONE)
    good = [row for row in range(len(paths)) if row not in encoder.unread_]
    np.testing.assert_array_equal(found[good], alone.encode(files, run=ONE))


def test_an_image_is_described_once_whatever_it_is_called(files, tmp_path):
    encoder = Means().fit(files, run=ONE)
    first = encoder.encode(files, run=ONE)
    assert Means.asked == 10
    twin = tmp_path / "twin.png"
    twin.write_bytes(files[3].read_bytes())
    np.testing.assert_array_equal(encoder.encode([twin, twin], run=ONE)[1], first[3])
    assert Means.asked == 10
    files[3].write_bytes(files[4].read_bytes())  # another content under the same name
    np.testing.assert_array_equal(encoder.encode(files, run=ONE)[3], first[4])
    Means.version = 2
    try:
        encoder.encode(files, run=ONE)
    finally:
        Means.version = 1
    assert Means.asked == 19  # nine different contents again


def test_without_a_cache_vectors_are_the_same(files):
    kept = Means().fit(files, run=ONE).encode(files, run=ONE)
    plain = Means().fit(files, run=ONE, cache=False)
    np.testing.assert_array_equal(plain.encode(files, run=ONE, cache=False), kept)
    assert Means.asked == 30


def test_work_that_was_broken_off_goes_on(files, monkeypatch):
    monkeypatch.setattr("penchant.encoders.image.base._CHUNK", 4)

    def tired(self, pixels, sizes):
        if Means.asked >= 8:
            raise KeyboardInterrupt
        return real(self, pixels, sizes)

    real = Means.describe
    with monkeypatch.context() as patch:
        patch.setattr(Means, "describe", tired)
        with pytest.raises(KeyboardInterrupt):
            Means().fit(files, run=ONE)
    assert Means.asked == 8
    Means().fit(files, run=ONE)
    assert Means.asked == 10


def test_directions_are_fitted_to_a_sample(files):
    Means(sample=4).fit(files, run=ONE)
    assert Means.asked == 4
    one, other = (Means(sample=4, seed=s).fit(files, run=ONE) for s in (0, 1))
    again = Means(sample=4, seed=0).fit(files, run=ONE)
    np.testing.assert_array_equal(one.components_.mean_, again.components_.mean_)
    assert (one.components_.mean_ != other.components_.mean_).any()


def test_few_images_have_short_vectors(files):
    assert Means(dim=512).fit(files, run=ONE).encode(files, run=ONE).shape == (10, 3)
    assert Means(dim=512).fit(files[:2], run=ONE).encode(files, run=ONE).shape == (10, 1)
    with pytest.raises(DataError, match="Of 2 images 1 can be read"):
        Means().fit([files[0], "none.jpg"], run=ONE)
    with pytest.raises(DataError, match="Of 0 images 0 can be read"):
        Means().fit([], run=ONE)
    assert Means().fit(files, run=ONE).encode([], run=ONE).shape == (0, 3)


def test_what_cannot_be(files):
    with pytest.raises(NotFittedError):
        Means().encode(files)
    with pytest.raises(NotFittedError):
        Means().state()
    with pytest.raises(ParameterError):
        Means(dim=0)
    with pytest.raises(ParameterError, match="take auto or one of colour, cnn"):
        image_encoder("vgg")
    with pytest.raises(ParameterError, match="has no depth, only dim"):
        image_encoder("colour", depth=3)


def test_it_is_restored_by_name(files):
    encoder = ColourTexture(dim=3).fit(files, run=ONE)
    state = encoder.state()
    assert all(isinstance(value, str | int | np.ndarray | dict) for value in state.values())
    again = restored_image_encoder(state)
    assert isinstance(again, ColourTexture)
    np.testing.assert_array_equal(again.encode(files, run=ONE), encoder.encode(files, run=ONE))
    with pytest.raises(ParameterError):
        restored_image_encoder({"name": "other"})


def test_auto_takes_the_network_where_it_is(monkeypatch):
    monkeypatch.setattr("penchant.encoders.image.find_spec", lambda name: None)
    assert isinstance(image_encoder(), ColourTexture)
    monkeypatch.setattr("penchant.encoders.image.find_spec", lambda name: object())
    assert type(image_encoder(dim=7)).__name__ == "PackagedCNN"
    assert set(IMAGE_ENCODERS) == {"colour", "cnn"}


def test_pictures_are_read_as_they_are_seen(tmp_path):
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("L", (10, 10), 77).save(tmp_path / "grey.png")
    Image.new("CMYK", (10, 10), (0, 0, 0, 255)).save(tmp_path / "print.jpg")
    palette = Image.new("P", (10, 10), 1)
    palette.putpalette([0, 0, 0, 9, 8, 7])
    palette.save(tmp_path / "palette.gif", transparency=0)
    Image.new("RGB", (2000, 1000), (10, 200, 30)).save(tmp_path / "large.jpg")
    wanted = {
        "clear.png": (255, 255, 255), "grey.png": (77, 77, 77), "print.jpg": (0, 0, 0),
        "palette.gif": (9, 8, 7), "large.jpg": (10, 200, 30),
    }  # fmt: skip
    for name, colour in wanted.items():
        found = picture((tmp_path / name).read_bytes(), 6)
        assert found.pixels.shape == (6, 6, 3)
        np.testing.assert_allclose(found.pixels[3, 3], colour, atol=3)
    assert found.size == (2000, 1000)


def test_without_pillow(files, monkeypatch):
    encoder = Means().fit(files, run=ONE)
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match=r"penchant\[images\]"):
        encoder.encode(files, run=ONE, cache=False)


def test_random_directions_are_as_many_as_asked_for(files):
    encoder = image_encoder("colour", directions="random").fit(files[:4], run=ONE)
    found = encoder.encode(files, run=ONE)
    assert found.shape == (10, 512)
    described = image_encoder("colour", dim=9).fit(files, run=ONE).encode(files, run=ONE)
    far, near = (((v[:, None] - v[None]) ** 2).sum(2) for v in (described, found))
    pairs = np.triu_indices(10, 1)
    share = near[pairs] / far[pairs] * 1156 / 512  # half of all directions: half of the square
    assert 0.5 < share.min() < share.max() < 1.5
    again = restored_image_encoder(encoder.state())
    assert (again.encode(files, run=ONE) == found).all()
    other = image_encoder("colour", directions="random", seed=1).fit(files[:4], run=ONE)
    assert not np.allclose(other.encode(files, run=ONE), found)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"directions": "other"}, "principal or random"), ({"directions": "random"}, "no 512")],
)
def test_directions_that_cannot_be(settings, says):
    with pytest.raises(ParameterError, match=says):
        Means(**settings)


def test_the_state_of_an_encoder_without_directions_is_still_read(files):
    encoder = image_encoder("colour", dim=4).fit(files, run=ONE)
    state = {name: value for name, value in encoder.state().items() if name != "directions"}
    again = restored_image_encoder(state)
    assert (again.encode(files, run=ONE) == encoder.encode(files, run=ONE)).all()
