"""Rank unseen films by models that reconstruct a user's vector, the published RBM among them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from penchant.models import RBM, Recommender
from penchant.studies.movies.setup import ModelScores, MoviesSetup, score_test_rows
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, bars

_ZERO = "RBM from zero weights"
_RANDOM = "RBM from random weights"
_PLAIN = "autoencoder as published"
_OTHERS = {"Mult-VAE": "mult-vae", "EASE": "ease"}
RECONSTRUCTED = (_ZERO, _RANDOM, _PLAIN)
"""Models that rank by what they reconstruct of a vector."""
_K = 10
_VERDICTS = {
    "beats": "better, beyond chance",
    "worse": "worse, beyond chance",
    "no better": "the data cannot tell them apart",
}


@dataclass(frozen=True)
class ReconstructionLists:
    """Lists by models that reconstruct a user's vector, and how far they are those of popularity.

    Attributes:
        compared: ranking metrics of all models.
        hidden: hidden units of the RBM.
        distinct_hidden: how many of them differ, by RBM.
        overlap: the share of places that hold the most popular films, by model.
        distinct_items: how many different films stand in the lists, by model.
        users: whose lists these are.
        scores: of the sample's test rows.
    """

    compared: EvaluationSummary
    hidden: int
    distinct_hidden: dict[str, int]
    overlap: dict[str, float]
    distinct_items: dict[str, int]
    users: int
    scores: dict[str, ModelScores]


def rank_unseen(setup: MoviesSetup) -> ReconstructionLists:
    """Rank the unseen films of all users, and compare the lists with those of popularity."""
    models: dict[str, Recommender] = {
        _ZERO: setup.model("rbm"),
        _RANDOM: setup.model("rbm:initial_scale=0.01"),
        _PLAIN: setup.model("autoencoder").clone(epochs=setup.autoencoder_epochs),
    }
    models |= {name: setup.model(spec) for name, spec in _OTHERS.items()}
    compared = setup.evaluate(
        models,
        setup.split,
        [f"ndcg@{_K}", "recall@20", f"coverage@{_K}", f"popularity-bias@{_K}"],
        like=4.0,
        relevant="liked",
    )
    users = setup.log.users.take(setup.sample)
    lists = {name: model.recommend(users, _K) for name, model in compared.models.items()}
    popular = lists["popular"]
    machines = {name: compared.models[name] for name in (_ZERO, _RANDOM)}
    return ReconstructionLists(
        compared=EvaluationSummary.of(compared),
        hidden=machines[_ZERO].params()["hidden"],
        distinct_hidden={
            name: model.distinct_hidden_units()
            for name, model in machines.items()
            if isinstance(model, RBM)
        },
        overlap={
            name: len(frame.join(popular, on=["user", "item"])) / max(1, len(frame))
            for name, frame in lists.items()
        },
        distinct_items={name: frame["item"].n_unique() for name, frame in lists.items()},
        users=len(users),
        scores={name: score_test_rows(compared.models[name], setup) for name in RECONSTRUCTED},
    )


def section(results: ReconstructionLists) -> Section:
    """Why the published machine ranks by popularity."""
    compared = replace(results.compared, title="Which unseen films are put first")
    table = compared.tables["ranking"]
    names = [e.name for e in table.entries if e.name != "random"]
    overlap, hidden = results.overlap, results.hidden
    ndcg = table.values(f"ndcg@{_K}")
    frame = pl.DataFrame(
        {
            "model": names,
            "hidden units that differ": [
                f"{results.distinct_hidden[m]} of {hidden}"
                if m in results.distinct_hidden
                else None
                for m in names
            ],
            "shared with Popular": [overlap[m] for m in names],
            "different films shown": [results.distinct_items[m] for m in names],
            f"nDCG@{_K}": [ndcg[m] for m in names],
        }
    )
    outcome = _VERDICTS.get(table[_ZERO].verdict or "", "not judged")
    conclusions = (
        Conclusion(
            "trap",
            f"From zero weights the {hidden} hidden units amount to "
            f"{results.distinct_hidden[_ZERO]} that differ, from random weights (deviation .01) to "
            f"{results.distinct_hidden[_RANDOM]}. All start alike and, as nothing is drawn, all "
            "get the same updates for ever: thirty units do the work of one.",
        ),
        Conclusion(
            "honest",
            f"Of the {_K} films that it puts first for a user, "
            f"{overlap[_ZERO]:.0%} are those that are simply most popular (random weights: "
            f"{overlap[_RANDOM]:.0%}), and its nDCG@{_K} is {ndcg[_ZERO]:.3f} where popularity "
            f"has {ndcg['popular']:.3f}: {outcome} (random weights "
            f"{ndcg[_RANDOM]:.3f}, EASE {ndcg['EASE']:.3f}).",
        ),
    )
    return Section(
        title="The RBM whose hidden units are all the same",
        text=f"""
            The published machine has a visible unit for each film (the rating divided by 5, 0 for
            unseen) and {hidden} hidden ones. Its weights start at zero, and in place of drawn
            states it passes probabilities on. Here it learns from 60 % of each user's ratings, as
            the split of the next comparison says, and ranks what is left by its reconstruction,
            beside the same machine with small random weights, the published autoencoder, and
            two simple strong models for the same task.
        """,
        conclusions=conclusions,
        charts=(
            bars(
                f"Share of each user's first {_K} films that are the most popular ones.",
                {"": {m: overlap[m] for m in names}},
                x="share",
            ),
        ),
        tables=(
            DataTable(
                frame,
                f"First {_K} films of {results.users:,} users beside those of popularity.",
                {"shared with Popular": "percent:0"},
            ),
        ),
        comparisons=(compared,),
        steps=("lists",),
    )
