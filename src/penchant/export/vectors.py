"""Vectors of items and users as tables, for databases that look for near ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.atomic_write import atomic_path, draft_folder, require_writable, write_text_atomically
from penchant.data.histories import Histories
from penchant.data.tables import titles_of
from penchant.data.vocabulary import Vocabulary
from penchant.errors import NotFittedError, ParameterError
from penchant.models.base import Recommender
from penchant.models.protocols import ItemVectors, UserVectors
from penchant.models.table import names_of, spec_of
from penchant.notebook import ShownAsText
from penchant.retrieval.products import product_vectors
from penchant.run import Run
from penchant.typing import Float32
from penchant.wording import counted

ITEMS, USERS, FACTS = "items.parquet", "users.parquet", "vectors.json"
FORMAT = "penchant vectors 1"
_ROWS = 2**16  # of users at once

Similarity = Literal["product", "cosine"]


@dataclass(frozen=True)
class VectorExport(ShownAsText):
    """What was written.

    Attributes:
        folder: of the files.
        similarity: `product` where the inner product of a user's and an item's vector is the
            model's score, otherwise `cosine`: then the cosine says how alike two items, or two
            users, are.
        dim: length of the vectors.
        n_items: rows of `items.parquet`.
        n_users: rows of `users.parquet`, 0 where there is none.
    """

    folder: Path
    similarity: Similarity
    dim: int
    n_items: int
    n_users: int

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self) | {"folder": str(self.folder)}

    def __str__(self) -> str:
        what = {
            "product": "the inner product of a user's and an item's vector is the model's score",
            "cosine": "the cosine of two vectors says how alike they are",
        }[self.similarity]
        users = f" and {counted(self.n_users, 'user')}" if self.n_users else ""
        items = counted(self.n_items, "item")
        return f"Vectors of {items}{users}, of length {self.dim}, in {self.folder}: {what}."


def export_vectors(
    model: Recommender, folder: str | Path, *, run: Run | None = None
) -> VectorExport:
    """Write the vectors of a model's items, and of the users of its log, as Parquet.

    `items.parquet` has the columns `id`, `title` and `vector`, and `users.parquet` `id` and
    `vector`, of float32 numbers, as many in each row. Items of which the model knows nothing are
    left out. `vectors.json` says what the vectors are of and how they are compared. Each file
    appears whole, and others in the folder are left alone.

    Args:
        model: a fitted model with vectors of items.
        folder: where the files are to be.
        run: threads and progress.

    Raises:
        ParameterError: the model has no vectors of items, or the folder cannot be written.
        NotFittedError: the model has not been fitted.

    Example:
        >>> model = make("ials").fit(planted_pairs())
        >>> pn.export_vectors(model, "vectors").folder.name
        'vectors'
    """
    folder, run = Path(folder), run or Run()
    if not model.is_fitted:
        raise NotFittedError(f"{type(model).__name__} must be fitted before it is exported.")
    similarity: Similarity = "product"
    if (products := product_vectors(model)) is not None:
        items, known = products.items, products.known
        user_rows: Callable[[Histories], Float32] | None = products.users
    elif isinstance(model, ItemVectors):
        similarity, items = "cosine", model.item_vectors()
        known = np.asarray(items.any(axis=1))
        user_rows = model.user_vectors if isinstance(model, UserVectors) else None
    else:
        raise ParameterError(
            f"{spec_of(model)} has no vectors of items: {', '.join(names_of(ItemVectors))} have."
        )
    if folder.is_file():
        raise ParameterError(f"{str(folder)!r} is a file: name a folder for the vectors.")
    for name in (ITEMS, USERS, FACTS):
        require_writable(folder / name)
    index = np.flatnonzero(known).astype(np.int32)
    titles = titles_of(model.items_, model.item_table_, index)
    table = pl.DataFrame(
        [
            model.items_.take(index).alias("id"),
            pl.Series("title", titles, pl.String),
            _vectors(items[index]),
        ]
    )
    with atomic_path(folder / ITEMS) as draft:
        table.write_parquet(draft)
    n_users = 0
    if user_rows is not None:
        n_users = _write_users(model.histories_of(), model.users_, user_rows, folder / USERS, run)
    done = VectorExport(folder, similarity, int(items.shape[1]), len(index), n_users)
    facts = {
        "format": FORMAT,
        "model": spec_of(model),
        "log": model.log_name_,
        "log_fingerprint": model.log_fingerprint_,
        **{name: value for name, value in done.to_dict().items() if name != "folder"},
    }
    write_text_atomically(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", folder / FACTS)
    return done


def _write_users(
    users: Histories,
    ids: Vocabulary,
    rows: Callable[[Histories], Float32],
    path: Path,
    run: Run,
) -> int:
    """Write the vectors of users, some at a time, and return how many there are."""
    with atomic_path(path) as draft, draft_folder(path) as pieces:
        parts: list[Path] = []
        with run.progress.task("vectors of users", len(users)) as task:
            for block in _blocks(users):
                table = pl.DataFrame([ids.take(block.users).alias("id"), _vectors(rows(block))])
                parts.append(pieces / f"{len(parts):06d}.parquet")
                table.write_parquet(parts[-1])
                task.advance(len(block))
        pl.scan_parquet(parts).sink_parquet(draft)
    return len(users)


def _blocks(users: Histories) -> Iterator[Histories]:
    for start in range(0, max(1, len(users)), _ROWS):
        yield users.block(start, start + _ROWS)


def _vectors(rows: Float32) -> pl.Series:
    rows = np.ascontiguousarray(rows, np.float32)
    return pl.Series("vector", rows, dtype=pl.Array(pl.Float32, rows.shape[1]))
