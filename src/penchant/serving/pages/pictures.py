"""Pictures of items, from a folder of this host alone."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from penchant.data.images.paths import image_files, safe_name

_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".avif": "image/avif",
}


class Pictures:
    """The pictures of a folder, as `penchant images` makes it: `<item id>.<ending>`.

    Args:
        folder: the folder, which is looked at once; None for no pictures at all.

    Raises:
        DataError: there is no such folder.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        _ = self._files

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {} if self.folder is None else image_files(self.folder)

    def has(self, item: object) -> bool:
        """Whether there is a picture of an item."""
        return bool(self._files) and safe_name(item) in self._files

    def read(self, item: str) -> tuple[bytes, str] | None:
        """The picture of an item and its media type; None without one."""
        path = self._files.get(safe_name(item))
        if path is None:
            return None
        try:
            return path.read_bytes(), _TYPES[path.suffix.lower()]
        except OSError:
            return None
