"""Rolling evaluation: what last month's lists would have caught, and those of the months before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, get_args

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.splits import TEST, TRAIN, UNUSED, Split
from penchant.distributed import executor
from penchant.errors import DataError, ParameterError
from penchant.evaluation.comparison import evaluate
from penchant.evaluation.participants import Models, named_models
from penchant.metrics import Bootstrap, Metric
from penchant.repeats import Repeats
from penchant.results.repeated_evaluation import RepeatedEvaluation, Round
from penchant.rules import Rules
from penchant.run import Run
from penchant.wording import counted

logger = logging.getLogger(__name__)

Every = Literal["day", "week", "month"]
DEFAULTS = ("ndcg@10", "recall@10", "hr@10")
_DURATIONS: dict[Every, str] = {"day": "1d", "week": "1w", "month": "1mo"}


def backtest(
    models: Models,
    log: Dataset,
    metrics: Sequence[str | Metric] | None = None,
    *,
    every: Every = "month",
    periods: int = 6,
    repeats: Repeats | None = None,
    rules: Rules | None = None,
    replicates: int = 500,
    level: float = 0.95,
    seed: int = 0,
    run: Run | None = None,
) -> RepeatedEvaluation:
    """Compare models on each of the last calendar periods, learned from all that came before.

    Trivial baselines take part in each period, as in `evaluate`. There are no validation events:
    models run all their epochs, and nothing is chosen.

    Args:
        models: as in `evaluate`; a model that fails in a period has no figures there.
        log: with times.
        metrics: of lists; by default nDCG, recall and the hit rate at 10, and where events have
            prices the revenue.
        every: the calendar period; weeks begin on Monday.
        periods: how many of the last ones that have events, the last of which may not be whole.
        repeats: whether lists may hold what users had; by default where the log has orders.
        rules: what lists may hold, looked up anew in the training part of each period: the result
            has each model's figures with and without them in `rule_costs`.
        replicates: bootstrap resamples of users in each period; fewer than in `evaluate`, since the
            periods together say more than the ends of one period's intervals.
        level: of the intervals.
        seed: of the bootstrap.
        run: threads and progress.

    Raises:
        DataError: the log has no times, or not that many periods with events before them.
        ParameterError: an argument is impossible.

    Example:
        >>> from penchant.testing import planted_orders
        >>> log = pn.read(planted_orders(n_customers=100))
        >>> result = pn.backtest([make("item-knn")], log, ["ndcg@10"], periods=2)
        >>> len(result.rounds)
        2
    """
    require_log(log)
    run, named = run or Run(), named_models(models)
    Bootstrap(replicates, level, seed)  # which refuses them before any work
    if every not in get_args(Every) or periods < 1:
        raise ParameterError(
            f"Periods are a number above 0 of {', '.join(get_args(Every))}, not {periods} of "
            f"{every!r}."
        )
    if not log.has_times:
        raise DataError(
            f"The log {log.name!r} has no time on every event, so that nothing says what came "
            "before a period: name the column with time= (--time)."
        )
    if metrics is None:
        price = log.events.schema.get("price")
        has_prices = price is not None and price.is_numeric()
        metrics = [*DEFAULTS, *(["revenue@10"] if has_prices else [])]
    times = log.events["time"]
    starts = times.dt.truncate(_DURATIONS[every]).unique().sort()
    if len(starts) < 2:
        raise DataError(
            f"All events of the log {log.name!r} are of one {every}: take a shorter period."
        )
    chosen: list[datetime] = starts[1:].tail(periods).to_list()
    if len(chosen) < periods:
        logger.warning(
            "The log %r has %s after the first, of which all are taken instead of %d.",
            log.name,
            counted(len(chosen), every),
            periods,
        )
    found = []
    with executor(run), run.progress.task("periods", len(chosen)) as progress:
        for start in chosen:
            progress.advance(0, note=start.date().isoformat())
            end = pl.Series([start]).dt.offset_by(_DURATIONS[every])[0]
            split = replace(_split(log, times, start, end, every), repeat_rule=repeats)
            result = evaluate(
                named,
                split,
                metrics,
                rules=rules,
                replicates=replicates,
                level=level,
                seed=seed,
                run=run,
            )
            found.append(
                Round(
                    name=start.date().isoformat(),
                    tables={"ranking": result.table("ranking")},
                    train_events=len(split.train),
                    notes=result.notes,
                    start=start,
                    end=end,
                    whole=bool(times.max() >= pl.Series([end]).dt.offset_by("-1d")[0]),
                    rule_costs=result.rule_costs,
                    failed={name: own.reason for name, own in result.failed.items()},
                )
            )
            progress.advance()
    settings = dict(result.settings) | {"fingerprint": log.fingerprint}
    return RepeatedEvaluation(log.name, every, tuple(found), settings)


def _split(log: Dataset, times: pl.Series, start: datetime, end: datetime, every: Every) -> Split:
    sides = np.full(len(log), UNUSED, np.uint8)
    sides[(times < start).to_numpy()] = TRAIN
    sides[((times >= start) & (times < end)).to_numpy()] = TEST
    return Split(
        log=log,
        sides=sides,
        kind="time",
        sentence=f"The {every} from {start.date().isoformat()} for test, all that came before it "
        "for training.",
        ties="Events of one instant all fall on the later side.",
    )
