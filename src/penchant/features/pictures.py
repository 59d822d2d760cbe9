"""Pictures of items as a column of vectors in their table."""

from __future__ import annotations

import logging
from pathlib import Path

from penchant.data.dataset import Dataset
from penchant.data.images import image_paths
from penchant.encoders.image import image_encoder
from penchant.encoders.image.base import Directions
from penchant.errors import DataError
from penchant.features.item_content import refuse_taken, with_vectors
from penchant.run import Run
from penchant.typing import Bool
from penchant.wording import counted

logger = logging.getLogger(__name__)

COLUMN = "picture"
_FEWEST = 2  # pictures that differ in some direction


def with_pictures(
    log: Dataset,
    folder: str | Path,
    *,
    encoder: str = "auto",
    learned: Bool | None = None,
    directions: Directions = "principal",
    run: Run | None = None,
) -> Dataset:
    """The log with vectors of the pictures that a folder has of its items.

    The vectors are the column `picture` of the item table, zeros for items without a picture;
    content models such as `content-ease` take it as they take any column of vectors. Which
    directions the vectors have is decided by the pictures of items with events, and by nothing
    that users have done. How many items have a picture, and what could not be read, is said.

    Args:
        log: any log.
        folder: has files called `<item id>.<ending>`; see `penchant.data.images.image_paths`.
        encoder: `colour`, `cnn` or `auto`; see `penchant.encoders.image`.
        learned: bool[n_items], items whose pictures decide the directions; by default those with
            events. Leave out held-out items to treat them as unknown in this respect, too.
        directions: `principal`, or `random` for vectors of full length where pictures are few.
        run: threads and progress.

    Raises:
        DataError: there is no such folder, it has no pictures of these items or but one, or the
            item table already has a column `picture` that is no vectors.
        ParameterError: there is no such encoder.
        MissingExtraError: Pillow, or a package of the encoder, is not installed.
    """
    refuse_taken(log, COLUMN)
    describe = image_encoder(encoder, directions=directions)
    found = image_paths(log, folder)
    paths = [found.get(item) for item in log.items.ids.to_list()]
    wanted = log.item_counts > 0 if learned is None else learned
    usual = [path for path, use in zip(paths, wanted, strict=True) if use and path is not None]
    if len(usual) < _FEWEST:
        raise DataError(
            f"The folder {str(folder)!r} has pictures of {counted(len(usual), 'item')} with events "
            f"of {log.name!r}, and two are needed at least: call the files <item id>.<ending>, as "
            f"in {log.items.ids[0]}.jpg."
        )
    rows = describe.fit(usual, run=run).encode(paths, run=run)
    broken = {n: why for n, why in describe.unread_.items() if paths[n] is not None}
    logger.info(
        f"{folder}: {len(found) - len(broken):,} of {log.n_items:,} items have a picture, read by "
        f"{describe.name!r} as {rows.shape[1]} numbers."
    )
    if broken:
        first, why = next(iter(broken.items()))
        named = paths[first]
        logger.info(
            f"{folder}: {len(broken):,} file{'s' if len(broken) > 1 else ''} could not be read, "
            f"such as {named.name if named else ''} ({why})."
        )
    return with_vectors(log, COLUMN, rows)
