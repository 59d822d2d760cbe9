"""Small pictures that stand in a page itself."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from penchant.data.images import BadImageError, open_image
from penchant.errors import MissingExtraError
from penchant.results import IMAGE_HEIGHT, IMAGE_WIDTH, JPEG_DATA

_QUALITY = 72


def thumbnail(path: Path | None) -> str:
    """An image as a data URI, `IMAGE_WIDTH` pixels wide at most; empty where it is unreadable."""
    if path is None:
        return ""
    try:
        image = open_image(path)
        image.draft("RGB", (2 * IMAGE_WIDTH, 2 * IMAGE_HEIGHT))
        image = image.convert("RGB")
    except (BadImageError, MissingExtraError, OSError, ValueError):
        return ""
    image.thumbnail((IMAGE_WIDTH, IMAGE_HEIGHT))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return JPEG_DATA + base64.b64encode(written.getvalue()).decode("ascii")
