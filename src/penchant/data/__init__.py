"""Logs: reading, checking, filtering, splitting, and what models see of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.data.dataset import EVENT_COLUMNS, Dataset
    from penchant.data.holdout import Holdout, Rows
    from penchant.data.splits import (
        TEST,
        TRAIN,
        UNUSED,
        VALIDATION,
        Split,
        split_by_time,
        split_per_user,
        split_random,
    )
    from penchant.data.target import Adjusted, Like, Rating, Target
    from penchant.data.vocabulary import Id
else:
    __getattr__ = exporter(
        __name__,
        {
            "EVENT_COLUMNS": "dataset",
            "Dataset": "dataset",
            "Holdout": "holdout",
            "Rows": "holdout",
            "Split": "splits",
            "TEST": "splits",
            "TRAIN": "splits",
            "UNUSED": "splits",
            "VALIDATION": "splits",
            "split_by_time": "splits",
            "split_per_user": "splits",
            "split_random": "splits",
            "Adjusted": "target",
            "Like": "target",
            "Rating": "target",
            "Target": "target",
            "Id": "vocabulary",
        },
    )

__all__ = [
    "EVENT_COLUMNS",
    "TEST",
    "TRAIN",
    "UNUSED",
    "VALIDATION",
    "Adjusted",
    "Dataset",
    "Holdout",
    "Id",
    "Like",
    "Rating",
    "Rows",
    "Split",
    "Target",
    "split_by_time",
    "split_per_user",
    "split_random",
]
