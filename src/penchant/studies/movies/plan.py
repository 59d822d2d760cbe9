"""How long the steps of the study usually take on two cores, by the size of the log."""

from __future__ import annotations

from penchant.studies.movies.networks import step_of
from penchant.studies.movies.setup import NETWORKS, MoviesSetup

_PER_MILLION = {
    "sql": 4.0,
    "autoencoder": 270.0,
    "shared": 160.0,
    "lists": 350.0,
    "ratings": 100.0,
    "film-order": 400.0,
    "evaluation": 10.0,
}
"""Seconds for a million ratings; those of the autoencoder, at 200 epochs."""
_PER_EVENT_EPOCH = {"LSTM": 4.9e-5, "GRU": 5.5e-5}
"""Seconds for a rating that one network sees once; of cells without forget gate less."""
_WITHOUT_FORGET_GATE = 7.0e-6
_TRAINED_SHARE = 0.7 * 4 / 3  # of the ratings of the sample, a third of whose networks twice


def usual_seconds(setup: MoviesSetup) -> dict[str, float]:
    """All steps in their order with the seconds that each usually takes on two cores."""
    millions, users = len(setup.log) / 1e6, len(setup.sample)
    events = len(setup.log) * users / setup.log.n_users * _TRAINED_SHARE
    steps = {name: seconds * millions for name, seconds in _PER_MILLION.items()}
    steps["autoencoder"] *= setup.autoencoder_epochs / 200
    first, evaluation = {"sql": steps.pop("sql")}, {"evaluation": steps.pop("evaluation")}
    first |= {"first-user": 15.0, "autoencoder": steps.pop("autoencoder"), "memory": 1.0}
    networks = {
        step_of(name): setup.epochs * events * _PER_EVENT_EPOCH.get(name, _WITHOUT_FORGET_GATE)
        for name in NETWORKS
    }
    if setup.everyone:
        everyone = 0.7 * len(setup.log) * setup.epochs * _WITHOUT_FORGET_GATE
        networks["every-user"] = everyone
    return first | steps | networks | evaluation
