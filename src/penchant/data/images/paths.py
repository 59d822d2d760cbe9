"""Find the image files of items in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from penchant.data.dataset import Dataset
from penchant.errors import DataError

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif")
"""Endings of image files, those first that win where an item has several."""
_LONGEST = 150  # file systems allow 255 bytes; endings and drafts need some
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


def safe_name(item: Any) -> str:
    """An item id as a file name without ending: different ids have different names.

    Letters, digits, `_`, `-` and inner dots stay; everything else, slashes among it, is written
    as in web addresses (`%2F`). What would be too long ends in a checksum instead.
    """
    name = quote(str(item), safe="").replace("~", "%7E")
    if not name or name.startswith(".") or name.partition(".")[0].lower() in _DEVICES:
        name = f"%{ord(name[0]):02X}{name[1:]}" if name else "%"
    if len(name) > _LONGEST:
        checksum = hashlib.sha256(str(item).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        name = f"{name[:_LONGEST]}~{checksum}"
    return name


def image_files(folder: Path) -> dict[str, Path]:
    """The image files of a folder by their name without ending; hidden files are none.

    Raises:
        DataError: there is no such folder.
    """
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        raise DataError(
            f"The folder of images {str(folder)!r} cannot be read ({error.strerror}): fetch images "
            "with 'penchant images', or name the folder that has them."
        ) from None
    rank = {ending: place for place, ending in enumerate(ENDINGS)}
    known = [entry for entry in entries if entry.suffix.lower() in rank]
    known.sort(key=lambda entry: (rank[entry.suffix.lower()], entry.name), reverse=True)
    return {entry.stem: entry for entry in known}


def image_paths(log: Dataset, folder: str | Path) -> dict[Any, Path]:
    """The image of each item that has one in a folder, whoever put it there.

    A file belongs to an item if it is called `<item id>.<ending>`, as in `posters/42.jpg`; ids
    with characters that file names cannot have are written as `safe_name` writes them.

    Args:
        log: the items, in the order of whose vocabulary the result is.
        folder: the folder itself; folders in it are not looked into.

    Raises:
        DataError: there is no such folder.
    """
    files = image_files(Path(folder))
    named = ((item, files.get(safe_name(item))) for item in log.items.ids.to_list())
    return {item: file for item, file in named if file is not None}
