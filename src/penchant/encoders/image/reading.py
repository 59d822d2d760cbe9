"""Image files as arrays of pixels, all of one size."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from penchant.data.images.image_check import BadImageError, decode, open_image
from penchant.run import Run
from penchant.typing import Float32, UInt8

_FEW = 4  # threads that decode, where nobody says how many


class Picture(NamedTuple):
    """One image.

    Attributes:
        pixels: uint8[side, side, 3], red, green and blue.
        size: width and height before resizing.
    """

    pixels: UInt8
    size: tuple[int, int]


def read_bytes(path: str | Path | None) -> bytes | str:
    """The content of a file, or why there is none."""
    if path is None:
        return "no image"
    try:
        return Path(path).read_bytes()
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"


def picture(content: bytes, side: int) -> Picture | str:
    """Decode an image and stretch it to a square, or say why that cannot be done.

    What is transparent becomes white, as on a page. A JPEG much larger than needed is decoded at
    a fraction of its size, which is several times faster.
    """
    try:
        image = open_image(content)
        size = image.size
        image.draft("RGB", (2 * side, 2 * side))
        decode(image)
        square = _opaque(image).resize((side, side), 2, reducing_gap=3.0)  # 2: bilinear
    except BadImageError as error:
        return str(error)
    except (OSError, ValueError, MemoryError) as error:
        return f"cannot be converted ({error})"
    return Picture(np.asarray(square), size)


def _opaque(image: Any) -> Any:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = seen.copy()
        white.paste((255, 255, 255, 255), (0, 0, *seen.size))
        white.alpha_composite(seen)
        return white.convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


@contextmanager
def readers(run: Run) -> Iterator[ThreadPoolExecutor]:
    """Threads to read and decode with; Pillow lets go of the interpreter meanwhile."""
    with ThreadPoolExecutor(run.threads or min(_FEW, os.cpu_count() or 1), "images") as pool:
        yield pool


def stacked(pictures: Sequence[Picture]) -> tuple[UInt8, Float32]:
    """uint8[n, side, side, 3] and float32[n, 2], widths and heights before resizing."""
    sizes = np.array([p.size for p in pictures], np.float32)
    return np.stack([p.pixels for p in pictures]), sizes
