"""Held-out rows with what several models predict for them, judged by row metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.metrics import Bootstrap, Metric, RowMetric, confusion_matrix, replicates
from penchant.results.tables import Table
from penchant.results.verdicts import Measurement, Measurements, with_verdicts
from penchant.typing import Bool, Float64, Int64


@dataclass(frozen=True, eq=False)
class MetricInputs:
    """What metrics take of the predictions of one model.

    Attributes:
        values: float64[n_rows] by the metric's name; None where the model predicts nothing that
            the metric takes.
        decided: bool[n_rows], where it says "like"; None where nothing is decided.
    """

    values: Mapping[str, Float64 | None]
    decided: Bool | None = None

    def subset(self, rows: Bool) -> MetricInputs:
        """Those of some of the rows."""
        return MetricInputs(
            {m: None if v is None else v[rows] for m, v in self.values.items()},
            None if self.decided is None else self.decided[rows],
        )


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """Rows, whose they are, what happened, and what several models predicted.

    Attributes:
        user: int64[n_rows].
        truth: float64[n_rows], ratings, or 1 for a like and 0 for none.
        inputs: by the model's name.
    """

    user: Int64
    truth: Float64
    inputs: Mapping[str, MetricInputs]

    def subset(self, rows: Bool) -> JudgedRows:
        """Some of the rows."""
        inputs = {name: own.subset(rows) for name, own in self.inputs.items()}
        return JudgedRows(self.user[rows], self.truth[rows], inputs)

    def fill(
        self, table: Table, metrics: Sequence[Metric], bootstrap: Bootstrap, *, resampled: bool
    ) -> tuple[Table, Measurements]:
        """The table with the figures of its entries on these rows, and what these are of.

        Args:
            table: of the models of `inputs`, without figures.
            metrics: of the table.
            bootstrap: settings of the intervals.
            resampled: whether there are intervals and verdicts.
        """
        measurements = {
            name: {m.name: self._measured(m, own, bootstrap, resampled) for m in metrics}
            for name, own in self.inputs.items()
        }
        entries = tuple(
            replace(entry, confusion=self._confusion(self.inputs[entry.name]))
            for entry in table.entries
        )
        users = len(np.unique(self.user))
        table = replace(table, entries=entries, users=users, rows=len(self.user))
        return with_verdicts(table, metrics, measurements, bootstrap.level), measurements

    def by_user(self, metric: Metric, model: str, n_users: int) -> Float64:
        """float64[n_users], a metric of the rows of each user; NaN where it is undefined."""
        values = self.inputs[model].values[metric.name]
        if values is None or not isinstance(metric, RowMetric):
            return np.full(n_users, np.nan)
        return metric.by_group(values, self.truth, self.user, n_users)

    def _measured(
        self, metric: Metric, inputs: MetricInputs, bootstrap: Bootstrap, resampled: bool
    ) -> Measurement:
        values = inputs.values[metric.name]
        if values is None or not isinstance(metric, RowMetric):
            return Measurement(math.nan)
        value = metric(values, self.truth)
        if not resampled:
            return Measurement(value)
        draws = replicates(
            metric, values, self.truth, self.user, bootstrap.replicates, bootstrap.seed
        )
        return Measurement(value, draws)

    def _confusion(self, inputs: MetricInputs) -> tuple[int, int, int, int] | None:
        """True negatives, false positives, false negatives and true positives."""
        if inputs.decided is None:
            return None
        tn, fp, fn, tp = confusion_matrix(inputs.decided, self.truth).astype(int).ravel().tolist()
        return tn, fp, fn, tp
