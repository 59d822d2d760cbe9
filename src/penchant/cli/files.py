"""Files and pages that commands write."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.atomic_write import require_writable
from penchant.errors import BundleError, ParameterError

logger = logging.getLogger(__name__)

PagePath = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write an HTML report.", show_default=False),
]
"""An option for the page that shows the result."""
_PAGE = (".html", ".htm")

ListsPath = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write .csv, .parquet, .jsonl or .xlsx; for all users unless some are named.",
        show_default=False,
    ),
]
"""An option for the file of lists of many users."""
_LISTS = (".csv", ".parquet", ".jsonl", ".xlsx")


def writable_path(path: Path | None, *, endings: tuple[str, ...] = ()) -> Path | None:
    """Check before long work that a file can be written there, and make its folder.

    Raises:
        ParameterError: it is a folder, cannot be written, or has an unknown ending.
    """
    return None if path is None else require_writable(path, endings=endings)


def lists_path(path: Path | None) -> Path | None:
    """Check before long work that lists can be written there; see `writable_path`.

    Raises:
        MissingExtraError: it is a workbook, and XlsxWriter is not installed.
    """
    if path is not None:
        from penchant.batch.workbook import require_writer

        require_writer(path)
    return writable_path(path, endings=_LISTS)


def page_path(path: Path | None) -> Path | None:
    """Check before long work that a page can be written there; see `writable_path`."""
    return writable_path(path, endings=_PAGE)


def bundle_place(folder: Path, output: Path | None, *, in_place: bool) -> Path:
    """Where a changed bundle goes: into a new folder, or into its own.

    Raises:
        ParameterError: neither is said, or both.
        BundleError: the new folder is there already.
    """
    if in_place == (output is not None):
        raise ParameterError(
            "Say where the updated bundle is to be: either -o with a new folder, or --in-place."
        )
    if output is None:
        return folder
    if output.exists():
        raise BundleError(
            f"There already is {str(output)!r}: choose another folder, or update it --in-place."
        )
    return output


def write_page(result: object, page: Path | None, **options: Any) -> None:
    """Write the page of a result where one was asked for, and say so."""
    if page is None:
        return
    from penchant.reporting import report

    report(result, page, **options)
    logger.info(f"Wrote {page}.")
