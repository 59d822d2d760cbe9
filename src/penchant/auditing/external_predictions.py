"""Compare predictions of another program with trivial answers on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from penchant.auditing.material import Material, Predictions
from penchant.data.splits import TEST
from penchant.data.target import Like
from penchant.metrics import AUC, RMSE, RowMetric, replicates
from penchant.results.tables import Entry, Table
from penchant.results.verdicts import Measurement, with_verdicts
from penchant.typing import Float64, Int64

_REPLICATES = 1000
_LEVEL = 0.95
_TRIVIAL = ("global-mean", "user-mean", "item-mean", "bias")


def with_prediction_tables(material: Material) -> Material:
    """The material with tables of its external predictions, and trivial answers beside them."""
    external = {n: p for n, p in material.predictions.items() if p.external and p.truth is not None}
    if material.split is None or not external:
        return material
    trivial = _trivial_predictions(material)
    by_task: dict[Literal["rating", "like"], dict[str, Predictions]] = {"rating": {}, "like": {}}
    for name, predictions in external.items():
        by_task["rating" if _are_ratings(predictions) else "like"][name] = predictions
    tables = [
        table
        for task, models in by_task.items()
        if models and (table := _table(material, task, models, trivial)) is not None
    ]
    return replace(material, computed_tables=(*material.computed_tables, *tables))


def _are_ratings(predictions: Predictions) -> bool:
    """Whether predictions are on the scale of the ratings."""
    assert predictions.truth is not None
    values = predictions.values[np.isfinite(predictions.values)]
    if not len(values):
        return False
    low, high = float(predictions.truth.min()), float(predictions.truth.max())
    margin = max(high - low, 1e-9) / 2
    return bool(low - margin <= np.median(values) <= high + margin) and not (
        values.min() >= 0 and values.max() <= 1 and low >= 1
    )


def _table(
    material: Material,
    task: Literal["rating", "like"],
    models: Mapping[str, Predictions],
    trivial: Mapping[str, Float64],
) -> Table | None:
    """All of one task on the rows that every model predicts; None where too few are left."""
    metric: RowMetric = RMSE() if task == "rating" else AUC()
    truth = next(iter(models.values())).truth
    assert truth is not None
    if task == "like":
        threshold = material.log.like_threshold
        truth = Like(threshold).of_ratings(truth).astype(float)
    rows = np.all([np.isfinite(p.values) for p in models.values()], axis=0)
    if rows.sum() < 2 or (task == "like" and np.ptp(truth[rows]) == 0):
        return None
    user: Int64 = np.unique(material.test_users[rows], return_inverse=True)[1].astype(np.int64)
    columns = {n: v[rows] for n, v in trivial.items()}
    columns |= {n: p.values[rows] for n, p in models.items()}
    measurements = {
        name: {
            metric.name: Measurement(
                metric(values, truth[rows]),
                replicates(metric, values, truth[rows], user, _REPLICATES, material.seed),
            )
        }
        for name, values in columns.items()
    }
    table = Table(
        task=task,
        metrics=(metric.name,),
        entries=tuple(Entry(name, trivial=name not in models) for name in columns),
        users=int(user.max()) + 1,
        rows=int(rows.sum()),
    )
    return with_verdicts(table, [metric], measurements, _LEVEL)


def _trivial_predictions(material: Material) -> dict[str, Float64]:
    """float64[n_test] of each trivial answer, in the order of the log's test events."""
    from penchant.models import find

    assert material.split is not None
    split = material.split
    events = split.log.subset(split.sides == TEST).events.with_row_index("at")
    order = ["user", "time"] if "time" in events.columns else ["user"]
    at = events.sort(order, maintain_order=True)["at"].to_numpy()  # as `Holdout.of` orders them
    predictions = {}
    for name in _TRIVIAL:
        model = find(name)().fit(split.train)
        values = np.empty(len(at))
        values[at] = model.predict(split.test.rows)  # type: ignore[attr-defined]
        predictions[name] = values
    return predictions
