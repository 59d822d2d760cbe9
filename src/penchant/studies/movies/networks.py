"""Train a network for each user of the sample, and measure how far each attribute reaches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data import Id
from penchant.metrics import best_threshold
from penchant.models import PerUserNetwork
from penchant.results import duration, join_names
from penchant.studies.movies.fidelity import ReasonFidelity, measure_fidelity
from penchant.studies.movies.setup import (
    ModelScores,
    MoviesSetup,
    before_test,
    by_row,
    liked,
)
from penchant.studies.records import predict
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.typing import AnyFloat, Float64

_TUNED = 3  # every third user's networks are trained a second time, to choose a cut for F1
_EFFECT_USERS = 40  # users whose networks the effects of attributes are measured on


@dataclass(frozen=True)
class NetworkScores(ModelScores):
    """Scores of networks of which each user has one.

    Attributes:
        seconds_for_all: how long training would take for all users of the log.
        attributes: names, in the order of the sequence.
        effects: how much each attribute changes the probability of a like.
        weights: of one network.
        reasons: how faithful the reasons of its recommendations are.
    """

    seconds_for_all: float
    attributes: list[str]
    effects: list[float]
    weights: int
    reasons: ReasonFidelity


def train_networks(setup: MoviesSetup, name: str) -> NetworkScores:
    """Train a network for each user of the sample on everything before their test rows.

    Nothing about these networks is chosen on validation rows but the threshold for F1, for which
    those of some users are trained without these rows.
    """
    split = setup.sample_split
    train = before_test(split)
    model = setup.network(name).fit(train, run=setup.run)
    assert isinstance(model, PerUserNetwork)
    validation = split.validation
    assert validation is not None
    part = split.train.subset(split.train.events["user"].to_numpy() % _TUNED == 0)
    rows = validation.subset(validation.rows.users % _TUNED == 0)
    tuned = setup.network(name).fit(part, run=setup.run)
    likes = liked(rows)
    users = split.log.users.ids.to_list()[: 4 if setup.quick else _EFFECT_USERS]
    share = len(before_test(setup.split)) / len(train)
    return NetworkScores(
        scores=by_row(split.test, model.predict(split.test.rows)),
        probabilities=True,
        threshold=0.5,
        f1_threshold=best_threshold(predict(tuned, rows.rows), likes, "f1") if likes.any() else 0.5,
        seconds=model.fit_seconds_,
        parameters=model.n_parameters(),
        seconds_for_all=model.fit_seconds_ * share,
        attributes=list(model.attributes_),
        effects=attribute_effects(model, users),
        weights=model.n_parameters() // int((model.epochs_ > 0).sum()),
        reasons=measure_fidelity(setup, model, users),
    )


def attribute_effects(model: PerUserNetwork, users: list[Id]) -> list[float]:
    """How much each attribute changes the probability of a like, by its place in the sequence.

    The mean, over these users' networks and over all combinations of attributes that an item
    has, of the absolute difference that switching the attribute on makes, all else equal; NaN
    where no item has it.
    """
    _, items = np.unique(model.item_attributes_, axis=0, return_index=True)
    index = items.astype(np.int32)
    has = model.item_attributes_[index] > 0
    total = np.zeros(has.shape)
    for user in users:
        history = model.histories_of([user])
        score = model.scores(history)[0, index][:, None]
        effect = model.attribute_effects(history, index)
        total += np.abs(_probability(model, score) - _probability(model, score - effect))
    count = has.sum(axis=0) * len(users)
    means = np.divide(
        (total * has).sum(axis=0), count, out=np.full(len(count), np.nan), where=count > 0
    )
    return [float(x) for x in means]


def _probability(model: PerUserNetwork, score: AnyFloat) -> Float64:
    """The probability of a like that the network's last sum stands for."""
    if model.cell == "no-forget":
        return np.asarray(np.clip(0.2 * score + 0.5, 0, 1), np.float64)
    return np.asarray(1 / (1 + np.exp(-score)), np.float64)


def section(setup: MoviesSetup, networks: Mapping[str, NetworkScores]) -> Section:
    """How far an attribute's place lets it reach the output."""
    attributes = next(iter(networks.values())).attributes
    places = np.arange(len(attributes))
    third = max(1, len(attributes) // 3)
    early, late = {}, {}
    for name, network in networks.items():
        values = np.array(network.effects, float)
        early[name] = _finite_mean(values[:third])
        late[name] = _finite_mean(values[-third:])
    table = pl.DataFrame(
        {
            "network": list(networks),
            f"first {third}": list(early.values()),
            f"last {third}": list(late.values()),
            "first to last": [early[m] / late[m] if late[m] else None for m in networks],
        }
    )
    first, last = join_names(attributes[:third]), join_names(attributes[-third:])
    lost = [m for m in networks if early[m] < late[m] / 10]
    meaning = (
        f"To networks of the kind {join_names(lost)} the first genres say less than a tenth of "
        f"what the last ones say: the order of the columns, from {attributes[0]} to "
        f"{attributes[-1]}, decides what they can learn, and not the user."
        if lost
        else "No kind of network loses what it reads first altogether."
    )
    n = min(len(setup.sample), _EFFECT_USERS)
    return Section(
        title="What the order of the genres does",
        text=f"""
            The networks read the genres one after the other: {", ".join(attributes)}. In the
            modified cell, C = i ∗ tanh(…) holds nothing of the step before. All that it
            remembers is its output h, which every further genre rewrites through the gates, so
            that what is read first has {len(attributes) - 1} steps to get lost in.

            Measured on the trained networks of {n} users: take every combination of genres that
            some film has, switch one of its genres off, and see how much the chance of a like
            changes. A film that is a comedy differs from the same film without that by so much.
        """,
        conclusions=(
            Conclusion(
                "trap",
                meaning,
            ),
        ),
        charts=(
            lines(
                "How much switching a genre on changes the chance of a like, by its place: "
                + ", ".join(f"{n} {name}" for n, name in zip(places + 1, attributes, strict=True))
                + ".",
                {name: network.effects for name, network in networks.items()},
                x="place of the genre in the sequence",
                y="mean change of the chance",
                half=False,
            ),
        ),
        tables=(
            DataTable(
                table,
                f"Mean change of the chance of a like by the first {third} genres ({first}) and "
                f"the last {third} ({last}).",
                dict.fromkeys(table.columns[1:3], "percent:2") | {"first to last": "fixed:2"},
            ),
        ),
        steps=tuple(step_of(name) for name in networks),
    )


def _finite_mean(values: Float64) -> float:
    """The mean over genres that some film has."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else 0.0


def step_of(name: str) -> str:
    """The name of the step that trains these networks."""
    return "network-" + "-".join(re.findall("[a-z]+", name.lower()))


def describe_sample(setup: MoviesSetup, networks: Mapping[str, NetworkScores]) -> str:
    """A sentence on who has networks of their own and what those of all users would take."""
    n, n_all = len(setup.sample), setup.log.n_users
    if n == n_all:
        return f"All {n_all:,} users have networks of their own, trained {setup.epochs} epochs."
    everybody = duration(sum(network.seconds_for_all for network in networks.values()))
    return (
        f"{n:,} of the {n_all:,} users, drawn by seed {setup.seed}, have networks of all kinds, "
        f"trained {setup.epochs} epochs; for all users these would take about {everybody} here "
        "(option users=none)."
    )
