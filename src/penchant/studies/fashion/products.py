"""Products with titles and pictures: where the pictures come from, and the vectors of both."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data import Dataset
from penchant.data.images import CrawlPolicy, fetch_images, image_paths
from penchant.errors import DataError, MissingExtraError
from penchant.features import ItemContent, with_pictures
from penchant.run import Run
from penchant.studies.fashion.thumbnails import thumbnail

logger = logging.getLogger(__name__)

GENERATED, NONE = "generated", "none"
_MOST_DRAWN = 2000  # products for which pictures are drawn
TEXT, PICTURE = "title", "picture"


@dataclass(frozen=True)
class ContentVectors:
    """The vectors that a branch of the network reads.

    Attributes:
        kind: `title` or `picture`.
        length: of each.
        products: that have one.
        distinct: how many of these differ.
        source: what they are made of, in words.
    """

    kind: str
    length: int
    products: int
    distinct: int
    source: str


@dataclass(frozen=True)
class ShownProduct:
    """A product with its title and picture.

    Attributes:
        item: its id.
        title: empty without one.
        image: a small JPEG as a data URI.
        status: what fetching the picture came to.
        reason: why there is none.
    """

    item: str
    title: str
    image: str
    status: str
    reason: str


@dataclass(frozen=True)
class ProductContent:
    """What is known of the products beside reviews.

    Attributes:
        origin: where pictures come from, `generated`, `none` or a folder.
        vectors: of titles and pictures, as far as there are any.
        products: all of them.
        fetched: how many pictures ended in which status; empty where none were fetched.
    """

    origin: str
    vectors: list[ContentVectors]
    products: list[ShownProduct]
    fetched: dict[str, int]


@dataclass(frozen=True, eq=False)
class ProductLog:
    """The reviews, with vectors of pictures in the item table, and what is known of products."""

    log: Dataset
    content: ProductContent


def with_product_pictures(log: Dataset, pictures: str, run: Run) -> ProductLog:
    """The log with a vector of each product's picture.

    Args:
        log: reviews; titles are in the item table, where there are any.
        pictures: `generated` draws them from the titles, serves them at an address of this machine
            and fetches them from there; `none`; or the folder of pictures that
            `penchant images` fetched.
        run: threads and progress.

    Raises:
        DataError: the folder has no pictures of these products.
    """
    if pictures == NONE or (pictures == GENERATED and log.n_items > _MOST_DRAWN):
        return ProductLog(log, _content(log, NONE, {}, {}))
    try:
        if pictures != GENERATED:
            folder = Path(pictures)
            return _encode(log, folder, pictures, {}, run)
        with tempfile.TemporaryDirectory() as name:
            fetched = fetch_drawings(log, Path(name), run)
            return _encode(log, Path(name), GENERATED, fetched, run)
    except MissingExtraError as error:
        logger.info(f"fashion: pictures take no part: {error}")
        return ProductLog(log, _content(log, NONE, {}, {}))


def fetch_drawings(log: Dataset, folder: Path, run: Run) -> dict[str, tuple[str, str]]:
    """Draw a picture of each product with a title, serve it here and fetch it into a folder.

    Returns:
        status and reason by product; products without a title have no address.
    """
    # Drawing needs Pillow, which not everybody has.
    from penchant.studies.fashion.drawings import draw_product
    from penchant.studies.fashion.picture_server import serve_pictures

    ids = log.items.ids.cast(pl.String).to_list()
    drawn = {
        f"{item}.jpg": draw_product(item, title)
        for item, title in zip(ids, titles_of(log), strict=True)
        if title
    }
    with serve_pictures(drawn) as address:
        urls = [[f"{address}/{item}.jpg"] if f"{item}.jpg" in drawn else ["n/a"] for item in ids]
        table = pl.DataFrame({"item": log.items.ids, "urls": urls})
        policy = CrawlPolicy(allow_private=True)  # that is where the server is
        report = fetch_images(table, folder, policy=policy, run=run)
    return {str(result.item): (result.status, result.reason) for result in report.results}


def titles_of(log: Dataset) -> list[str]:
    """The title of each product, empty where it has none."""
    table = log.item_table
    if table is None or "title" not in table.columns:
        return [""] * log.n_items
    return table["title"].fill_null("").to_list()


def _encode(
    log: Dataset, folder: Path, origin: str, fetched: Mapping[str, tuple[str, str]], run: Run
) -> ProductLog:
    # Random directions give as many numbers as the published vectors have, however few products
    # there are, and do not depend on which of them are in the training part.
    pictured = with_pictures(log, folder, directions="random", run=run)
    paths = {str(item): path for item, path in image_paths(log, folder).items()}
    return ProductLog(pictured, _content(pictured, origin, paths, fetched))


def _content(
    log: Dataset, origin: str, paths: Mapping[str, Path], fetched: Mapping[str, tuple[str, str]]
) -> ProductContent:
    ids, titles = log.items.ids.cast(pl.String).to_list(), titles_of(log)
    statuses = [fetched.get(item, ("", "")) for item in ids]
    counts: dict[str, int] = {}
    for status, _ in statuses if fetched else ():
        counts[status] = counts.get(status, 0) + 1
    return ProductContent(
        origin=origin,
        vectors=_vectors(log, origin),
        products=[
            ShownProduct(item, title, thumbnail(paths.get(item)), *status)
            for item, title, status in zip(ids, titles, statuses, strict=True)
        ]
        if paths
        else [],
        fetched=counts,
    )


def _vectors(log: Dataset, origin: str) -> list[ContentVectors]:
    """What the network reads of titles and pictures."""
    sources = {
        TEXT: (("text",), "titles, by latent semantic analysis of them and reviews"),
        PICTURE: (
            ("vectors",),
            ("drawings" if origin == GENERATED else "pictures") + ", read by an image encoder",
        ),
    }
    vectors = []
    for kind, (parts, source) in sources.items():
        try:
            rows = ItemContent.of(log, parts).together()
        except DataError:  # there are none
            continue
        known = rows[(rows != 0).any(axis=1)]
        distinct = len(np.unique(known.round(5), axis=0))
        vectors.append(ContentVectors(kind, rows.shape[1], len(known), distinct, source))
    return vectors
