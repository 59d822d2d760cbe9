"""Which unseen films the reconstructing models put first: the published RBM and what it learned."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

import penchant as pn
from penchant.models import RBM
from penchant.models.base import Recommender
from penchant.studies.movies.setup import Found, Setup, contender
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, bars

_ZERO = "RBM from zero weights"
_RANDOM = "RBM from random weights"
_PLAIN = "autoencoder as published"
_OTHERS = {"Mult-VAE": "mult-vae", "EASE": "ease"}
RECONSTRUCTED = (_ZERO, _RANDOM, _PLAIN)
"""Models that rank by what they reconstruct of a vector."""
_K = 10


def lists(setup: Setup) -> Found:
    """Rank the unseen films of all users, and say how far the lists are those of popularity."""
    models: dict[str, Recommender] = {
        _ZERO: setup.model("rbm"),
        _RANDOM: setup.model("rbm:initial_scale=0.01"),
        _PLAIN: setup.model("autoencoder").clone(epochs=setup.autoencoder_epochs),
    }
    models |= {name: setup.model(spec) for name, spec in _OTHERS.items()}
    compared = pn.evaluate(
        models,
        setup.split,
        [f"ndcg@{_K}", "recall@20", f"coverage@{_K}", f"popularity-bias@{_K}"],
        like=4.0,
        relevant="liked",
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    users = setup.log.users.take(setup.sample)
    first = {name: model.recommend(users, _K) for name, model in compared.models.items()}
    popular = first["popular"]
    machines = {name: compared.models[name] for name in (_ZERO, _RANDOM)}
    return {
        "compared": compared,
        "hidden": machines[_ZERO].params()["hidden"],
        "distinct": {
            name: model.distinct_hidden_units()
            for name, model in machines.items()
            if isinstance(model, RBM)
        },
        "overlap": {
            name: len(frame.join(popular, on=["user", "item"])) / max(1, len(frame))
            for name, frame in first.items()
        },
        "different": {name: _different(frame) for name, frame in first.items()},
        "users": len(users),
        "said": {name: contender(compared.models[name], setup) for name in RECONSTRUCTED},
    }


def _different(frame: pl.DataFrame) -> int:
    """How many different films stand in first places."""
    return frame["item"].n_unique()


def section(setup: Setup, found: Found) -> Section:
    """Why the published machine ranks by popularity."""
    compared = replace(
        EvaluationSummary.load(found["compared"]), title="Which unseen films are put first"
    )
    figures = compared.tables["ranking"]
    names = [e.name for e in figures.entries if e.name != "random"]
    overlap, hidden = found["overlap"], found["hidden"]
    ndcg = {e.name: e.metrics[f"ndcg@{_K}"].value for e in figures.entries}
    table = pl.DataFrame(
        {
            "model": names,
            "hidden units that differ": [
                f"{found['distinct'][m]} of {hidden}" if m in found["distinct"] else None
                for m in names
            ],
            "shared with Popular": [overlap[m] for m in names],
            "different films shown": [found["different"][m] for m in names],
            f"nDCG@{_K}": [ndcg[m] for m in names],
        }
    )
    verdict = figures[_ZERO].verdict
    conclusions = (
        Conclusion(
            "trap",
            f"From zero weights the {hidden} hidden units amount to "
            f"{found['distinct'][_ZERO]} that differ, from random weights (deviation .01) to "
            f"{found['distinct'][_RANDOM]}. All start alike and, as nothing is drawn, all get "
            "the same updates for ever: thirty units do the work of one.",
        ),
        Conclusion(
            "honest",
            f"Of the {_K} films that it puts first for a user, "
            f"{overlap[_ZERO]:.0%} are those that are simply most popular (random weights: "
            f"{overlap[_RANDOM]:.0%}), and its nDCG@{_K} is {ndcg[_ZERO]:.3f} where popularity "
            f"has {ndcg['popular']:.3f}: {_said(verdict)} (random weights {ndcg[_RANDOM]:.3f}, "
            f"EASE {ndcg['EASE']:.3f}).",
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
                table,
                f"First {_K} films of {found['users']:,} users beside those of popularity.",
                {"shared with Popular": "percent:0"},
            ),
        ),
        comparisons=(compared,),
        steps=("lists",),
    )


def _said(verdict: str | None) -> str:
    words = {
        "beats": "better, beyond chance",
        "worse": "worse, beyond chance",
        "no better": "the data cannot tell them apart",
    }
    return words.get(verdict or "", "not judged")
