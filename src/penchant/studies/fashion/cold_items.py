"""Films that nobody has rated yet, ranked by what is said and shown of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from penchant.evaluation import evaluate
from penchant.evaluation.ranking import catalogue_of
from penchant.features.pictures import COLUMN as PICTURE
from penchant.studies.fashion.content import METRIC, RIDGE, best_of, per_user, ridge
from penchant.studies.fashion.films import COLD, Films, some_users
from penchant.studies.fashion.setup import Found, Gain, Setup, apart, gain
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, bars
from penchant.topk import top_k

HYBRID, TOWERS, FACTORS = "hybrid network", "two towers", "factors of features"
NETWORKS = {
    HYBRID: "hybrid:target=interaction,batch_size=4096,id_dropout=0.3,epochs=4",
    TOWERS: "two-tower:epochs=12",
    FACTORS: "hybrid-factors:epochs=3,batch_size=4096",
}
_DEEP = "recall@50"
_WEIGHED = {"plot": "text", "poster": "vectors picture", "sentences": "vectors sentences"}


def judged(setup: Setup, films: Films, settings: Found) -> Found:
    """All contenders among new films, differences of pairs of them, and the list of all films."""
    split = films.cold_split(films.told)
    models = {name: ridge(setup, settings, name) for name in settings}
    compared = evaluate(
        models,
        split,
        [METRIC, "recall@10"],
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    catalogue = catalogue_of(split.train)
    values = {n: per_user(compared.models[n], split.test, catalogue, setup) for n in models}
    whole = replace(split, candidates=None).test
    deep = {
        n: float(np.nanmean(per_user(m, whole, catalogue, setup, _DEEP)))
        for n, m in compared.models.items()
    }
    nothing = np.zeros(split.test.n_users)
    return {
        "compared": compared,
        "means": {n: gain(v, nothing, setup.replicates, setup.seed) for n, v in values.items()},
        "gains": {
            n: gain(v, values[RIDGE], setup.replicates, setup.seed)
            for n, v in values.items()
            if n != RIDGE
        },
        "deep": deep,
        "films": len(films.new[0]),
        "users": split.test.n_users,
    }


def networks(setup: Setup, films: Films, settings: Found) -> Found:
    """Networks beside the ridges on some users, and whether their lists differ between users."""
    log = some_users(films.told, setup.users, setup.seed)
    split = films.cold_split(log)
    models = {name: ridge(setup, settings, name) for name in (RIDGE, best_of(settings))}
    models |= {n: setup.model(spec) for n, spec in NETWORKS.items()}
    compared = evaluate(
        models,
        split,
        [METRIC, "recall@10"],
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    lists: dict[str, int] = {}
    for name in models:
        best, _ = top_k(
            compared.models[name].scores,
            split.test.histories,
            5,
            exclude_seen=False,
            candidates=films.new[0],
            run=setup.run,
        )
        lists[name] = len(np.unique(best, axis=0))
    return {
        "compared": compared,
        "lists": lists,
        "users": split.test.n_users,
        "some": len(np.flatnonzero(log.user_counts)),
    }


def section(films: Films, settings: Found, found: Found, nets: Found) -> Section:
    """What each kind of content adds where nothing else is known."""
    compared = EvaluationSummary.load(found["compared"])
    beside = EvaluationSummary.load(nets["compared"])
    gains: dict[str, Gain] = {n: tuple(g) for n, g in found["gains"].items() if g is not None}
    rows = [
        {
            "ridge on": name,
            "nDCG@10": found["means"][name][0],
            "nDCG@10 low": found["means"][name][1],
            "nDCG@10 high": found["means"][name][2],
            "over genre and year": gains[name][0] if name in gains else None,
            "over genre and year low": gains[name][1] if name in gains else None,
            "over genre and year high": gains[name][2] if name in gains else None,
            "recall@50 in the list of all films": found["deep"].get(name),
            "ridge": settings[name]["settings"]["l2_content"],
            **{f"weight of {n}": settings[name]["weights"].get(b) for n, b in _WEIGHED.items()},
            "on films for validation": settings[name]["validation"],
        }
        for name in found["means"]
    ]
    return Section(
        title="Films that nobody has rated yet",
        text=f"""
            {COLD:.0%} of the films, drawn at random, have all their ratings taken out of training,
            and another {COLD:.0%} for choosing settings. {found["users"]:,} users have rated some
            of the {found["films"]:,} test films; each user's list of these films is judged by
            which of them the user rated. No collaborative model can say anything of them. An audit
            objects that no test film has been seen: that is what is asked for here.

            The ridge learns from films with ratings what their content says of who rates them:
            content is mapped to the columns of a linear item-to-item model in closed form. Genre
            and year are in the list of films; plots are read by latent semantic analysis or, as
            “sentence vectors”, by a network that others have trained; posters by
            {_encoder(films)}. How strong the ridge is and what each part weighs was chosen on the
            films for validation{_edges(settings)}.

            Networks are trained on the ratings of {nets["some"]:,} users, and stand beside the
            ridges on the same users.
        """,
        conclusions=tuple(_conclusions(settings, found, gains, compared, nets, beside)),
        charts=(
            bars(
                "What more content adds to genre and year among new films: difference of nDCG@10, "
                "with intervals.",
                {"": gains},
                x="nDCG@10 above that of genre and year",
            ),
        )
        if gains
        else (),
        tables=(
            DataTable(
                pl.DataFrame(rows, infer_schema_length=None),
                "Ridges on the content of new films, with differences over the same users; in the "
                f"list of all films chance has a recall@50 of {found['deep']['random']:.4f}.",
                {
                    "nDCG@10": "fixed:4",
                    "over genre and year": "signed:4",
                    "recall@50 in the list of all films": "fixed:4",
                    "on films for validation": "fixed:4",
                    "ridge": "short",
                },
            ),
        ),
        comparisons=(
            replace(compared, title="New films ranked among each other"),
            replace(
                beside, title=f"Networks beside ridges, on the ratings of {nets['some']:,} users"
            ),
        ),
        steps=tuple(f"cold-{kind}-{films.digest}" for kind in ("settings", "judged", "networks")),
    )


def _edges(settings: Found) -> str:
    """Which choices may not be at their best, because they lie on the edge of what was tried."""
    on_edge = {name: told["on an edge"] for name, told in settings.items() if told["on an edge"]}
    if not on_edge:
        return ""
    return "; on the edge of what was tried are " + "; ".join(
        f"{', '.join(each)} of {name}" for name, each in on_edge.items()
    )


def _encoder(films: Films) -> str:
    if not films.has_pictures:
        return "nothing, because there are none"
    table = films.pictured.item_table
    assert table is not None  # it has the pictures
    dtype: Any = table.schema[PICTURE]
    shown = len(films.posters)
    return f"an encoder with {dtype.size} numbers ({shown:,} of {films.log.n_items:,} have one)"


def _conclusions(
    settings: Found,
    found: Found,
    gains: dict[str, Gain],
    compared: EvaluationSummary,
    nets: Found,
    beside: EvaluationSummary,
) -> list[Conclusion]:
    table = compared.tables["ranking"]
    base = found["means"][RIDGE]
    chance = table["random"].metrics[table.primary].value
    said = [
        Conclusion(
            "honest",
            f"Genre and year alone order new films with an nDCG@10 of {base[0]:.3f}, "
            f"{base[0] / chance:.1f} times that of chance ({chance:.3f}).",
        ),
        *(
            Conclusion("honest", f"{name.capitalize()}: {apart(value)} over genre and year.")
            for name, value in gains.items()
        ),
    ]
    if gains:
        best = best_of({n: settings[n] for n in gains})
        own = found["means"][best]
        said.append(
            Conclusion(
                "verdict",
                f"For films without any rating, {best} (the best on films for validation) give an "
                f"nDCG@10 of {_spread(own)} where genre and year give {_spread(base)}: "
                + ("a clear gain" if gains[best][1] > 0 else "no clear gain")
                + f" of {apart(gains[best])}"
                + (", and the intervals do not meet." if own[1] > base[2] else "."),
            )
        )
        deep = found["deep"]
        said.append(
            Conclusion(
                "honest",
                f"In the list of all films, against those with ratings, the first 50 places hold "
                f"{deep[best]:.1%} of the new films that a user rated ({best}), {deep[RIDGE]:.1%} "
                f"by genre and year, {deep['random']:.1%} by chance.",
            )
        )
    said += [
        Conclusion(
            "trap",
            "The network joins text and picture with the user's vectors by linear layers alone, so "
            f"that content adds the same to a film for every user: of {nets['users']:,} users' "
            f"lists of five new films the network makes {nets['lists'][HYBRID]:,} distinct, the "
            f"ridge on genre and year {nets['lists'][RIDGE]:,}.",
        ),
        Conclusion(
            "honest",
            f"Networks on the same {nets['users']:,} users, nDCG@10 among new films: "
            + "; ".join(f"{n} {_spread(v)}" for n, v in _beside(beside).items())
            + ".",
        ),
    ]
    return said


def _beside(compared: EvaluationSummary) -> dict[str, Gain]:
    """Each contender that learns, with its interval."""
    table = compared.tables["ranking"]
    figures = {e.name: e.metrics[METRIC] for e in table.entries if not e.trivial}
    return {name: (figure.value, figure.low, figure.high) for name, figure in figures.items()}


def _spread(value: Gain) -> str:
    return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
