"""One model of a comparison: fitted, and its lists and predictions of held-out events."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.distributed import executor
from penchant.errors import ParameterError, PenchantError
from penchant.evaluation.cost import measured
from penchant.evaluation.order_control import order_loss
from penchant.evaluation.ranking import Rankings, rank_holdouts
from penchant.evaluation.rows import RowPredictions, predict_rows
from penchant.evaluation.rule_costs import list_width
from penchant.metrics import Bootstrap, Catalogue, Metric
from penchant.models.base import Recommender, Task
from penchant.models.fitted_state import without_vectors
from penchant.models.protocols import RatesRows
from penchant.results.failures import ModelFailure, reason_of
from penchant.results.tables import Cost
from penchant.rules import BoundRules, lists_with_rules
from penchant.run import Run
from penchant.typing import Int32

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ListSetup:
    """What judges lists.

    Attributes:
        test: the relevant test events.
        validation: the relevant validation events, if there are any.
        metrics: of lists.
        catalogue: the training items, for metrics of whole lists.
        bootstrap: settings of intervals.
        rules: what lists may hold, to be measured beside lists of everything; None for no such.
    """

    test: Holdout
    validation: Holdout | None
    metrics: list[Metric]
    catalogue: Catalogue
    bootstrap: Bootstrap
    rules: BoundRules | None


@dataclass(frozen=True, eq=False)
class ComparisonSetup:
    """What all models of a comparison have in common, wherever they are fitted.

    Attributes:
        train: what to learn from.
        everything: training and validation events, to which models are fitted again; None where
            they are not.
        validation: the held-out events that stop models early and are predicted, if there are any.
        test: the held-out events that are predicted.
        lists: what judges lists; None where nothing does.
        run: device, threads and progress.
    """

    train: Dataset
    everything: Dataset | None
    validation: Holdout | None
    test: Holdout
    lists: ListSetup | None
    run: Run

    @property
    def log(self) -> Dataset:
        """What fitted models have learned from in the end."""
        return self.train if self.everything is None else self.everything


@dataclass(frozen=True, eq=False)
class Participant:
    """A model that is to be fitted: what tables call it, and the tasks that it takes part in."""

    name: str
    model: Recommender
    tasks: set[Task]


@dataclass(frozen=True, eq=False)
class JudgedModel:
    """What a model came to.

    Attributes:
        model: fitted; without what it has of the log, see `with_log`.
        rankings: where lists are judged.
        predictions: where rows are, and the model can predict them.
        lists_with_rules: int32[n_users, width], or why the rules do not suit the model; None
            without rules.
    """

    model: Recommender
    rankings: Rankings | None
    predictions: RowPredictions | None
    lists_with_rules: Int32 | str | None

    def with_log(self, log: Dataset) -> Recommender:
        """The model with what it had of the log: events by user, vocabularies, items' table."""
        for part in _with_base_models(self.model):
            if not part.is_fitted:
                part.users_, part.items_, part.histories_ = log.users, log.items, log.histories
                part.item_table_ = without_vectors(log.item_table)
        return self.model


