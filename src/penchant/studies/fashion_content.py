"""What is known of films, as ridges that may know more or less of it, and how these are set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from penchant.data.holdout import Holdout
from penchant.data.split import Split
from penchant.evaluate.ranking import catalogue_of, rank
from penchant.metrics import Catalogue, Ranked, RankingMetric, parse
from penchant.models.base import Recommender
from penchant.run import say
from penchant.studies.fashion_films import Films, some_users
from penchant.studies.fashion_setup import Doubles, Found, Setup
from penchant.topk import top_k

RIDGE, PLOTS, PICTURES, ALL = (
    "genre and year",
    "genre, year and plot",
    "genre, year and poster",
    "genre, year, plot and poster",
)
SENTENCES = "genre, year and sentence vectors"
TOLD = "genre, year, poster and sentence vectors"
PARTS = {
    RIDGE: "content-ease:text=0,vectors=0",
    PLOTS: "content-ease:vectors=0",
    PICTURES: "content-ease:text=0",
    ALL: "content-ease",
}
"""A ridge on what is known of a film, by what it may know."""
METRIC = "ndcg@10"
_RIDGES, _WEIGHTS = (10.0, 30.0, 100.0), (2.0, 3.0)
_ASKED = 2000  # users whose ratings choose settings


def parts_of(films: Films) -> dict[str, str]:
    """The ridges that the log has content for."""
    return {
        name: spec
        for name, spec in PARTS.items()
        if (films.has_plots or name not in (PLOTS, ALL))
        and (films.has_pictures or name not in (PICTURES, ALL))
    }


def most_of(names: dict[str, str] | Found) -> str:
    """Of the ridges on latent semantic analysis the one that knows most."""
    return next(name for name in reversed(PARTS) if name in names)


def read_by_network(films: Films) -> dict[str, bool]:
    """Ridges on sentence vectors, and whether posters stand beside them."""
    if not films.has_sentences:
        return {}
    return {SENTENCES: False} | ({TOLD: True} if films.has_pictures else {})


def chosen(setup: Setup, films: Films) -> Found:
    """How strong the ridge is and what each part weighs, by films for validation.

    First the ridge, then the weight of each further part, one after the other.
    """
    log = some_users(films.pictured, _ASKED, setup.seed)
    split = films.cold_split(log, validation=True)
    found = {name: _chosen(setup, spec, split) for name, spec in parts_of(films).items()}
    for name, pictured in read_by_network(films).items():
        log = some_users(films.with_sentences(pictures=pictured), _ASKED, setup.seed)
        found[name] = _chosen(setup, PARTS[PICTURES], films.cold_split(log, validation=True))
    return found


def _chosen(setup: Setup, spec: str, split: Split) -> Found:
    grid: dict[str, tuple[float, ...]] = {"content_l2": _RIDGES[1:2] if setup.quick else _RIDGES}
    model = setup.model(spec).params()
    for part in ("text", "vectors"):
        if model[part] and not setup.quick:
            grid[part] = _WEIGHTS
    best, kept = -np.inf, dict[str, float]()
    for name, values in grid.items():
        before = dict(kept)
        for value in values:
            tried = before | {name: value}
            fitted = setup.model(spec, **tried).fit(split.train, run=setup.run)
            figure = np.nanmean(per_user(fitted, split.test, catalogue_of(split.train), setup))
            if figure > best:
                best, kept = float(figure), tried
    say(f"fashion: {spec} takes {kept}, {METRIC} {best:.4f} on films for validation.")
    return {"settings": kept, "validation": best}


def per_user(
    model: Recommender, asked: Holdout, catalogue: Catalogue, setup: Setup, metric: str = METRIC
) -> Doubles:
    """float64[n_users], a metric of the lists of a fitted model for each user who is asked."""
    return rank(model, asked, [parse(metric)], catalogue, setup.run).per_user[metric]


def among(
    model: Recommender, asked: Holdout, items: npt.NDArray[np.int32], setup: Setup
) -> Doubles:
    """float64[n_users], nDCG@10 of lists of these items alone, without those of the history."""
    lists, _ = top_k(
        model.scores, asked.histories, 10, candidates=items, cells=model.block_cells, run=setup.run
    )
    metric = parse(METRIC)
    assert isinstance(metric, RankingMetric)
    return metric(Ranked.of(lists, asked.offsets, asked.items))
