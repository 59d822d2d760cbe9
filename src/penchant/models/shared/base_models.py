"""Models whose predictions another model learns from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BeforeValidator
from scipy.special import logit

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Like
from penchant.features import out_of_fold
from penchant.models.base import Recommender
from penchant.models.protocols import RatesRows
from penchant.models.table import make, spec_of
from penchant.run import Run
from penchant.topk import blocks
from penchant.typing import AnyFloat, Bool, Float32, Int32

_EDGE = 1e-6  # probabilities are kept this far from 0 and 1
_ROWS_AT_ONCE = 2**14
_OF_BASE_MODELS = ("base_models", "base_model")  # parameters


def _written(value: object) -> object:
    """Specs of models as a text: `ials;(dot:dim=8,target=like>=4)`, or without the brackets."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = re.split(r";", value.replace(" ", "").removeprefix("(").removesuffix(")"))
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        text = ";".join(spec for spec in value if spec)
        return f"({text})" if "," in text else text
    return value


def _can_be_made(text: str) -> str:
    for spec in specs_of(text):
        make(spec)
    return text


def specs_of(text: str) -> list[str]:
    """The models that a text names, each as `penchant.models.make` reads it."""
    inner = text.removeprefix("(").removesuffix(")") if text.startswith("(") else text
    return [spec for spec in inner.split(";") if spec]


def reads_order(model: Recommender) -> bool:
    """Whether a model, or one whose scores it is made to learn from, reads the order of events."""
    texts = (model.params().get(name) for name in _OF_BASE_MODELS)
    specs = [spec for text in texts if isinstance(text, str) for spec in specs_of(text)]
    return model.signal == "order" or any(reads_order(make(spec)) for spec in specs)


BaseModelSpecs = Annotated[str, BeforeValidator(_written), AfterValidator(_can_be_made)]
"""A field of base models: `ials;ordinal`, or `(dot:dim=8,target=like>=4;ials)` with commas."""


def fit_base_models(
    text: str, train: Dataset, validation: Holdout | None, seed: int, run: Run
) -> list[Recommender]:
    """The base models, fitted to all of the training events."""
    made = [make(spec) for spec in specs_of(text)]
    # Models that were given a seed keep it, so that one model may stand here several times.
    seeded = [
        m if "seed=" in spec else m.clone(seed=seed)
        for m, spec in zip(made, specs_of(text), strict=True)
    ]
    return [model.fit(train, validation, run=run) for model in seeded]


def fit_again(base_models: Sequence[Recommender], train: Dataset, run: Run) -> list[Recommender]:
    """The same models fitted to other events, for as long as their first fit has settled on."""
    return [m.clone(**m._settled()).fit(train, run=run) for m in base_models]


def settled_specs(base_models: Sequence[Recommender]) -> str:
    """The text that names the models with what validation has settled on while they were fitted."""
    return str(_written([spec_of(m.clone(**m._settled())) for m in base_models]))


def out_of_fold_predictions(
    base_models: Sequence[Recommender], train: Dataset, folds: int, seed: int, run: Run
) -> Float32:
    """float32[n_events, n_models], each model's predictions of events that its fit has not seen.

    Models are fitted once for each fold, for as long as the whole fit has settled on: no
    validation rows take part.
    """

    def predict_fold(known: Dataset, rows: Rows) -> Float32:
        return base_predictions(fit_again(base_models, known, run), rows)

    return out_of_fold(train, folds, seed, predict_fold)


def base_predictions(base_models: Sequence[Recommender], rows: Rows) -> Float32:
    """float32[n_rows, n_models], predictions, or scores of those that only rank.

    Probabilities come as log-odds. An item outside the vocabulary gets the user's mean score.
    """
    columns = [
        _predicted(m, rows) if isinstance(m, RatesRows) else _scored(m, rows) for m in base_models
    ]
    return np.stack(columns, 1) if columns else np.empty((len(rows), 0), np.float32)


def any_has_evidence(base_models: Sequence[Recommender], users: Histories) -> Bool:
    """bool[n_users], whether any base model knows something of each user.

    Of the trivial answers those do that answer a history, such as what followed its last item.
    """
    known = np.zeros(len(users), np.bool_)
    for model in base_models:
        if not model.baseline_for:
            known |= model.has_evidence(users)
        elif model.no_evidence_score is not None:  # baselines claim evidence of everybody
            known |= np.bincount(users.rows[users.is_positive], minlength=len(users)) > 0
    return known


def _predicted(model: Recommender, rows: Rows) -> Float32:
    assert isinstance(model, RatesRows)
    found = model.predict(rows)
    if isinstance(model.target, Like):
        found = logit(np.clip(found.astype(np.float64), _EDGE, 1 - _EDGE)).astype(np.float32)
    return found


def _scored(model: Recommender, rows: Rows) -> Float32:
    order = np.argsort(rows.history, kind="stable")
    users, items = rows.history[order], rows.items[order]
    found = np.zeros(len(rows), np.float32)
    asked = np.unique(users)
    some = rows.histories.take(asked)
    for start, stop in blocks(len(asked), some.n_items, model.block_cells):
        scores = model.scores(some.block(start, stop))
        finite = np.isfinite(scores)
        mean = np.where(finite, scores, 0).sum(1) / np.maximum(finite.sum(1), 1)
        part = slice(*np.searchsorted(users, [asked[start], asked[stop - 1] + 1]))
        place = np.searchsorted(asked, users[part]) - start
        values = np.where(items[part] >= 0, scores[place, items[part]], mean[place])
        found[order[part]] = np.where(np.isfinite(values), values, mean[place])
    return found


def scored_grid(
    users: Histories, items: Int32 | None, score: Callable[[Rows], AnyFloat]
) -> Float32:
    """float32[n_users, n_items], the scores of pairs by what scores rows, in bounded memory.

    Args:
        users: the histories.
        items: the items; None for all.
        score: gives the score of each row.
    """
    wanted = np.arange(users.n_items, dtype=np.int32) if items is None else items
    scores = np.empty((len(users), len(wanted)), np.float32)
    size = max(1, _ROWS_AT_ONCE // max(len(wanted), 1))
    for start in range(0, len(users), size):
        some = users.block(start, start + size)
        history = np.repeat(np.arange(len(some), dtype=np.int32), len(wanted))
        found = score(Rows(some, history, np.tile(wanted, len(some))))
        scores[start : start + size] = found.reshape(len(some), -1)
    return scores
