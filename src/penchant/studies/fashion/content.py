"""What is known of films, as ridges that may know more or less of it, and how these are set."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from penchant.data.holdout import Holdout
from penchant.evaluation.ranking import rank
from penchant.features.item_content import ItemContent
from penchant.features.pictures import COLUMN as PICTURE
from penchant.features.sentences import COLUMN as SENTENCES
from penchant.metrics import Catalogue, Ranked, RankingMetric, parse
from penchant.models import ContentEASE
from penchant.models.base import Recommender
from penchant.models.content.ridge import ContentRidge
from penchant.models.shared.item_weights import ease_weights
from penchant.studies.fashion.films import Films
from penchant.studies.fashion.setup import Found, Setup
from penchant.topk import top_k
from penchant.typing import AnyInt, Float64, Int32

logger = logging.getLogger(__name__)

Blocks = tuple[str, ...]
_TEXT, _POSTER, _READ = "text", f"vectors {PICTURE}", f"vectors {SENTENCES}"
RIDGE = "genre and year"
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


def parts_of(films: Films) -> dict[str, Blocks]:
    """The ridges that the log has content for."""
    has = {_TEXT: films.has_plots, _POSTER: films.has_pictures, _READ: films.has_sentences}
    return {name: parts for name, parts in PARTS.items() if all(has[part] for part in parts)}


def best_of(settings: Found) -> str:
    """The ridge that does best on the films for validation."""
    return max(settings, key=lambda name: settings[name]["validation"])


def ridge(setup: Setup, settings: Found, name: str) -> Recommender:
    """A ridge with its settings, unfitted."""
    return setup.model("content-ease", **settings[name]["settings"])


def chosen(setup: Setup, films: Films) -> Found:
    """How strong each ridge is and what its parts weigh, by films for validation.

    One setting is changed after the other, all of them twice. Everything else is computed once.
    """
    split = films.cold_split(films.told, validation=True)
    model = ContentEASE(seed=setup.seed)
    blocks = ItemContent.of(split.train, dim=model.text_dim, seed=setup.seed)
    weights = ease_weights(split.train, model.l2, model.max_items)
    every = ContentRidge(weights, blocks.together(), split.train.item_counts > 0)
    asked = split.test
    assert asked.candidates is not None  # a cold split names the films that are ranked
    items = asked.candidates[0]
    histories = asked.histories.matrix()

    def figure(tried: dict[str, float]) -> float:
        shares = {name: tried.get(name, 0.0) for name in blocks.blocks}
        shares |= dict.fromkeys({"labels", "numbers"} & set(shares), 1.0)
        scales = [np.full(rows.shape[1], shares[name]) for name, rows in blocks.blocks.items()]
        columns = every.columns(items, tried["l2_content"], np.concatenate(scales))
        scores = histories @ columns
        best = np.full((len(scores), 10), -1, np.int32)
        first = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        best[:, : first.shape[1]] = items[first]
        return float(np.nanmean(_judged(best, asked)))

    return {name: _searched(name, parts, figure, setup) for name, parts in parts_of(films).items()}


def _searched(
    name: str, parts: Blocks, figure: Callable[[dict[str, float]], float], setup: Setup
) -> Found:
    kept = {"l2_content": 30.0} | dict.fromkeys(parts, 1.0)
    best = figure(kept)
    for _ in range(0 if setup.quick else _ROUNDS):
        for setting in kept:
            for value in _RIDGES if setting == "l2_content" else _WEIGHTS:
                tried = kept | {setting: value}
                if tried != kept and (found := figure(tried)) > best:
                    best, kept = found, tried
    logger.info(f"fashion: {name} takes {kept}, {METRIC} {best:.4f} on films for validation.")
    columns = {p.removeprefix("vectors "): kept[p] for p in parts if p.startswith("vectors ")}
    settings = {
        "l2_content": kept["l2_content"],
        "text": kept.get(_TEXT, 0.0),
        "vectors": 0.0,
        "column_weights": ";".join(f"{column}={weight:g}" for column, weight in columns.items()),
    }
    edges = {"l2_content": (_RIDGES[0], _RIDGES[-1])} | dict.fromkeys(parts, _WEIGHTS[-1:])
    return {
        "settings": settings,
        "weights": {part: kept[part] for part in parts},
        "validation": best,
        "on an edge": [n for n, value in kept.items() if value in edges[n]],
    }


def per_user(
    model: Recommender, asked: Holdout, catalogue: Catalogue, setup: Setup, metric: str = METRIC
) -> Float64:
    """float64[n_users], a metric of the lists of a fitted model for each user who is asked."""
    return rank(model, asked, [parse(metric)], catalogue, setup.run).per_user[metric]


def among(model: Recommender, asked: Holdout, items: Int32, setup: Setup) -> Float64:
    """float64[n_users], nDCG@10 of lists of these items alone, without those of the history."""
    lists, _ = top_k(
        model.scores, asked.histories, 10, candidates=items, cells=model.block_cells, run=setup.run
    )
    return _judged(lists, asked)


def _judged(lists: AnyInt, asked: Holdout) -> Float64:
    metric = parse(METRIC)
    assert isinstance(metric, RankingMetric)
    return metric(Ranked.of(lists, asked.offsets, asked.items))
