"""The audit: apply every rule to a split, a result, or files of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeGuard, get_args

from penchant.auditing.from_files import split_of_files
from penchant.auditing.gather import with_files
from penchant.auditing.material import Claimed, Material, Predict
from penchant.auditing.rules import RULES
from penchant.data.dataset import Dataset
from penchant.data.splits import Split
from penchant.data.splitting import split as default_split
from penchant.errors import ParameterError
from penchant.results.evaluation import Evaluation
from penchant.results.findings import Findings


def audit(
    subject: Any = None,
    *,
    train: Any = None,
    test: Any = None,
    validation: Any = None,
    given: Any = None,
    predictions: Any = None,
    features: Any = None,
    target: str | None = None,
    lists: Any = None,
    negatives: Any = None,
    candidates: Any = None,
    history: Any = None,
    trials: Any = None,
    predict: Predict | None = None,
    claimed: Claimed | None = None,
    seed: int = 0,
    **columns: Any,
) -> Findings:
    """Check data and results for leaks, weak baselines and other faults.

    Every rule answers: with a finding, with "passed", or with "not checkable" and what it would
    need. No model of this package has to be involved: training and test files of anybody, their
    predictions, lists and features will do, as CSV, Parquet, Polars or pandas frames.

    Args:
        subject: a `Split`, an `Evaluation`, a log (its default split is audited), or several
            evaluations, which must be of one split.
        train: instead of a subject, the training events.
        test: the test events.
        validation: the validation events, if there are any.
        given: events of held-out users that are known and of which no model learns.
        predictions: user, item and a column of numbers for each model; a mapping of names to
            such tables, or a list of files, for several. Those that are null, NaN or infinite
            count as missing.
        features: a table of features by user and item, by item, or by user.
        target: its column with what is to be predicted; by default the rating of the event.
        lists: recommendations, one row a user and item, in order or with rank or score; a
            mapping or list for several. Test users without a list count as 0.
        negatives: user and item of the negatives that training took.
        candidates: user and item of the negatives offered at evaluation.
        history: a row an epoch or trial with `test` and, where known, `validation` (a metric,
            higher is better), `kept`, and `run`.
        trials: a `Tuning`, or a table of parameters and `score`, higher is better.
        predict: answers a frame of test rows that has the column `text`, for the control with
            shuffled texts.
        claimed: how whoever made the split says it was made: by `time`, in time order within
            each user (`per-user`), by the times at which `sessions` begin, or at `random`.
        seed: decides everything random.
        columns: `user=`, `item=`, `rating=`, `time=`, `text=` and the like for reading train and
            test, as in `penchant.read`.

    Raises:
        DataError: something cannot be read or lacks a column, the log has none of the users or
            items of a table, or a table has two predictions for one pair.
        ParameterError: there is nothing to audit, or what is given does not go together.

    Example:
        >>> findings = pn.audit(pn.split_random(planted_pairs()))
        >>> findings["same-event"].level
        'passed'
        >>> findings["trained-on-future"].level
        'doubtful'
    """
    if claimed is not None and claimed not in get_args(Claimed):
        raise ParameterError(
            f"A split is claimed to be by {', '.join(get_args(Claimed))}, and not by {claimed!r}."
        )
    name, material = _subject(subject, train, test, validation, given, columns)
    earlier = subject.findings if isinstance(subject, Evaluation) else None
    material = _with(material, predict=predict, claimed=claimed, seed=seed)
    material = with_files(
        material,
        predictions=predictions,
        features=features,
        target=target,
        lists=lists,
        negatives=negatives,
        candidates=candidates,
        history=history,
        trials=trials,
    )
    findings = apply(material, name)
    return findings if earlier is None else _merged(earlier, findings)


def apply(material: Material, name: str) -> Findings:
    """Every rule applied to the material."""
    return Findings.of(name, [f for _, check in RULES for f in check(material)])


def _subject(
    subject: Any, train: Any, test: Any, validation: Any, given: Any, columns: dict[str, Any]
) -> tuple[str, Material]:
    if subject is None:
        if train is None and test is None:
            return "a table of features", Material()
        if train is None or test is None:
            raise ParameterError("An audit of files needs both train and test.")
        options = {"quiet": True} | columns
        split = split_of_files(train, test, validation, given=given, options=options)
        return split.log.name, Material(split=split)
    if columns:
        raise ParameterError(f"{', '.join(columns)} say how to read train and test: name these.")
    if any(part is not None for part in (train, test, validation, given)):
        raise ParameterError("Give either a subject or train and test, not both.")
    if isinstance(subject, Split):
        return subject.log.name, Material(split=subject)
    if isinstance(subject, Dataset):
        split = default_split(subject)
        return f"{subject.name} (its default split)", Material(split=split)
    if isinstance(subject, Evaluation):
        return subject.split.log.name, Material(
            split=subject.split, tables=tuple(subject.tables.values())
        )
    if _are_evaluations(subject):
        split = subject[0].split
        return split.log.name, Material(
            split=split,
            tables=tuple(table for result in subject for table in result.tables.values()),
            fingerprints={f"result {n}": r.split.fingerprint for n, r in enumerate(subject, 1)},
        )
    raise ParameterError(
        f"A {type(subject).__name__} cannot be audited: give a Split, a Dataset, an Evaluation, or "
        "train and test."
    )


def _are_evaluations(subject: Any) -> TypeGuard[Sequence[Evaluation]]:
    return (
        isinstance(subject, Sequence)
        and bool(subject)
        and all(isinstance(result, Evaluation) for result in subject)
    )


def _with(material: Material, **changes: Any) -> Material:
    return replace(material, **{k: v for k, v in changes.items() if v is not None})


def _merged(earlier: Findings, later: Findings) -> Findings:
    """The findings of an evaluation, and what only the new material shows.

    That is what rules say that had nothing to look at, and what others say of further models.
    """
    checked_later = {f.rule for f in later if f.level != "not checkable"}
    checked_earlier = {f.rule for f in earlier if f.level != "not checkable"}
    new = checked_later - checked_earlier
    known = {(f.rule, f.about) for f in earlier}
    further = [
        f
        for f in later
        if f.rule in new or (f.level != "not checkable" and (f.rule, f.about) not in known)
    ]
    return Findings.of(later.name, [f for f in earlier if f.rule not in new] + further)
