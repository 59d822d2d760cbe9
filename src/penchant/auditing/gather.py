"""Add predictions, lists, features and other files to the material of an audit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.auditing.external_lists import with_list_table
from penchant.auditing.external_predictions import with_prediction_tables
from penchant.auditing.feature_rows import features_of
from penchant.auditing.material import Lists, Material, Predictions, UnknownIds
from penchant.auditing.table_reading import (
    NamedPairs,
    aligned,
    frame_of,
    lists_of,
    named_pairs,
    pair_columns,
    value_columns,
)
from penchant.errors import DataError, ParameterError
from penchant.results.finding import EXAMPLES
from penchant.results.tuning.result import Tuning
from penchant.typing import Int64


def with_files(
    material: Material,
    *,
    predictions: Any = None,
    features: Any = None,
    target: str | None = None,
    lists: Any = None,
    negatives: Any = None,
    candidates: Any = None,
    history: Any = None,
    trials: Any = None,
) -> Material:
    """The material with what was given beside the split.

    Raises:
        DataError: something cannot be read, or lacks a column.
        ParameterError: it makes no sense without a split.
    """
    needs = {"predictions": predictions, "lists": lists, "negatives": negatives}
    for name, given in (needs | {"candidates": candidates}).items():
        if given is not None and material.split is None:
            raise ParameterError(f"An audit of {name} needs the split, or train and test.")
    if predictions is not None:
        material = _with_predictions(material, predictions)
    if lists is not None:
        by_name: dict[str, Lists] = dict(material.lists)
        for name, source in _named(lists, "lists"):
            frame, _ = frame_of(source)
            pairs = named_pairs(material.log, frame, name)
            by_name[name] = lists_of(pairs, frame, name)
            material = _with_unknown(material, name, pairs)
        material = replace(material, lists=by_name)
    if features is not None:
        table = features_of(frame_of(features)[0], material, target)
        material = replace(material, features=table)
    if negatives is not None:
        pairs = named_pairs(material.log, frame_of(negatives)[0], "the table of negatives")
        material = _with_unknown(material, "the table of negatives", pairs)
        material = replace(material, negatives=pairs.keys)
    if candidates is not None:
        pairs = _candidates(material, candidates)
        material = _with_unknown(material, "the table of candidates", pairs)
        both = pl.DataFrame({"user": pl.Series(pairs.user), "item": pl.Series(pairs.item)})
        material = replace(material, candidates=both)
    if history is not None:
        material = replace(material, history=_history(history))
    if trials is not None:
        material = replace(material, trials=trials_of(trials))
    return with_list_table(with_prediction_tables(material))


def trials_of(source: Any) -> pl.DataFrame:
    """A tuning's trials with the column `score`, higher is better.

    Raises:
        DataError: there is no column `score`.
    """
    if isinstance(source, Tuning):
        sign = 1.0 if source.higher_is_better else -1.0
        rows = [
            dict(trial.values) | {"score": sign * trial.score}
            for trial in source.trials
            if trial.score is not None
        ]
        return pl.DataFrame(rows, infer_schema_length=None, strict=False)
    frame, _ = frame_of(source)
    if "score" not in frame.columns:
        raise DataError("The trials need a column score, higher being better.")
    return frame


def _named(given: Any, what: str) -> Iterable[tuple[str, Any]]:
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, list | tuple):
        return [(frame_name(source) or f"{what} {n}", source) for n, source in enumerate(given, 1)]
    return [(frame_name(given) or what, given)]


def frame_name(source: Any) -> str:
    """The stem of a file's name, empty for a frame."""
    return Path(source).stem if isinstance(source, str | Path) else ""


def _with_predictions(material: Material, given: Any) -> Material:
    log = material.log
    wanted = material.pairs[material.test_rows]
    truth = log.ratings[material.test_rows].astype(float) if log.has_ratings else None
    user = material.test_users.astype(np.int64)
    predictions, scored, rows = dict(material.predictions), dict(material.scored_pairs), {}
    for file, source in _named(given, "predictions"):
        frame, _ = frame_of(source)
        columns = value_columns(frame, pair_columns(frame, file))
        if not columns:
            raise DataError(f"{file} has no column of numbers that could be predictions.")
        pairs = named_pairs(log, frame, file)
        material = _with_unknown(material, file, pairs)
        scored[file] = pairs.keys
        rows[file] = _rows_fingerprint(pairs.keys)
        for column in columns:
            values = frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
            name = file if len(columns) == 1 else f"{file}: {column}"
            predictions[name] = Predictions(
                aligned(pairs, values, wanted, name), truth, user, external=True
            )
    if len(rows) > 1:
        material = replace(material, fingerprints=rows)
    return replace(material, predictions=predictions, scored_pairs=scored)


def _rows_fingerprint(keys: Int64) -> str:
    return hashlib.sha256(np.unique(keys).tobytes()).hexdigest()[:16]


def _with_unknown(material: Material, name: str, pairs: NamedPairs) -> Material:
    """The material with what a table names that the log does not have."""
    at = np.flatnonzero(pairs.unknown)
    first = at[:EXAMPLES]
    examples = pairs.ids[first].insert_column(0, pl.Series("row", first + 1))
    unknown = UnknownIds(len(pairs.keys), len(at), examples)
    return replace(material, unknown_ids={**material.unknown_ids, name: unknown})


def _candidates(material: Material, source: Any) -> NamedPairs:
    frame, _ = frame_of(source)
    if "items" in frame.columns and frame["items"].dtype == pl.List:
        frame = frame.rename({"items": "item"}).explode("item")
    return named_pairs(material.log, frame, "the table of candidates")


def _history(source: Any) -> pl.DataFrame:
    frame, _ = frame_of(source)
    for column in ("test", "kept"):
        if column not in frame.columns:
            raise DataError(
                f"The history has no column {column!r}: it needs test (higher is better) and kept "
                "(1 for the epoch or trial that was kept), and should have validation and run."
            )
    return frame
