"""The steps from a log to lists, and what their time and memory grow with."""

from __future__ import annotations

from penchant.capacity.amounts import (
    EVENTS,
    INVERSE,
    LEAST_SQUARES,
    PAIRS,
    SCORES,
    factor_bytes,
    log_bytes,
    model_bytes,
    parts_bytes,
)
from penchant.capacity.model_steps import MODEL_STEPS
from penchant.capacity.step import PARTS, SHARE, SPARSE, WITHOUT_OLD, Step

MAIN_STEPS: dict[str, Step] = {
    "read-csv": Step(title="read CSV", work=EVENTS, array_bytes=log_bytes, remedy=PARTS),
    "read-parquet": Step(title="read Parquet", work=EVENTS, array_bytes=log_bytes, remedy=PARTS),
    "check": Step(title="check", work=EVENTS, array_bytes=parts_bytes, remedy=WITHOUT_OLD),
    "split-time": Step(
        title="split by time", work=EVENTS, array_bytes=parts_bytes, remedy=WITHOUT_OLD
    ),
    "popular": Step(title="popular", work=EVENTS, array_bytes=log_bytes, remedy=WITHOUT_OLD),
    "item-knn": Step(
        title="item-knn",
        work=PAIRS,
        array_bytes=model_bytes(32, items=12_000),
        remedy=WITHOUT_OLD,
    ),
    "rp3beta": Step(
        title="rp3beta", work=PAIRS, array_bytes=model_bytes(60, items=3200), remedy=WITHOUT_OLD
    ),
    "ials": Step(
        title="ials",
        work=LEAST_SQUARES,
        array_bytes=factor_bytes,
        is_shared=True,
        remedy=f"lower `dim`, {WITHOUT_OLD}, or add machines (`penchant train --ray`)",
    ),
    "bpr": Step(
        title="bpr",
        work=EVENTS,
        array_bytes=model_bytes(30, users=1024, items=1024),
        remedy=f"lower `epochs`, or {WITHOUT_OLD}",
    ),
    "sparse-ease": Step(
        title="sparse-ease", work=PAIRS, remedy=f"lower `neighbours`, or {WITHOUT_OLD}"
    ),
    "ease": Step(title="ease", work=INVERSE, memory=lambda size: size.items**2, remedy=SPARSE),
    "lists": Step(
        title="lists of all users, exact",
        work=SCORES,
        array_bytes=factor_bytes,
        of_lists=1000,
        is_shared=True,
        remedy=SHARE,
    ),
}
"""Those that `penchant plan` shows unasked, by the names that measurements have."""

STEPS: dict[str, Step] = MAIN_STEPS | MODEL_STEPS
"""All of them."""
