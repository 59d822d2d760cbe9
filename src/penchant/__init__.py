"""From a log of who liked what to recommendations one can trust.

The public names are imported when they are first used, so that `import penchant` costs nothing.
Models are in `penchant.models`, metrics in `penchant.metrics`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penchant import metrics, models
    from penchant.association.together import together
    from penchant.auditing import audit
    from penchant.bundle import restore, save
    from penchant.capacity import plan
    from penchant.claims import claim
    from penchant.data.attributes.binary import item_attributes
    from penchant.data.attributes.rows import attribute_rows, attribute_sets
    from penchant.data.attributes.sql import attribute_rows_sql, attributes_sql, sql_tables
    from penchant.data.attributes.sql_export import write_sql
    from penchant.data.dataset import Dataset
    from penchant.data.encoded_log import write_encoded
    from penchant.data.histories import Histories
    from penchant.data.positive import with_positive
    from penchant.data.predefined import split_predefined
    from penchant.data.quality.filters import between, drop_duplicates, k_core, rating_range, where
    from penchant.data.quality.log_check import check
    from penchant.data.quality.log_summary import summary
    from penchant.data.sources import fetch, load
    from penchant.data.sources.releases import read
    from penchant.data.split_files import write_split
    from penchant.data.splits import Split
    from penchant.data.splitting import (
        k_fold,
        split,
        split_by_time,
        split_cold_items,
        split_leave_last_out,
        split_next_basket,
        split_per_user,
        split_random,
        split_sessions,
        split_users,
    )
    from penchant.data.target import Adjusted, Interaction, Like, Rating, Target
    from penchant.errors import PenchantError
    from penchant.evaluation import Evaluation, evaluate, evaluate_predictions
    from penchant.evaluation.backtest import backtest
    from penchant.evaluation.folds import cross_validate
    from penchant.experiments.assignment import arm_of, arms_of
    from penchant.experiments.comparison import compare_arms
    from penchant.experiments.exploration import sample_list
    from penchant.experiments.off_policy import estimate_off_policy
    from penchant.explanation import (
        attribute_fidelity,
        explain,
        explain_lists,
        explanation_fidelity,
    )
    from penchant.exploration.log_exploration import explore
    from penchant.export import export_onnx, export_vectors
    from penchant.group_lists import recommend_group
    from penchant.interchange import from_library, lists_from, predictions_from, to_library
    from penchant.like_lists import likes
    from penchant.models.base import Recommender
    from penchant.reporting import report
    from penchant.reporting.inline import charts
    from penchant.retrieval import build_index
    from penchant.rules import Rules, recommend
    from penchant.run import Run
    from penchant.similarity.items import similar
    from penchant.similarity.users import similar_users
    from penchant.tracking import MLflowTracker
    from penchant.transfer import joined
    from penchant.tuning import Tuning, tune

    __version__: str

__all__ = [
    "Adjusted",
    "Dataset",
    "Evaluation",
    "Histories",
    "Interaction",
    "Like",
    "MLflowTracker",
    "PenchantError",
    "Rating",
    "Recommender",
    "Rules",
    "Run",
    "Split",
    "Target",
    "Tuning",
    "__version__",
    "arm_of",
    "arms_of",
    "attribute_fidelity",
    "attribute_rows",
    "attribute_rows_sql",
    "attribute_sets",
    "attributes_sql",
    "audit",
    "backtest",
    "between",
    "build_index",
    "charts",
    "check",
    "claim",
    "compare_arms",
    "cross_validate",
    "drop_duplicates",
    "estimate_off_policy",
    "evaluate",
    "evaluate_predictions",
    "explain",
    "explain_lists",
    "explanation_fidelity",
    "explore",
    "export_onnx",
    "export_vectors",
    "fetch",
    "from_library",
    "item_attributes",
    "joined",
    "k_core",
    "k_fold",
    "likes",
    "lists_from",
    "load",
    "metrics",
    "models",
    "plan",
    "predictions_from",
    "rating_range",
    "read",
    "recommend",
    "recommend_group",
    "report",
    "restore",
    "sample_list",
    "save",
    "similar",
    "similar_users",
    "split",
    "split_by_time",
    "split_cold_items",
    "split_leave_last_out",
    "split_next_basket",
    "split_per_user",
    "split_predefined",
    "split_random",
    "split_sessions",
    "split_users",
    "sql_tables",
    "summary",
    "to_library",
    "together",
    "tune",
    "where",
    "with_positive",
    "write_encoded",
    "write_split",
    "write_sql",
]

_PLACES = {
    "auditing": ("audit",),
    "bundle": ("restore", "save"),
    "capacity": ("plan",),
    "claims": ("claim",),
    "data.attributes.rows": ("attribute_rows", "attribute_sets"),
    "data.attributes.binary": ("item_attributes",),
    "data.attributes.sql": ("attribute_rows_sql", "attributes_sql", "sql_tables"),
    "data.dataset": ("Dataset",),
    "data.quality.log_check": ("check",),
    "data.quality.log_summary": ("summary",),
    "data.quality.filters": ("between", "drop_duplicates", "k_core", "rating_range", "where"),
    "data.positive": ("with_positive",),
    "data.predefined": ("split_predefined",),
    "data.histories": ("Histories",),
    "data.sources": ("fetch", "load"),
    "data.sources.releases": ("read",),
    "data.encoded_log": ("write_encoded",),
    "data.split_files": ("write_split",),
    "data.splits": ("Split",),
    "data.splitting": (
        "k_fold",
        "split",
        "split_by_time",
        "split_cold_items",
        "split_leave_last_out",
        "split_next_basket",
        "split_per_user",
        "split_random",
        "split_sessions",
        "split_users",
    ),
    "data.target": ("Adjusted", "Interaction", "Like", "Rating", "Target"),
    "data.attributes.sql_export": ("write_sql",),
    "errors": ("PenchantError",),
    "evaluation.backtest": ("backtest",),
    "evaluation.folds": ("cross_validate",),
    "evaluation": ("Evaluation", "evaluate", "evaluate_predictions"),
    "experiments.assignment": ("arm_of", "arms_of"),
    "experiments.comparison": ("compare_arms",),
    "experiments.off_policy": ("estimate_off_policy",),
    "experiments.exploration": ("sample_list",),
    "explanation": (
        "attribute_fidelity",
        "explain",
        "explain_lists",
        "explanation_fidelity",
    ),
    "exploration.log_exploration": ("explore",),
    "export": ("export_onnx", "export_vectors"),
    "group_lists": ("recommend_group",),
    "interchange": ("from_library", "lists_from", "predictions_from", "to_library"),
    "like_lists": ("likes",),
    "models.base": ("Recommender",),
    "reporting": ("report",),
    "reporting.inline": ("charts",),
    "retrieval": ("build_index",),
    "rules": ("Rules", "recommend"),
    "run": ("Run",),
    "association.together": ("together",),
    "similarity.items": ("similar",),
    "similarity.users": ("similar_users",),
    "tracking": ("MLflowTracker",),
    "transfer": ("joined",),
    "tuning": ("Tuning", "tune"),
}
_HOMES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    value: Any
    if name in _HOMES:
        value = getattr(importlib.import_module(f"penchant.{_HOMES[name]}"), name)
    elif name in ("metrics", "models"):
        value = importlib.import_module(f"penchant.{name}")
    elif name == "__version__":
        from importlib.metadata import version

        value = version("penchant")
    else:
        raise AttributeError(f"module 'penchant' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
