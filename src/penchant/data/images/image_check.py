"""Check that bytes are an image of a known kind and of an acceptable size."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from penchant.errors import PenchantError, require

# Few formats, because each decoder of strangers' bytes is a risk; PostScript would be a program.
_ENDINGS = {
    "JPEG": ".jpg",
    "MPO": ".jpg",  # a JPEG with further views after it, from cameras
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "AVIF": ".avif",
}
_SMALLEST = 4  # shops answer with an image of one pixel where they have none
MAX_PIXELS = 50_000_000
"""Images with more pixels are not decoded unless asked for."""


class BadImageError(PenchantError):
    """Bytes that are no usable image; the text says why in a few words."""


@dataclass(frozen=True)
class ImageFacts:
    """The ending that fits a decoded image's content (`.jpg`), and its size in pixels."""

    ending: str
    width: int
    height: int


def check_image(data: bytes | Path, max_pixels: int = MAX_PIXELS) -> ImageFacts:
    """Decode an image as a whole.

    Args:
        data: the bytes of the file, or the file.
        max_pixels: width × height that are still decoded.

    Raises:
        BadImageError: it is no image, cut off or damaged, too large, or a placeholder.
        MissingExtraError: Pillow is not installed.
    """
    image = open_image(data, max_pixels)
    decode(image)
    return ImageFacts(_ENDINGS[image.format], *image.size)


def open_image(data: bytes | Path, max_pixels: int = MAX_PIXELS) -> Any:
    """A `PIL.Image` whose head has been read and whose size is acceptable, not yet decoded.

    Raises:
        BadImageError: it is no image, too large, or a placeholder.
        MissingExtraError: Pillow is not installed.
    """
    pil = require("PIL.Image", "images")
    try:
        content = data.read_bytes() if isinstance(data, Path) else data
    except OSError as error:
        raise BadImageError(f"cannot be read ({error.strerror or error})") from None
    if not content:
        raise BadImageError("empty")
    try:
        image = pil.open(io.BytesIO(content), formats=_formats(pil))
    except (pil.DecompressionBombError, pil.DecompressionBombWarning):
        raise BadImageError(f"more than {max_pixels:,} pixels") from None
    except Exception as error:
        if content.lstrip()[:1] == b"<":
            raise BadImageError("a web page or text, not an image") from None
        known = isinstance(error, pil.UnidentifiedImageError)
        reason = "no image of a known kind" if known else f"damaged ({short_message(error)})"
        raise BadImageError(reason) from None
    width, height = image.size
    if width * height > max_pixels:
        raise BadImageError(f"{width:,} x {height:,} pixels, more than {max_pixels:,}")
    if min(width, height) < _SMALLEST:
        raise BadImageError(f"a placeholder of {width} x {height} pixels")
    return image


def decode(image: Any) -> None:
    """Decode an image that `open_image` gave.

    Raises:
        BadImageError: it is cut off or damaged.
    """
    try:
        image.load()
    except Exception as error:  # decoders of damaged bytes raise errors of any kind
        raise BadImageError(f"damaged ({short_message(error)})") from None


def _formats(pil: ModuleType) -> list[str]:
    pil.init()
    return [kind for kind in _ENDINGS if kind in pil.OPEN]


def short_message(error: Exception) -> str:
    """An error's text in one line of at most 150 characters, or its type where it has none."""
    return " ".join(str(error).split()).rstrip(".")[:150] or type(error).__name__
