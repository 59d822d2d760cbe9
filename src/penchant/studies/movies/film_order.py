"""Compare networks that read the films of a user in order, where the thesis reads genres."""

from __future__ import annotations

from penchant.data import split_leave_last_out
from penchant.studies.movies.setup import LIKE, MoviesSetup
from penchant.studies.study import Conclusion, EvaluationSummary, Section

LSTM, GRU = "LSTM over films", "GRU over films"
UNORDERED = "EASE, which knows no order"
_METRIC = "ndcg@10"
_MODELS = {
    LSTM: "gru4rec:cell=lstm",
    GRU: "gru4rec",
    "self-attention over films": "sasrec",
    UNORDERED: "ease",
}


def compare_film_order(setup: MoviesSetup) -> EvaluationSummary:
    """Compare lists of the next film on each user's last liked one."""
    assert setup.log.ratings is not None
    likes = setup.log.subset(setup.log.ratings >= LIKE)
    evaluation = setup.evaluate(
        {name: setup.model(spec) for name, spec in _MODELS.items()},
        split_leave_last_out(likes),
        [_METRIC, "hr@10"],
    )
    return EvaluationSummary.of(evaluation)


def section(compared: EvaluationSummary) -> Section:
    """Whether a memory helps where there is something to remember."""
    table = compared.tables["ranking"]
    values = table.values(_METRIC)
    baseline, lstm = table.best_trivial.name, values[LSTM]
    verb = "beats" if table[LSTM].verdict == "beats" else "does not beat"
    return Section(
        title="A memory for films instead of genres",
        text="""
            A user's own network reads the genres of one film, always in the same order: there is
            nothing to remember in them. The films that a user liked come one after another, and
            one network for all users can read those. Asked for the next film, each user's last
            liked film is the test, and the one before it decides when training ends. Which model
            says the same whatever the order stands among the findings.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"An LSTM over films {verb} {baseline}, the best trivial answer "
                f"({_METRIC} {lstm:.3f} beside {values[baseline]:.3f}); EASE, which takes a "
                f"history for a set, has {values[UNORDERED]:.3f}, and a GRU {values[GRU]:.3f}.",
            ),
        ),
        comparisons=(compared,),
        steps=("film-order",),
    )
