"""Find the images that a folder has already."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from penchant.data.images.image_check import BadImageError, check_image
from penchant.data.images.paths import image_files
from penchant.data.images.report import ImageResult, read_table


@dataclass(frozen=True)
class ExistingImages:
    """The image files of a folder, and the rows of the table beside them."""

    files: Mapping[str, Path]
    table: Mapping[str, tuple[int, str, int, int]]
    max_pixels: int

    def get(self, name: str, urls: tuple[str, ...]) -> ImageResult | None:
        """The image with this name, if it is whole and the item's address is still the same.

        A file that the table knows with its size was checked when it was fetched; any other is
        decoded now.
        """
        path = self.files.get(name)
        if path is None:
            return None
        size = path.stat().st_size
        row = self.table.get(path.name)
        if row is not None:
            if urls and row[1] not in urls:
                return None
            if row[0] == size:
                return ImageResult(None, "existing", "", row[1], path.name, size, row[2], row[3])
        try:
            facts = check_image(path, self.max_pixels)
        except BadImageError:
            return None
        url = row[1] if row else None
        return ImageResult(None, "existing", "", url, path.name, size, facts.width, facts.height)


def existing_images(folder: Path, max_pixels: int) -> ExistingImages:
    """The images that a folder has.

    Raises:
        DataError: there is no such folder.
    """
    return ExistingImages(image_files(folder), read_table(folder), max_pixels)


def sweep_drafts(folder: Path) -> None:
    """Remove the unfinished files of killed processes; only for the holder of the folder's lock."""
    for draft in folder.glob(".*~*"):
        with suppress(OSError):
            draft.unlink()
