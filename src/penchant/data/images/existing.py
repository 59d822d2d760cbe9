"""What an earlier run has left in a folder of images."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from penchant.data.images.image_check import BadImageError, check_image
from penchant.data.images.outcome import Outcome, read_table
from penchant.data.images.paths import image_files


@dataclass(frozen=True)
class Kept:
    """The images that lie in a folder, and what the table beside them says of them."""

    files: Mapping[str, Path]
    table: Mapping[str, tuple[int, str, int, int]]
    largest_pixels: int

    def get(self, name: str, urls: tuple[str, ...]) -> Outcome | None:
        """The image with this name, if it is whole and the item's address is still the same.

        A file that the table knows with its size was checked when it was fetched; any other is
        decoded now.
        """
        path = self.files.get(name)
        if path is None:
            return None
        size = path.stat().st_size
        noted = self.table.get(path.name)
        if noted is not None:
            if urls and noted[1] not in urls:
                return None
            if noted[0] == size:
                return Outcome(None, "kept", "", noted[1], path.name, size, noted[2], noted[3])
        try:
            facts = check_image(path, self.largest_pixels)
        except BadImageError:
            return None
        url = noted[1] if noted else None
        return Outcome(None, "kept", "", url, path.name, size, facts.width, facts.height)


def kept_images(folder: Path, largest_pixels: int) -> Kept:
    """What lies in a folder of images.

    Raises:
        DataError: there is no such folder.
    """
    return Kept(image_files(folder), read_table(folder), largest_pixels)


def sweep_drafts(folder: Path) -> None:
    """Remove what killed processes left half-written; only for the holder of the folder's lock."""
    for draft in folder.glob(".*~*"):
        with suppress(OSError):
            draft.unlink()
