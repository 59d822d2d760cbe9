"""Rank films that nobody has rated yet by their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from penchant.data import Split
from penchant.evaluation import Evaluation, catalogue_of
from penchant.features import PICTURE_COLUMN
from penchant.models import Recommender
from penchant.studies.fashion.content import METRIC, RIDGE, RidgeSettings, best_of, per_user, ridge
from penchant.studies.fashion.film_log import COLD, FilmLog, sample_users
from penchant.studies.fashion.setup import FashionSetup, mean_gain
from penchant.studies.records import Gain
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, bars
from penchant.typing import Float64

HYBRID, TOWERS, FACTORS = "hybrid network", "two towers", "factors of features"
NETWORKS = {
    HYBRID: "hybrid:target=interaction,batch_size=4096,id_dropout=0.3,epochs=4",
    TOWERS: "two-tower:epochs=12",
    FACTORS: "hybrid-factors:epochs=3,batch_size=4096",
}
_RECALL = "recall@50"
_WEIGHED = {"plot": "text", "poster": "vectors picture", "sentences": "vectors sentences"}


@dataclass(frozen=True)
class ColdRidges:
    """Ridges on the content of films without a training event.

    Attributes:
        compared: on the new films, ranked among each other.
        means: nDCG@10 of each model.
        gains: of nDCG@10 over genre and year; without models that share no users with it.
        recall: recall@50 in the list of all films.
        films: new ones.
        users: who rated some of them.
    """

    compared: EvaluationSummary
    means: dict[str, Gain]
    gains: dict[str, Gain]
    recall: dict[str, float]
    films: int
    users: int


@dataclass(frozen=True)
class ColdNetworks:
    """Networks beside ridges on new films.

    Attributes:
        compared: on some users.
        distinct_lists: how many different lists of five films users get, by model.
        users: test users.
        train_users: users with ratings.
    """

    compared: EvaluationSummary
    distinct_lists: dict[str, int]
    users: int
    train_users: int


def compare_ridges(
    setup: FashionSetup, films: FilmLog, settings: Mapping[str, RidgeSettings]
) -> ColdRidges:
    """Compare ridges among new films, their differences, and the list of all films."""
    split = films.cold_split(films.full_log)
    models = {name: ridge(setup, each) for name, each in settings.items()}
    evaluation = _evaluate(setup, models, split)
    fitted = evaluation.models
    catalogue = catalogue_of(split.train)
    values = {n: per_user(fitted[n], split.test, catalogue, setup) for n in models}
    whole = replace(split, candidates=None).test
    zeros = np.zeros(split.test.n_users)
    return ColdRidges(
        compared=EvaluationSummary.of(evaluation),
        means=_gains(setup, values, zeros),
        gains=_gains(setup, {n: v for n, v in values.items() if n != RIDGE}, values[RIDGE]),
        recall={
            n: float(np.nanmean(per_user(model, whole, catalogue, setup, _RECALL)))
            for n, model in fitted.items()
        },
        films=len(films.cold_items[0]),
        users=split.test.n_users,
    )


def compare_networks(
    setup: FashionSetup, films: FilmLog, settings: Mapping[str, RidgeSettings]
) -> ColdNetworks:
    """Compare networks with ridges on some users, and count how many different lists they give."""
    log = sample_users(films.full_log, setup.users, setup.seed)
    split = films.cold_split(log)
    models = {name: ridge(setup, settings[name]) for name in (RIDGE, best_of(settings))}
    models |= {n: setup.model(spec) for n, spec in NETWORKS.items()}
    evaluation = _evaluate(setup, models, split)
    lists = {
        name: evaluation.models[name].top_items(
            split.test.histories,
            5,
            repeats="allowed",
            candidates=films.cold_items[0],
            run=setup.run,
        )[0]
        for name in models
    }
    return ColdNetworks(
        compared=EvaluationSummary.of(evaluation),
        distinct_lists={name: len(np.unique(items, axis=0)) for name, items in lists.items()},
        users=split.test.n_users,
        train_users=len(np.flatnonzero(log.user_counts)),
    )


def _evaluate(setup: FashionSetup, models: Mapping[str, Recommender], split: Split) -> Evaluation:
    return setup.evaluate(
        models,
        split,
        [METRIC, "recall@10"],
    )


def _gains(setup: FashionSetup, values: Mapping[str, Float64], over: Float64) -> dict[str, Gain]:
    gains = {n: mean_gain(v, over, setup.replicates, setup.seed) for n, v in values.items()}
    return {name: gain for name, gain in gains.items() if gain is not None}


def section(
    films: FilmLog,
    settings: Mapping[str, RidgeSettings],
    ridges: ColdRidges,
    networks: ColdNetworks,
) -> Section:
    """What each kind of content adds where nothing else is known."""
    unknown = dict.fromkeys(Gain(0.0).columns("over genre and year"))
    rows = [
        {
            "ridge on": name,
            **mean.columns("nDCG@10"),
            **(
                ridges.gains[name].columns("over genre and year")
                if name in ridges.gains
                else unknown
            ),
            "recall@50 in the list of all films": ridges.recall.get(name),
            "ridge": settings[name].parameters["l2_content"],
            **{f"weight of {n}": settings[name].weights.get(b) for n, b in _WEIGHED.items()},
            "on films for validation": settings[name].validation,
        }
        for name, mean in ridges.means.items()
    ]
    gains = ridges.gains
    return Section(
        title="Films that nobody has rated yet",
        text=f"""
            {COLD:.0%} of the films, drawn at random, have all their ratings taken out of training,
            and another {COLD:.0%} for choosing settings. {ridges.users:,} users have rated some
            of the {ridges.films:,} test films; each user's list of these films is judged by
            which of them the user rated. No collaborative model can say anything of them. An audit
            objects that no test film has been seen: that is what is asked for here.

            The ridge learns from films with ratings what their content says of who rates them:
            content is mapped to the columns of a linear item-to-item model in closed form. Genre
            and year are in the list of films; plots are read by latent semantic analysis or, as
            “sentence vectors”, by a network that others have trained; posters by
            {_encoder(films)}. How strong the ridge is and what each part weighs was chosen on the
            films for validation{_edges(settings)}.

            Networks are trained on the ratings of {networks.train_users:,} users, and stand beside
            the ridges on the same users.
        """,
        conclusions=tuple(_conclusions(settings, ridges, networks)),
        charts=(
            bars(
                "What more content adds to genre and year among new films: difference of nDCG@10, "
                "with intervals.",
                {"": {n: gain.interval for n, gain in gains.items()}},
                x="nDCG@10 above that of genre and year",
            ),
        )
        if gains
        else (),
        tables=(
            DataTable(
                pl.DataFrame(rows, infer_schema_length=None),
                "Ridges on the content of new films, with differences over the same users; in the "
                f"list of all films chance has a recall@50 of {ridges.recall['random']:.4f}.",
                {
                    "nDCG@10": "fixed:4",
                    "over genre and year": "signed:4",
                    "recall@50 in the list of all films": "fixed:4",
                    "on films for validation": "fixed:4",
                    "ridge": "short",
                },
            ),
            DataTable(
                pl.DataFrame(
                    {
                        "model": list(networks.distinct_lists),
                        "distinct lists": list(networks.distinct_lists.values()),
                        "users": networks.users,
                    }
                ),
                "How many different lists of five new films the users get.",
            ),
        ),
        comparisons=(
            replace(ridges.compared, title="New films ranked among each other"),
            replace(
                networks.compared,
                title=f"Networks beside ridges, on the ratings of {networks.train_users:,} users",
            ),
        ),
        steps=("cold-settings", "cold-evaluation", "cold-networks"),
    )


def _edges(settings: Mapping[str, RidgeSettings]) -> str:
    """Which choices may not be at their best, because they lie on the edge of what was tried."""
    on_edge = {name: each.on_edge for name, each in settings.items() if each.on_edge}
    if not on_edge:
        return ""
    return "; on the edge of what was tried are " + "; ".join(
        f"{', '.join(each)} of {name}" for name, each in on_edge.items()
    )


def _encoder(films: FilmLog) -> str:
    if not films.has_pictures:
        return "nothing, because there are none"
    table = films.log_with_pictures.item_table
    assert table is not None  # it has the pictures
    dtype: Any = table.schema[PICTURE_COLUMN]
    shown = len(films.posters)
    return f"an encoder with {dtype.size} numbers ({shown:,} of {films.log.n_items:,} have one)"


def _conclusions(
    settings: Mapping[str, RidgeSettings], ridges: ColdRidges, networks: ColdNetworks
) -> list[Conclusion]:
    table = ridges.compared.tables["ranking"]
    gains, recall = ridges.gains, ridges.recall
    chance = table["random"].metrics[table.primary].value
    conclusions = []
    if gains:
        best = best_of({n: settings[n] for n in gains})
        conclusions += [
            Conclusion(
                "verdict",
                f"For films without any rating, {best} find more of what users like than genre and "
                "year alone" + (", for sure." if gains[best].low > 0 else ", but not for sure."),
            ),
            Conclusion(
                "honest",
                f"In the list of all films the first 50 places hold {recall[best]:.0%} of the new "
                "films that a user rated.",
            ),
        ]
    conclusions.append(
        Conclusion(
            "honest",
            "Genre and year alone order new films "
            f"{ridges.means[RIDGE].value / chance:.1f} times as well as chance.",
        )
    )
    if networks.distinct_lists[HYBRID] == 1 < networks.users:
        conclusions.append(
            Conclusion(
                "trap",
                "The network joins text and picture with the user's vectors by linear layers "
                "alone, so that all users get the same list of new films.",
            )
        )
    entries = networks.compared.tables["ranking"].entries
    values = {e.name: e.metrics[METRIC].value for e in entries if not e.trivial}
    first = max(values, key=lambda name: values[name])
    conclusions.append(
        Conclusion(
            "honest",
            f"Among networks and ridges on the same {networks.users:,} users, {first} orders new "
            "films best.",
        )
    )
    return conclusions


def content_pays(settings: Mapping[str, RidgeSettings], ridges: ColdRidges) -> bool:
    """Whether texts or pictures find more of what users like among new films, for sure."""
    gains = ridges.gains
    return bool(gains) and gains[best_of({n: settings[n] for n in gains})].low > 0
