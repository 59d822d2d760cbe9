"""Fitted recommenders as files of ONNX, which other programs run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from penchant.atomic_write import atomic_path, require_writable
from penchant.data.tables import titles_of
from penchant.errors import NotFittedError, require
from penchant.export.evidence import is_known
from penchant.export.exportable import reads_ratings, scores_of
from penchant.export.graph import Graph
from penchant.export.history import History
from penchant.export.verification import Verification, verify
from penchant.models.base import Recommender
from penchant.models.table import spec_of
from penchant.notebook import ShownAsText
from penchant.run import Run, versions

ENDINGS = (".onnx",)
FORMAT = "penchant onnx 1"


@dataclass(frozen=True)
class OnnxExport(ShownAsText):
    """What was written.

    Attributes:
        path: of the model.
        items_path: of the ids and titles of its items.
        size: of the model's file, in bytes.
        verification: how it compares with the model that it was made of.
    """

    path: Path
    items_path: Path
    size: int
    verification: Verification

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        found = asdict(self)
        return found | {"path": str(self.path), "items_path": str(self.items_path)}

    def __str__(self) -> str:
        return (
            f"{self.path} ({self.size / 1e6:.1f} MB) with the items in {self.items_path}. "
            f"{self.verification}"
        )


def export_onnx(
    model: Recommender, path: str | Path, *, k: int = 10, run: Run | None = None
) -> OnnxExport:
    """Write a fitted recommender as a file of ONNX, once it has been found to answer the same.

    The graph takes histories of item indices and gives scores of all items and the `k` best ones;
    see docs/export.md for its inputs and outputs. The ids and titles of the items are written
    beside it. Both files appear when onnxruntime has given what the model gives for users of its
    log, or not at all.

    Args:
        model: a fitted recommender.
        path: the file, which ends in .onnx.
        k: items in a list, where whoever runs the graph does not say it.
        run: threads and progress.

    Raises:
        ParameterError: the model cannot be exported, is too large, or the file cannot be written.
        PenchantError: onnxruntime gives something else than the model.
        MissingExtraError: the extra `onnx` is not installed.
        NotFittedError: the model has not been fitted.
    """
    path = require_writable(Path(path), endings=ENDINGS)
    if not model.is_fitted:
        raise NotFittedError(f"{type(model).__name__} must be fitted before it is exported.")
    for module in ("onnx", "onnxruntime"):
        require(module, "onnx")
    items_path = path.with_suffix(".items.json")
    items = json.dumps(_items(model), ensure_ascii=False).encode()
    proto = onnx_model(model, k, {"items_sha256": hashlib.sha256(items).hexdigest()})
    with atomic_path(path) as draft, atomic_path(items_path) as items_draft:
        draft.write_bytes(proto.SerializeToString())
        size = draft.stat().st_size
        del proto
        verification = verify(model, draft, run or Run())
        items_draft.write_bytes(items)
    return OnnxExport(path, items_path, size, verification)


def onnx_model(model: Recommender, k: int, metadata: dict[str, str]) -> Any:
    """The model as a ModelProto, checked for form."""
    scores_from = scores_of(model)
    graph, n_items = Graph(), len(model.items_)
    history = History(graph, n_items, ratings=reads_ratings(model))
    scores = _with_popularity(model, history, scores_from(model, history))
    best = graph.input("k", "int64", [1], [k])
    exclude = graph.input("exclude_seen", "bool", [1], [True])
    left_out = graph.op("And", history.seen, exclude)
    scores = graph.op("Where", left_out, graph.floats(-np.inf), scores)
    top_items, top_scores = _best(model, graph, scores, best)
    facts = {
        "format": FORMAT,
        "model": spec_of(model),
        "log": model.log_name_,
        "log_fingerprint": model.log_fingerprint_,
        "n_items": str(n_items),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        **versions(),
    }
    proto = graph.model(
        {
            "scores": (scores, "float", ["n_users", n_items]),
            "top_items": (top_items, "int64", ["n_users", "k"]),
            "top_scores": (top_scores, "float", ["n_users", "k"]),
        },
        type(model).__name__,
        facts | metadata,
    )
    require("onnx", "onnx").checker.check_model(proto)
    return proto


def _with_popularity(model: Recommender, history: History, scores: str) -> str:
    """The popularity of items for users whose history tells nothing, as in the model's lists."""
    g = history.graph
    if model.baseline_for:  # which answer everybody as they are
        return scores
    return g.op("Where", is_known(model, history), scores, g.floats(model.histories_.popularity))


def _best(model: Recommender, g: Graph, scores: str, k: str) -> tuple[str, str]:
    """int64[n_users, k] items, -1 where none is left, and float32[n_users, k] their scores.

    Of equal scores the more popular item comes first: ONNX takes the one with the lower place, and
    places are put in the order of popularity.
    """
    rank = model.fallback.order
    order = g.integers(np.argsort(rank if rank is not None else np.zeros(len(model.items_))))
    most = g.op("Min", k, g.integers([len(model.items_)]))
    values, places = g.ops("TopK", [g.op("Gather", scores, order, axis=1), most], 2, axis=1)
    left = g.op("Greater", values, g.floats(-np.inf))
    return g.op("Where", left, g.op("Gather", order, places), g.integers(-1)), values


def _items(model: Recommender) -> dict[str, Any]:
    """What stands beside the graph: the ids of items in the order of their indices, and titles."""
    n_items = len(model.items_)
    every = np.arange(n_items, dtype=np.int32)
    titled = model.item_table_ is not None and "title" in model.item_table_.columns
    return {
        "format": FORMAT,
        "model": spec_of(model),
        "log_fingerprint": model.log_fingerprint_,
        "ids": model.items_.ids.to_list(),
        "titles": titles_of(model.items_, model.item_table_, every) if titled else None,
    }
