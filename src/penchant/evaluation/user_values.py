"""The values of a comparison's metrics for each test user and model, as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.evaluation.cold_items import AMONG_ALL, AMONG_COLD
from penchant.evaluation.judged_rows import JudgedRows
from penchant.evaluation.ranking import Rankings, RankingValues
from penchant.evaluation.ranking_tables import list_note
from penchant.metrics import Metric
from penchant.results.tables import Table
from penchant.typing import Float64


def values_of_lists(
    rankings: Sequence[Rankings], table: Table, test: Holdout, negatives: int, log: Dataset
) -> pl.DataFrame:
    """A row for each user and model, best model first, and a column for each metric of lists.

    Metrics of all lists together have no column.

    Args:
        rankings: of the models of the table.
        table: of rankings.
        test: what was ranked for.
        negatives: how many each test item was ranked with; 0 where with all items.
        log: whose users they are.
    """
    by_name = {one.name: one for one in rankings}
    note = list_note(negatives, AMONG_COLD if test.item_pool is not None else "")
    found: dict[str, dict[str, Float64]] = {}
    for entry in table.entries:
        one = by_name[entry.name]
        found[entry.name] = _titled(one.test, note)
        if one.among_all is not None:
            found[entry.name] |= _titled(one.among_all, list_note(0, AMONG_ALL))
    return _frame(found, test, log)


def _titled(values: RankingValues, note: str) -> dict[str, Float64]:
    return {f"{metric}{note}": own for metric, own in values.per_user.items()}


def values_of_rows(
    rows: JudgedRows, table: Table, metrics: Sequence[Metric], test: Holdout, log: Dataset
) -> pl.DataFrame:
    """A row for each user and model, best model first, and a column for each metric of rows."""
    found = {
        entry.name: {m.name: rows.by_user(m, entry.name, test.n_users) for m in metrics}
        for entry in table.entries
    }
    return _frame(found, test, log)


def _frame(found: Mapping[str, Mapping[str, Float64]], test: Holdout, log: Dataset) -> pl.DataFrame:
    users = log.users.take(test.histories.users).alias("user")
    return pl.concat(
        [
            pl.DataFrame(
                [users, pl.Series("model", [name], pl.String).new_from_index(0, len(users))]
            )
            .with_columns(pl.Series(metric, values) for metric, values in columns.items())
            .fill_nan(None)
            for name, columns in found.items()
        ]
    )
