"""What decides the trials of a study, so that one of something else is not gone on with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.splits import Split
from penchant.evaluation.relevant_events import Relevant, relevance_of
from penchant.metrics import Metric
from penchant.models import spec_of
from penchant.models.base import Recommender
from penchant.results.formatting import join_names
from penchant.results.tuning.result import Maker
from penchant.results.tuning.trial import Range, value_text

_ROWS = 50_000  # of a table that become text at once
_CORE = ("user", "item", "rating", "weight", "time")  # columns that a log's fingerprint covers


def study_setup(
    model: Recommender | Maker,
    split: Split,
    metric: Metric,
    space: Mapping[str, Range],
    *,
    method: str,
    seed: int,
    like: float | None,
    relevant: Relevant | None = None,
) -> dict[str, Any]:
    """Everything that decides trials but for their number, as JSON has it.

    What is relevant is there where it is not what the log says.
    """
    usual = relevant is None or relevant == relevance_of(split.log, None)
    return {
        "data": f"{split.fingerprint}-{_tables_digest(split.log)}",
        "model": _model_text(model, space),
        "metric": repr(metric) if is_dataclass(metric) else metric.name,
        "like": like,
        "space": {name: _range_text(range_) for name, range_ in space.items()},
        "method": method,
        "seed": seed,
        **({} if usual else {"relevant": relevant}),
    }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What a study was begun with and what is asked for now, where these differ; else ''."""
    if old.get("data") != new["data"]:
        return "other data or another split"
    names = [name for name in {**new, **old} if old.get(name) != new.get(name)]
    if not names:
        return ""
    before, now = (
        join_names([f"{name} {_short(setup.get(name))}" for name in names]) for setup in (old, new)
    )
    return f"{before}, not {now}"


def _short(value: Any) -> str:
    if value is None:
        return "left open"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={text}" for name, text in value.items())
    return str(value)


def _range_text(range_: Range) -> str:
    """What can be tried, as the command line writes it."""
    if range_.values:
        return ",".join(map(value_text, range_.values))
    return f"{range_.low!r}..{range_.high!r}{':log' if range_.log else ''}"


def _model_text(model: Recommender | Maker, space: Mapping[str, Range]) -> str:
    """A model's text; of a function the text of the model that it makes first."""
    if isinstance(model, Recommender):
        return spec_of(model)
    return spec_of(model(**{n: r.values[0] if r.values else r.low for n, r in space.items()}))


def _tables_digest(log: Dataset) -> str:
    """A hash of what the log's own fingerprint leaves out: further columns, and its tables."""
    content = hashlib.blake2b(digest_size=8)
    for table in (log.events.drop(_CORE, strict=False), log.item_table, log.user_table):
        if table is None:
            continue
        content.update(f"{table.height} {table.schema}".encode())
        table = table.with_columns(pl.col(pl.Binary).bin.encode("hex"))
        # Polars writes neither of these as text, nor bytes inside of lists.
        plain = [n for n, t in table.schema.items() if not re.search("Binary|Object", str(t))]
        for part in table.select(plain).iter_slices(_ROWS):
            if part.width:
                content.update(part.write_ndjson().encode())
    return content.hexdigest()
