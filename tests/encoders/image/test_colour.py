from __future__ import annotations

import numpy as np
import pytest

from penchant.encoders.image.colour import ColourTexture
from penchant.run import Run

SIDE = ColourTexture.side
DESCRIBE = ColourTexture().describe
COLOURS = slice(0, 560)
EDGES = slice(560, 1136)


def plain(*colour: int) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def stripes(axis: int, width: int = 4) -> np.ndarray:
    dark = np.arange(SIDE) // width % 2 == 0
    lines = np.broadcast_to(dark[:, None] if axis == 0 else dark, (SIDE, SIDE))
    return np.where(lines[..., None], 20, 230).astype(np.uint8).repeat(3, 2)


def described(*images: np.ndarray) -> np.ndarray:
    return DESCRIBE(np.stack(images), np.full((len(images), 2), SIDE, np.float32))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b))


def test_widths():
    found = described(plain(1, 2, 3), stripes(0))
    assert found.shape == (2, ColourTexture.width)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.linalg.norm(found[:, COLOURS], axis=1), 1, rtol=1e-5)


def test_a_batch_says_what_single_images_say():
    draws = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3)).astype(np.uint8)
    together = described(*draws)
    for image, row in zip(draws, together, strict=True):
        np.testing.assert_allclose(described(image)[0], row, atol=1e-5)


def test_colours_are_told_apart_and_shades_are_near():
    red, dark_red, blue, grey = described(
        plain(220, 20, 20), plain(200, 15, 15), plain(20, 20, 220), plain(128, 128, 128)
    )[:, COLOURS]
    assert distance(red, dark_red) < 0.01
    assert distance(red, blue) == pytest.approx(np.sqrt(2), abs=0.01)
    assert distance(red, grey) > 1


def test_where_a_colour_is_counts():
    left, right = plain(255, 255, 255), plain(255, 255, 255)
    left[:, : SIDE // 3] = (200, 0, 0)
    right[:, -SIDE // 3 :] = (200, 0, 0)
    one, other = described(left, right)[:, COLOURS]
    assert distance(one[:56], other[:56]) < 0.02  # the whole image has the same colours
    assert distance(one, other) > 0.5


def test_directions_of_edges():
    across, down, finer = described(stripes(0), stripes(1), stripes(0, 6))
    assert distance(across[EDGES], down[EDGES]) > 2 * distance(across[EDGES], finer[EDGES])
    cells = across[EDGES].reshape(64, 9)
    assert (cells[:, [0, 8]].sum(1) < cells[:, [4, 5]].sum(1)).all()  # gradients point down
    assert not described(plain(9, 9, 9))[0, EDGES].any()


def test_shape_counts():
    image = stripes(0)[None]
    wide = DESCRIBE(image, np.array([[200, 100]], np.float32))
    tall = DESCRIBE(image, np.array([[100, 200]], np.float32))
    assert ((wide != tall).sum(), (wide > tall).sum()) == (1, 1)


@pytest.mark.mirror
def test_posters_tell_genres(mirror, tmp_path):
    """A nearest mean of training posters tells children's and horror films apart."""
    from sklearn.metrics import roc_auc_score

    from penchant.data.images import image_paths
    from penchant.data.sources import load

    log = load("movielens-100k", mirror=mirror)
    paths = image_paths(log, mirror / "movielens-100k" / "posters")
    genres = dict(zip(log.items.ids, log.item_table["genres"].to_list(), strict=True))
    told = [
        (path, "Children's" in genres[item])
        for item, path in paths.items()
        if ("Children's" in genres[item]) != ("Horror" in genres[item])
    ]
    files, child = [path for path, _ in told], np.array([y for _, y in told])
    test = np.random.default_rng(0).permutation(len(files)) % 2 == 0
    encoder = ColourTexture(dim=32)
    run = Run(threads=1)
    encoder.fit([f for f, t in zip(files, test, strict=True) if not t], run=run, cache=tmp_path)
    vectors = encoder.encode(files, run=run, cache=tmp_path)
    assert not encoder.unread_
    direction = vectors[~test & child].mean(0) - vectors[~test & ~child].mean(0)
    assert roc_auc_score(child[test], vectors[test] @ direction) > 0.7
