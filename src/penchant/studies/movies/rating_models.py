"""Compare the variants of RBM and autoencoder that leave unseen films out and predict ratings."""

from __future__ import annotations

from penchant.data import split_random
from penchant.studies.movies.setup import MoviesSetup
from penchant.studies.study import Conclusion, EvaluationSummary, Section

_MODELS = {
    "rating-aware RBM by item": "rating-rbm",
    "rating-aware RBM by user": "rating-rbm:axis=user",
    "AutoRec by item": "autorec",
    "AutoRec by user": "autorec:axis=user",
}


def compare_rating_models(setup: MoviesSetup) -> EvaluationSummary:
    """Compare models of ratings on a random tenth of all ratings."""
    split = split_random(setup.log, validation=0.05, test=0.1, seed=setup.seed)
    evaluation = setup.evaluate(
        {name: setup.model(spec) for name, spec in _MODELS.items()},
        split,
        ["rmse", "mae"],
    )
    return EvaluationSummary.of(evaluation)


def section(compared: EvaluationSummary) -> Section:
    """Ratings in place of likes."""
    table = compared.tables["rating"]
    rmse = table.values("rmse")
    best = table.entries[0].name
    baseline = table.best_trivial.name
    beating = [m for m in _MODELS if table[m].verdict == "beats"]
    return Section(
        title="The same networks, asked for ratings",
        text="""
            An RBM and an autoencoder need not take unseen films for zeros. With unseen entries
            left out, both predict ratings: the RBM with a softmax unit for each rating, and
            AutoRec, each by user (a user's films go in) and by item (a film's users go in). A
            random tenth of all ratings is the test, as papers have it; a twentieth decides when
            training ends.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"{len(beating) or 'None'} of {len(_MODELS)} networks that leave unseen films out "
                f"predict ratings better than {baseline}, the best answer without a network; the "
                f"lowest error on test rows, {rmse[best]:.3f} stars, is that of {best}.",
            ),
        ),
        comparisons=(compared,),
        steps=("ratings",),
    )
