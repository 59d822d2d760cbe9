"""Cross-validation: every event judges once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.splitting import k_fold
from penchant.distributed import executor
from penchant.evaluation.comparison import evaluate
from penchant.evaluation.participants import Models, named_models
from penchant.evaluation.relevant_events import Relevant
from penchant.metrics import Bootstrap, Metric
from penchant.repeats import Repeats
from penchant.results.repeated_evaluation import RepeatedEvaluation, Round
from penchant.rules import Rules
from penchant.run import Run


def cross_validate(
    models: Models,
    log: Dataset,
    metrics: Sequence[str | Metric] | None = None,
    *,
    folds: int = 5,
    validation: float = 0.0,
    like: float | None = None,
    relevant: Relevant | None = None,
    repeats: Repeats | None = None,
    refit: bool = False,
    rules: Rules | None = None,
    replicates: int = 500,
    level: float = 0.95,
    seed: int = 0,
    run: Run | None = None,
) -> RepeatedEvaluation:
    """Compare models on each of several folds drawn at random by row, fitted to the others.

    Trivial baselines take part in each, as in `evaluate`. The deviation over folds says how much a
    figure depends on the draw; folds share most of their training events, so that it is no
    standard error of the mean.

    Args:
        models: as in `evaluate`; a model that fails in a fold has no figures there.
        log: the log.
        metrics: by default those of `evaluate`.
        folds: how many.
        validation: the share of each fold's training events by which models stop.
        like: see `evaluate`.
        relevant: likewise.
        repeats: likewise.
        refit: likewise.
        rules: what lists may hold, looked up anew in the training part of each fold: the result
            has each model's figures with and without them in `rule_costs`.
        replicates: bootstrap resamples of users in each fold; fewer than in `evaluate`, since the
            folds together say more than the ends of one fold's intervals.
        level: of the intervals.
        seed: draws the folds, and seeds the bootstrap.
        run: threads and progress.

    Raises:
        ParameterError: an argument is impossible.

    Example:
        >>> result = pn.cross_validate([make("item-knn")], planted_pairs(), ["ndcg@10"], folds=3)
        >>> result.beaten("item-knn")
        3
    """
    require_log(log)
    run, named = run or Run(), named_models(models)
    Bootstrap(replicates, level, seed)  # which refuses them before the log is divided
    rounds, settings = [], {}
    parts = k_fold(log, folds, validation=validation, seed=seed)
    with executor(run), run.progress.task("folds", folds) as progress:  # one connection for all
        for n, split in enumerate(parts, 1):
            progress.advance(0, note=f"fold {n}")
            result = evaluate(
                named,
                replace(split, repeat_rule=repeats),
                metrics,
                like=like,
                relevant=relevant,
                refit=refit,
                rules=rules,
                replicates=replicates,
                level=level,
                seed=seed,
                run=run,
            )
            train_events, settings = len(split.train), dict(result.settings)
            costs = result.rule_costs
            rounds.append(
                Round(
                    f"fold {n}",
                    result.tables,
                    train_events,
                    result.notes,
                    rule_costs=costs,
                    failed={name: own.reason for name, own in result.failed.items()},
                )
            )
            progress.advance()
    settings |= {"folds": folds, "fingerprint": log.fingerprint}
    return RepeatedEvaluation(log.name, "fold", tuple(rounds), settings)
