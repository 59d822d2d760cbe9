"""Evaluate recommenders: fit all on one split, and compare them and trivial baselines on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import polars as pl

from penchant.auditing.material import Lists, Material, Predictions
from penchant.auditing.run import apply
from penchant.data.holdout import Holdout
from penchant.data.required_split import require_split
from penchant.data.splits import Split
from penchant.data.target import threshold_words
from penchant.errors import ParameterError
from penchant.evaluation.cold_items import AMONG_ALL, AMONG_COLD, beside, cold_item_notes
from penchant.evaluation.event_notes import event_notes
from penchant.evaluation.given_metrics import check_vectors, metrics_by_task
from penchant.evaluation.judging import ComparisonSetup, ListSetup, judge_all
from penchant.evaluation.participants import (
    Models,
    named_models,
    participants_of,
    require_learnable,
)
from penchant.evaluation.ranking import (
    Rankings,
    catalogue_of,
    pool_metrics,
)
from penchant.evaluation.ranking_tables import ranking_table
from penchant.evaluation.relevant_events import (
    Relevant,
    like_threshold,
    relevance_of,
    relevant_events,
    require_relevant,
)
from penchant.evaluation.repeats import judging_events, repeat_notes, sentence_of_halves
from penchant.evaluation.rows import RowPredictions, row_table
from penchant.evaluation.rule_costs import check_rules, rule_costs
from penchant.evaluation.split_notes import split_notes
from penchant.evaluation.user_values import values_of_lists, values_of_rows
from penchant.metrics import Bootstrap, Catalogue, Metric
from penchant.models.base import Task
from penchant.repeats import Repeats
from penchant.results.evaluation import Evaluation
from penchant.results.formatting import quoted
from penchant.results.rule_costs import RuleCosts
from penchant.results.tables import Table
from penchant.results.verdicts import Measurements
from penchant.rules import Rules, bind
from penchant.run import Run, versions


def evaluate(
    models: Models,
    split: Split,
    metrics: Sequence[str | Metric] | None = None,
    *,
    like: float | None = None,
    relevant: Relevant | None = None,
    repeats: Repeats | None = None,
    refit: bool = False,
    rules: Rules | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    keep_user_values: bool = False,
    run: Run | None = None,
) -> Evaluation:
    """Compare recommenders on one split.

    The trivial baselines of each task are in its table whether asked for or not. The metrics
    decide the tasks: ranking metrics judge lists of all unseen items (or of the given
    candidates), rating and like metrics judge a prediction for each held-out row by models that
    can make one. The first metric of a task decides its order and verdicts. Intervals are of a
    bootstrap over users, the same resamples for all models; p-values are of Student's t with the
    bootstrap's standard errors, corrected by Holm for the number of models. Where some test users
    have no history, each table has its figures for users with and without history apart.

    A model that fails, as by diverging or for lack of memory, is named in `failed` with its reason,
    and the comparison goes on without it; it ends where all that were asked for fail.

    Args:
        models: unfitted recommenders, which are cloned, or their texts such as `ease:l2=300`; a
            list, or a mapping of names to them.
        split: what to train and test on. Validation events serve early stopping, thresholds and
            `best()`; without any, decisions use fixed thresholds, and a note says so.
        metrics: names, metrics of `penchant.metrics`, or some of your own; by default those of
            every task the log allows.
        like: the rating from which an event is a like; by default the lowest positive one where
            the log says so, otherwise the upper quarter of the scale.
        relevant: whether all test events count as relevant in rankings, or likes only; by default
            likes where the log says which events are positive, otherwise all.
        repeats: whether lists may hold items of a user's history; by default as the split says.
            Where they may, what users had most often and had last are among the trivial baselines,
            and tables have figures for repeated and for new items apart. Where the next event of a
            sequence is foretold, so are what was popular lately and what most often followed.
        refit: whether each model, once validation events have settled how long it learns and what
            it weighs, is fitted again to these and the training events together, as one would
            before it is put to use. Test figures are of the second fit, validation figures of the
            first.
        rules: what lists may hold: in `rule_costs` the result has each model's figures with and
            without them. The tables are of lists without.
        replicates: bootstrap resamples; fewer than 39 give no intervals of 95 % and no verdicts.
        level: of the intervals.
        seed: of the bootstrap, 0 or more.
        keep_user_values: keep the metrics of each test user for `user_values()`, 8 bytes for each
            user, model and metric.
        run: device, threads and progress; with `ray` the workers of a cluster fit and judge a
            model each.

    Raises:
        ParameterError: a metric is unknown, or needs ratings or genres that the log does not
            have, an argument is of another kind, rules are impossible, models are to be refitted
            without validation events, or the cluster is not there.
        DataError: a model learns from ratings, and the log has none.
        Exception: what the first model objected to, where all fail.
        MissingExtraError: `ray` needs Ray, which is not installed.

    Example:
        >>> split = pn.split_per_user(planted_pairs())
        >>> result = pn.evaluate([make("ease")], split, ["ndcg@10"])
        >>> {entry.name: entry.verdict for entry in result.table().entries}
        {'ease': 'beats', 'random': None, 'popular': None}
    """
    require_split(split)
    run, settings = run or Run(), Bootstrap(replicates, level, seed)
    named = named_models(models)
    if repeats is not None and repeats != split.repeats:
        split = dataclasses.replace(split, repeat_rule=repeats)
    if refit and split.validation is None:
        raise ParameterError(
            "There are no validation events to fit models to once more: hold some out, or leave "
            "refit (--refit) away."
        )
    by_task = metrics_by_task(metrics, split)
    require_learnable(named.values(), split.train)
    threshold = like_threshold(split.log, like)
    relevant = relevance_of(split.log, relevant)
    participants = participants_of(named, list(by_task), threshold, split)
    test, validation = _relevant_events(split, threshold, relevant)
    all_test, has_lists = test, "ranking" in by_task
    if has_lists:
        test = judging_events(test)
        if validation is not None:
            validation = validation.judging if len(validation.judging) else None
    bound = None
    if rules is not None:
        check_rules(test, has_lists)
        bound = bind(rules, split.train)  # before long work, for it may refuse
    catalogue = catalogue_of(split.train)
    check_vectors(by_task.get("ranking", ()), catalogue)
    setup = ComparisonSetup(
        train=split.train,
        everything=split.train_and_validation if refit else None,
        validation=split.validation,
        test=split.test,
        lists=(
            ListSetup(test, validation, by_task["ranking"], catalogue, settings, bound)
            if has_lists
            else None
        ),
        run=run.of_tasks(),
    )
    judged, failed = judge_all(setup, participants, run)
    fitted = {name: one.with_log(setup.log) for name, one in judged.items()}
    rankings = [one.rankings for one in judged.values() if one.rankings is not None]
    predictions = [one.predictions for one in judged.values() if one.predictions is not None]
    tables: dict[Task, Table] = {}
    measurements: dict[Task, Measurements] = {}
    values: dict[Task, pl.DataFrame] = {}
    for task, own in by_task.items():
        if task == "ranking":
            table, measurements[task] = _ranking_table(
                rankings, own, test, split.negatives, catalogue, settings
            )
            if keep_user_values:
                values[task] = values_of_lists(rankings, table, test, split.negatives, split.log)
            if relevant == "liked" and threshold is not None:
                note = f"Only likes count as relevant, ratings {threshold_words(threshold)}."
                table = dataclasses.replace(table, notes=(*table.notes, note))
        else:
            assert threshold is not None  # such metrics are refused without ratings
            table, measurements[task], rows = row_table(
                predictions, task, own, split, threshold, settings
            )
            if keep_user_values:
                values[task] = values_of_rows(rows, table, own, split.test, split.log)
        absent = [n for n, (_, tasks) in participants.items() if task in tasks]
        absent = [n for n in absent if n not in {*failed, *(e.name for e in table.entries)}]
        if absent:
            lack = "predict no ratings" if task == "rating" else "predict neither ratings nor likes"
            note = f"Absent, because they {lack}: {', '.join(absent)}."
            table = dataclasses.replace(table, notes=(*table.notes, note))
        tables[task] = table
    costs: RuleCosts | None = None
    if bound is not None:
        costs = rule_costs(
            bound,
            {n: o.lists_with_rules for n, o in judged.items() if o.lists_with_rules is not None},
            rankings,
            tables["ranking"],
            test,
            by_task["ranking"],
            catalogue,
            settings,
        )
    cold = cold_item_notes(fitted, test) if rankings and test.item_pool is not None else ()
    result = Evaluation(
        split=split,
        tables=tables,
        models=fitted,
        settings=dataclasses.asdict(settings)
        | {
            "metrics": [m.name for own in by_task.values() for m in own],
            "like": threshold,
            "relevant": relevant,
            "repeats": split.repeats,
            "refit": refit,
            "models": {n: repr(m) for n, m in fitted.items()},
            "versions": versions(),
        },
        notes=(
            *(f"{quoted([n])[0]} failed: {own.reason}" for n, own in failed.items()),
            *split_notes(split, refit),
            *(repeat_notes(all_test) if has_lists else ()),
            *(sentence_of_halves(tables["ranking"]) if has_lists else ()),
            *(costs.sentences if costs else ()),
            *cold,
            *(event_notes(split.log, fitted) if rankings else ()),
        ),
        findings=apply(
            _audited(split, rankings, predictions, tuple(tables.values()), seed), split.log.name
        ),
        rule_costs=costs,
        failed=failed,
        measurements=measurements,
        values=values if keep_user_values else None,
    )
    return run.finished(result)


def _ranking_table(
    rankings: Sequence[Rankings],
    metrics: list[Metric],
    test: Holdout,
    negatives: int,
    catalogue: Catalogue,
    settings: Bootstrap,
) -> tuple[Table, Measurements]:
    """The table of rankings, and what its figures are of.

    Beside figures of a pool of items stand those of all items.
    """
    if test.item_pool is None:
        return ranking_table(rankings, metrics, test, negatives, catalogue, settings)
    judging = pool_metrics(metrics, test)
    cold, own = ranking_table(rankings, judging, test, 0, catalogue, settings, among=AMONG_COLD)
    of_all = [
        dataclasses.replace(r, test=r.among_all, validation=None)
        for r in rankings
        if r.among_all is not None
    ]
    every, further = ranking_table(of_all, metrics, test, 0, catalogue, settings, among=AMONG_ALL)
    return beside(cold, every), {name: {**own[name], **further[name]} for name in own}


def _audited(
    split: Split,
    rankings: Sequence[Rankings],
    predictions: Sequence[RowPredictions],
    tables: tuple[Table, ...],
    seed: int,
) -> Material:
    """Everything that the audit can look at after a comparison.

    Predictions and truth are both on the scale of the model's own target.
    """
    test = split.test
    lists = {
        r.name: Lists(test.histories.users, lists, trivial=r.trivial)
        for r in rankings
        if (lists := (r.among_all or r.test).lists) is not None and len(lists) == test.n_users
    }
    user, ratings = test.rows.history.astype(np.int64), test.ratings
    return Material(
        split=split,
        tables=tables,
        lists=lists,
        predictions={
            p.name: Predictions(
                values=p.test.astype(float),
                truth=p.target.of_ratings(ratings).astype(float),
                user=user,
                trivial=bool(p.baseline_for),
            )
            for p in predictions
            if ratings is not None
        },
        seed=seed,
    )


def _relevant_events(
    split: Split, threshold: float | None, relevant: Relevant
) -> tuple[Holdout, Holdout | None]:
    """The events of test and of validation, None where no event of the latter is relevant."""
    test = relevant_events(split.test, relevant, threshold)
    validation = split.validation
    if validation is not None:
        validation = relevant_events(validation, relevant, threshold)
    return require_relevant(test, threshold, "test event"), validation if validation else None
