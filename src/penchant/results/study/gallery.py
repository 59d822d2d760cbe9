"""Lists of items with pictures, as a section of a study shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

IMAGE_WIDTH, IMAGE_HEIGHT = 80, 120
"""Pixels of a picture in a list, at most."""
JPEG_DATA = "data:image/jpeg;base64,"
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


@dataclass(frozen=True)
class GalleryItem:
    """An item of a list.

    Attributes:
        title: its name.
        reason: why it is recommended, in a sentence.
        image: a data URI of a JPEG; anything else is left out, as is an empty one.
        note: what else is to be known, such as whether the user took it.
    """

    title: str
    reason: str = ""
    image: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        data = self.image.removeprefix(JPEG_DATA)
        if data == self.image or not set(data) <= _BASE64:
            object.__setattr__(self, "image", "")


@dataclass(frozen=True)
class Gallery:
    """A list of one user.

    Attributes:
        heading: whose list it is.
        items: the list, best first.
    """

    heading: str
    items: tuple[GalleryItem, ...]

    def to_dict(self) -> dict[str, Any]:
        """The list without its pictures, for JSON."""
        return {
            "heading": self.heading,
            "items": [vars(replace(item, image="")) for item in self.items],
        }
