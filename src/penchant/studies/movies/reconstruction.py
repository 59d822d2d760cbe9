"""Rank unseen films by models that reconstruct a user's vector, the published RBM among them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from penchant.models import RBM, Recommender
from penchant.studies.movies.one_user import RbmTraining
from penchant.studies.movies.setup import (
    PUBLISHED_RBM,
    ModelScores,
    MoviesSetup,
    score_test_rows,
)
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, bars

_ZERO = "RBM from zero weights"
_RANDOM = "RBM from random weights"
_PLAIN = "autoencoder as published"
_OTHERS = {"Mult-VAE": "mult-vae", "EASE": "ease:l2=500"}
RECONSTRUCTED = (_ZERO, _RANDOM, _PLAIN)
"""Models that rank by what they reconstruct of a vector."""
_K = 10
PRINTED = (
    *(0.02712, 0.02183, 0.02095, 0.02042, 0.02021),
    *(0.02009, 0.02001, 0.01991, 0.01982, 0.01975),
)
"""The errors that the published program prints, one after each of its first ten epochs."""
_VERDICTS = {"beats": "better", "worse": "worse", "no better": "no better"}


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
        _ZERO: setup.model(PUBLISHED_RBM),
        _RANDOM: setup.model(PUBLISHED_RBM).clone(initial_scale=0.01),
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


def section(setup: MoviesSetup, results: ReconstructionLists, rbm: RbmTraining) -> Section:
    """Why the published machine ranks by popularity, and the errors that it prints."""
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
            f"{_different(results.distinct_hidden[_ZERO])}: all start alike and, as nothing is "
            "drawn, all get the same updates for ever.",
        ),
        Conclusion("as published", _errors_sentence(setup, rbm)),
        Conclusion(
            "honest",
            f"Of the {_K} films that it puts first for a user {overlap[_ZERO]:.0%} are those that "
            "are simply most popular.",
        ),
        Conclusion(
            "honest",
            f"As a list of {_K} films its ranking is {outcome} than the list of the most popular "
            "ones.",
        ),
    )
    return Section(
        title="The RBM whose hidden units are all the same",
        text=f"""
            The published machine has a visible unit for each film, {rbm.items:,} with those that
            nobody rated (the rating divided by 5, 0 for unseen), and {hidden} hidden ones. Its
            weights start at zero, and in place of drawn states it passes probabilities on. As
            published it learns from {rbm.users:,} users in the order of the file; the
            {rbm.left_out:,} after the last whole batch are left out of each epoch, for the program
            pairs starts and ends of batches.

            For the lists below it learns from 60 % of each user's ratings, as the split of the
            comparison says, and ranks what is left by its reconstruction, beside the same machine
            with small random weights, the published autoencoder, and two simple strong models for
            the same task.
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
            _error_table(setup, rbm),
            DataTable(
                frame,
                f"First {_K} films of {results.users:,} users beside those of popularity.",
                {"shared with Popular": "percent:0"},
            ),
            DataTable(
                pl.DataFrame(
                    {
                        "film": rbm.titles,
                        "genres": rbm.genres,
                        "reconstructed rating": rbm.reconstructed,
                    },
                    schema_overrides={"genres": pl.String, "reconstructed rating": pl.Float64},
                ),
                f"What the machine trained as published puts first of the films that user "
                f"{setup.log.users[setup.first_user]} has not rated.",
            ),
        ),
        comparisons=(compared,),
        steps=("first-user", "lists"),
    )


def _different(n: int) -> str:
    return "a single one" if n == 1 else f"{n} different ones"


def _errors_sentence(setup: MoviesSetup, rbm: RbmTraining) -> str:
    where = "here" if setup.same_data else "here, on other data,"
    first, last = (f"{error:.5f}".removeprefix("0") for error in (rbm.errors[0], rbm.errors[-1]))
    return (
        "The program prints an error of .02712 after its first epoch and of .01975 after its "
        f"tenth; {where} they are {first} after the first and {last} after epoch "
        f"{len(rbm.errors)}."
    )


def _error_table(setup: MoviesSetup, rbm: RbmTraining) -> DataTable:
    here = [*rbm.errors, *[None] * len(PRINTED)][: len(PRINTED)]
    frame = pl.DataFrame(
        {
            "after epoch": [*map(str, range(1, len(PRINTED) + 1)), str(rbm.epochs)],
            "printed": [*PRINTED, None],
            "here": [*here, rbm.last_error],
            "beside printed": [
                setup.against_published(p, h, places=5)
                for p, h in zip([*PRINTED, None], [*here, rbm.last_error], strict=True)
            ],
        },
        schema_overrides={"here": pl.Float64},
    )
    return DataTable(
        frame,
        f"Mean squared error of the reconstruction of all {rbm.users:,} users' vectors by epoch, "
        "as the program prints it and here.",
        dict.fromkeys(("printed", "here"), "fixed:5"),
    )