def judge_all(
    setup: ComparisonSetup, participants: Mapping[str, tuple[Recommender, set[Task]]], run: Run
) -> tuple[dict[str, JudgedModel], dict[str, ModelFailure]]:
    """What each model came to, and those that failed, in the order of the participants.

    Trivial answers come first: they take no time, and tell of metrics that fail. None of them may
    fail, for without them the others would be judged too well; nor may all of the others.

    Raises:
        PenchantError: there is no such cluster.
        Exception: what a trivial answer objected to, or the first of the others where all did.
    """
    judged: dict[str, JudgedModel] = {}
    errors: dict[str, Exception] = {}
    ordered = sorted(participants.items(), key=lambda one: not one[1][0].baseline_for)
    n_asked = sum(not model.baseline_for for model, _ in participants.values())
    with executor(run) as workers, run.progress.task("comparing", len(participants)) as progress:

        def begun() -> Iterator[Participant]:
            for name, (model, tasks) in ordered:
                progress.advance(0, note=name)
                yield Participant(name, model, tasks)

        for one, found in workers.results(judge, setup, begun(), waiting=0):
            if isinstance(found, JudgedModel):
                judged[one.name] = found
            else:
                errors[one.name] = found
                if one.model.baseline_for or len(errors) == n_asked:
                    raise _named(next(iter(errors)), next(iter(errors.values())))
                traceback.clear_frames(found.__traceback__)  # which hold the model and more
                logger.warning(
                    f"{one.name} failed, and the comparison goes on without it: {reason_of(found)}"
                )
            progress.advance(note=f"{one.name} failed" if one.name in errors else "")
    failed = {n: ModelFailure.of(errors[n]) for n in participants if n in errors}
    return {name: judged[name] for name in participants if name in judged}, failed


def _named(name: str, error: Exception) -> Exception:
    """An error whose traceback says which model raised it, where its sentence cannot."""
    if not isinstance(error, PenchantError):
        error.add_note(f"The model was {name}.")
    return error


def judge(setup: ComparisonSetup, participant: Participant) -> JudgedModel | Exception:
    """Fit a model, and have it make lists and predictions; or what it objects to.

    Whatever it is, it is no reason to lose what the others come to.
    """
    try:
        return _judged(setup, participant)
    except Exception as error:
        return error


def _judged(setup: ComparisonSetup, participant: Participant) -> JudgedModel:
    run, lists, tasks = setup.run, setup.lists, participant.tasks
    model = before = participant.model.clone()
    with measured() as fitting:
        before.fit(setup.train, setup.validation, run=run)
        if setup.everything is not None:
            model = before.refit(setup.everything, run=run)
    cost = Cost(
        fit_seconds=fitting.seconds,
        peak_bytes=fitting.peak_bytes,
        parameters=model.n_parameters(),
    )
    rankings = predictions = ruled = None
    if "ranking" in tasks:
        assert lists is not None
        rankings = _rankings(participant.name, model, cost, lists, run, before)
        ruled = _lists_with_rules(model, lists, run)
    if tasks & {"rating", "like"} and isinstance(model, RatesRows):
        assert isinstance(before, RatesRows)
        predictions = predict_rows(
            participant.name, model, cost, setup.test, setup.validation, tasks, before=before
        )
    _leave_log(model, setup.log)
    return JudgedModel(model, rankings, predictions, ruled)


def _rankings(
    name: str, model: Recommender, cost: Cost, lists: ListSetup, run: Run, before: Recommender
) -> Rankings:
    test, metrics, catalogue = lists.test, lists.metrics, lists.catalogue
    ranked = rank_holdouts(
        name, model, cost, test, lists.validation, metrics, catalogue, run, before=before
    )
    loss = order_loss(model, ranked.test, test, metrics, catalogue, lists.bootstrap, run)
    return replace(ranked, order_loss=loss)


def _lists_with_rules(model: Recommender, lists: ListSetup, run: Run) -> Int32 | str | None:
    """The lists that rules leave, or why they do not suit the model."""
    if lists.rules is None:
        return None
    test = lists.test
    try:
        return lists_with_rules(
            model,
            test.histories,
            list_width(lists.metrics, test),
            lists.rules,
            repeats=test.repeats,
            candidates=test.item_pool,
            run=run,
        ).items
    except ParameterError as error:
        return str(error)


def _leave_log(model: Recommender, log: Dataset) -> None:
    """Take from a model what it has of the log, which need not come back from every worker."""
    for part in _with_base_models(model):
        if part.histories_ is log.histories:
            del part.users_, part.items_, part.histories_, part.item_table_


def _with_base_models(model: Recommender) -> Iterator[Recommender]:
    """A model and those inside it."""
    yield model
    for base_model in getattr(model, "base_models_", ()):
        yield from _with_base_models(base_model)
