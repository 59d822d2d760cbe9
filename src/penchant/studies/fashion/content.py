"""Choose the settings of ridges on the content of films, and evaluate their lists."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from penchant.data import Holdout
from penchant.evaluation import rank
from penchant.features import PICTURE_COLUMN, SENTENCE_COLUMN, ItemContent
from penchant.metrics import Catalogue, Ranked, RankingMetric, parse
from penchant.models import ContentEASE, ContentRidge, Recommender, ease_weights
from penchant.studies.fashion.film_log import FilmLog
from penchant.studies.fashion.setup import FashionSetup
from penchant.typing import AnyInt, Float64, Int32

logger = logging.getLogger(__name__)

Blocks = tuple[str, ...]
_TEXT, _POSTER, _READ = "text", f"vectors {PICTURE_COLUMN}", f"vectors {SENTENCE_COLUMN}"
RIDGE = "genre and year"
RIDGE_L2 = 500.0  # of EASE
PARTS = MappingProxyType(
    {
        RIDGE: (),
        "genre, year and plot": (_TEXT,),
        "genre, year and poster": (_POSTER,),
        "genre, year, plot and poster": (_TEXT, _POSTER),
        "genre, year and sentence vectors": (_READ,),
        "genre, year, poster and sentence vectors": (_POSTER, _READ),
    }
)
"""What each ridge knows of films beside genre and year, as blocks of their content."""
METRIC = "ndcg@10"
_RIDGES, _WEIGHTS = (3.0, 10.0, 30.0, 100.0, 300.0), (0.5, 1.0, 2.0, 3.0, 4.0, 6.0)
_ROUNDS = 2


def parts_of(films: FilmLog) -> dict[str, Blocks]:
    """The ridges that the log has content for."""
    has = {_TEXT: films.has_plots, _POSTER: films.has_pictures, _READ: films.has_sentences}
    return {name: parts for name, parts in PARTS.items() if all(has[part] for part in parts)}


@dataclass(frozen=True)
class RidgeSettings:
    """The settings of a ridge that are best on the films for validation.

    Attributes:
        parameters: of the model.
        weights: of each block of content.
        validation: nDCG@10 on the films for validation.
        on_edge: settings at the edge of what was tried.
    """

    parameters: dict[str, float | str]
    weights: dict[str, float]
    validation: float
    on_edge: list[str]


def best_of(settings: Mapping[str, RidgeSettings]) -> str:
    """The ridge that does best on the films for validation."""
    return max(settings, key=lambda name: settings[name].validation)


def ridge(setup: FashionSetup, settings: RidgeSettings) -> Recommender:
    """A ridge with its settings, unfitted."""
    return setup.model("content-ease", l2=RIDGE_L2, **settings.parameters)


def choose_settings(setup: FashionSetup, films: FilmLog) -> dict[str, RidgeSettings]:
    """How strong each ridge is and what its parts weigh, by films for validation.

    One setting is changed after the other, all of them twice. Everything else is computed once.
    """
    split = films.cold_split(films.full_log, validation=True)
    model = ContentEASE(seed=setup.seed, l2=RIDGE_L2)
    blocks = ItemContent.of(split.train, dim=model.text_dim, seed=setup.seed)
    weights = ease_weights(split.train, RIDGE_L2, model.max_items)
    ridges = ContentRidge(weights, blocks.together(), split.train.item_counts > 0)
    test = split.test
    assert test.candidates is not None  # a cold split names the films that are ranked
    items = test.candidates[0]
    histories = test.histories.matrix()

    def ndcg(tried: dict[str, float]) -> float:
        shares = {name: tried.get(name, 0.0) for name in blocks.blocks}
        shares |= dict.fromkeys({"labels", "numbers"} & set(shares), 1.0)
        scales = [np.full(rows.shape[1], shares[name]) for name, rows in blocks.blocks.items()]
        columns = ridges.columns(items, tried["l2_content"], np.concatenate(scales))
        scores = histories @ columns
        best = np.full((len(scores), 10), -1, np.int32)
        first = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        best[:, : first.shape[1]] = items[first]
        return float(np.nanmean(_ndcg(best, test)))

    return {name: _search(name, parts, ndcg, setup) for name, parts in parts_of(films).items()}


def _search(
    name: str,
    parts: Blocks,
    ndcg: Callable[[dict[str, float]], float],
    setup: FashionSetup,
) -> RidgeSettings:
    """Change one setting after the other, as long as the lists get better."""
    chosen = {"l2_content": 30.0} | dict.fromkeys(parts, 1.0)
    best = ndcg(chosen)
    for _ in range(0 if setup.quick else _ROUNDS):
        for setting in chosen:
            for other in _RIDGES if setting == "l2_content" else _WEIGHTS:
                tried = chosen | {setting: other}
                if tried != chosen and (value := ndcg(tried)) > best:
                    best, chosen = value, tried
    logger.info(f"fashion: {name} takes {chosen}, {METRIC} {best:.4f} on films for validation.")
    columns = {p.removeprefix("vectors "): chosen[p] for p in parts if p.startswith("vectors ")}
    parameters: dict[str, float | str] = {
        "l2_content": chosen["l2_content"],
        "text": chosen.get(_TEXT, 0.0),
        "vectors": 0.0,
        "column_weights": ";".join(f"{column}={weight:g}" for column, weight in columns.items()),
    }
    edges = {"l2_content": (_RIDGES[0], _RIDGES[-1])} | dict.fromkeys(parts, _WEIGHTS[-1:])
    return RidgeSettings(
        parameters=parameters,
        weights={part: chosen[part] for part in parts},
        validation=best,
        on_edge=[n for n, value in chosen.items() if value in edges[n]],
    )


def per_user(
    model: Recommender,
    test: Holdout,
    catalogue: Catalogue,
    setup: FashionSetup,
    metric: str = METRIC,
) -> Float64:
    """float64[n_users], a metric of the lists of a fitted model for each test user."""
    return rank(model, test, [parse(metric)], catalogue, setup.run).per_user[metric]


def ndcg_among(model: Recommender, test: Holdout, items: Int32, setup: FashionSetup) -> Float64:
    """float64[n_users], nDCG@10 of lists of these items alone, without those of the history."""
    lists, _ = model.top_items(test.histories, 10, candidates=items, run=setup.run)
    return _ndcg(lists, test)


def _ndcg(lists: AnyInt, test: Holdout) -> Float64:
    metric = parse(METRIC)
    assert isinstance(metric, RankingMetric)
    return metric(Ranked.of(lists, test.offsets, test.items))
