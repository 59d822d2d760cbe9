"""Logs: reading, checking, filtering, splitting, and what models see of them."""

from penchant.data.dataset import Dataset
from penchant.data.event_columns import EVENT_COLUMNS
from penchant.data.holdout import Holdout, Rows
from penchant.data.splits import GIVEN, TEST, TRAIN, UNUSED, VALIDATION, Split
from penchant.data.splitting import (
    split_by_time,
    split_leave_last_out,
    split_per_user,
    split_random,
)
from penchant.data.target import Adjusted, Like, Rating, Target
from penchant.data.vocabulary import Id

__all__ = [
    "EVENT_COLUMNS",
    "GIVEN",
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
    "split_leave_last_out",
    "split_per_user",
    "split_random",
]
