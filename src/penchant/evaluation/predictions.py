"""Evaluate plain predictions of anything: another library's, a classifier's, an expert's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from penchant.data.polars_frames import Frame, as_polars
from penchant.data.reading.column_names import tells_rows_apart
from penchant.errors import DataError, ParameterError
from penchant.evaluation.given_metrics import as_metrics
from penchant.metrics import Bootstrap, Metric, RowMetric
from penchant.metrics import replicates as resample
from penchant.results.tables import Entry, Table
from penchant.results.verdicts import Measurement, with_verdicts
from penchant.wording import counted


def evaluate_predictions(
    table: Frame,
    metrics: Sequence[str | Metric],
    *,
    truth: str = "rating",
    user: str = "user",
    predictions: Sequence[str] | None = None,
    trivial: Sequence[str] = (),
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Table:
    """Compare columns of predictions with the truth, with intervals over users.

    Args:
        table: a frame of Polars, pandas or Arrow, one row a prediction: a user, the truth, and a
            column for each model.
        metrics: row metrics of one task, or their names; the first decides order and verdicts.
        truth: the column with what happened (a rating, or 0 and 1).
        user: the column by which rows are resampled.
        predictions: the models' columns; by default all other columns of numbers but those that
            are called as ids, times and folds are, and a note names what is left out. Trivial ones
            join.
        trivial: which of them are trivial answers, with which the others are compared.
        replicates: bootstrap resamples.
        level: of the intervals.
        seed: of the bootstrap.

    Raises:
        DataError: a column is missing, a row has no user, or no column is left for a model.
        ParameterError: metrics are unknown, of several tasks, or do not judge rows.

    Example:
        >>> rated = pl.DataFrame({"user": [1, 1, 2, 2], "rating": [5, 3, 4, 2]})
        >>> table = rated.with_columns(theirs=pl.Series([4, 3, 4, 3]), mean=3.5)
        >>> judged = pn.evaluate_predictions(table, ["mae"], trivial=["mean"])
        >>> judged["theirs"].metrics["mae"].value
        0.5
    """
    settings = Bootstrap(replicates, level, seed)
    table = as_polars(table, "the table of predictions")
    chosen = list(predictions or _model_columns(table, (truth, user, *trivial)))
    chosen += [name for name in trivial if name not in chosen]
    for column in (truth, user, *chosen):
        if column not in table.columns:
            raise DataError(f"The predictions have no column {column!r}, only {table.columns}.")
    left_out = [] if predictions else sorted({*table.columns} - {truth, user, *chosen})
    if not chosen:
        raise DataError(
            "No column of the table is called as a model's predictions may be, of "
            f"{', '.join(table.columns)}: name it in predictions."
        )
    unknown = table[user].is_null()
    if table[user].dtype.is_float():
        unknown |= table[user].is_nan()
    if unknown.any():
        rows = counted(int(unknown.sum()), "row has", "rows have")
        raise DataError(
            f"{rows} no user in the column {user!r}: leave them out, or give each such row a user "
            "of its own."
        )
    parsed = as_metrics(metrics)
    tasks = {metric.task for metric in parsed}
    if len(tasks) != 1 or not all(isinstance(m, RowMetric) for m in parsed):
        raise ParameterError("The metrics must judge rows and one task, such as rmse and mae.")
    group = np.unique(table[user].to_numpy(), return_inverse=True)[1]
    outcomes = table[truth].to_numpy()
    measurements = {
        name: {
            m.name: Measurement(
                m(table[name].to_numpy(), outcomes),
                resample(
                    m, table[name].to_numpy(), outcomes, group, settings.replicates, settings.seed
                ),
            )
            for m in parsed
            if isinstance(m, RowMetric)
        }
        for name in chosen
    }
    compared = Table(
        task=tasks.pop(),
        metrics=tuple(m.name for m in parsed),
        entries=tuple(Entry(name, trivial=name in trivial) for name in chosen),
        users=int(group.max(initial=-1)) + 1,
        rows=len(table),
        notes=(
            f"Models are the columns {', '.join(chosen)}, and not {', '.join(left_out)}: "
            "predictions=[…] names others.",
        )
        if left_out
        else (),
    )
    return with_verdicts(compared, parsed, measurements, settings.level)


def _model_columns(table: pl.DataFrame, taken: tuple[str, ...]) -> list[str]:
    """The columns that models' predictions can be, by their types and names."""
    return [
        name
        for name, kind in table.schema.items()
        if name not in taken
        and (kind.is_numeric() or kind == pl.Boolean)
        and not tells_rows_apart(name)
    ]
