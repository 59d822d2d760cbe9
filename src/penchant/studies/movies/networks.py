"""Networks of which each user has one: what they say of test rows, and how far attributes reach."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from penchant.data.vocabulary import Id
from penchant.metrics import best_threshold
from penchant.models.attributes.per_user import PerUserNetwork
from penchant.results.formatting import duration, join_names
from penchant.studies.movies.setup import NETWORKS, Found, Setup, by_row, known, liked, per_cent
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.typing import AnyFloat, Float64

_TUNED = 3  # every third user's networks are trained a second time, to choose a cut for F1
_REACHED = 40  # users whose networks are asked how far attributes reach


def network(setup: Setup, name: str) -> Found:
    """Train a network for each user of the sample, on all that is known before their test rows.

    Nothing about these networks is chosen on validation rows but the cut for F1, for which those
    of some users are trained without these rows.
    """
    split = setup.own
    model = setup.network(name).fit(known(split), run=setup.run)
    assert isinstance(model, PerUserNetwork)
    checked = split.validation
    assert checked is not None
    tuned = split.train.subset(split.train.events["user"].to_numpy() % _TUNED == 0)
    rows = checked.subset(checked.rows.users % _TUNED == 0)
    short = setup.network(name).fit(tuned, run=setup.run)
    assert isinstance(short, PerUserNetwork)
    likes = liked(rows)
    people = split.log.users.ids.to_list()[: 4 if setup.quick else _REACHED]
    learned = len(known(split))
    return {
        "scores": by_row(split.test, model.predict(split.test.rows)),
        "chances": True,
        "cut": 0.5,
        "f1_cut": best_threshold(short.predict(rows.rows), likes, "f1") if likes.any() else 0.5,
        "seconds": model.fit_seconds_,
        "parameters": model.n_parameters(),
        "seconds_for_all": model.fit_seconds_ * len(known(setup.split)) / learned,
        "attributes": list(model.attributes_),
        "reach": reach(model, people),
    }


def reach(model: PerUserNetwork, users: list[Id]) -> list[float]:
    """How much each attribute changes the chance of a like, by its place in the sequence.

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
        total += np.abs(_chance(model, score) - _chance(model, score - effect))
    count = has.sum(axis=0) * len(users)
    found = np.divide(
        (total * has).sum(axis=0), count, out=np.full(len(count), np.nan), where=count > 0
    )
    return [float(x) for x in found]


def _chance(model: PerUserNetwork, score: AnyFloat) -> Float64:
    """The chance of a like that the network's last sum stands for."""
    if model.cell == "no-forget":
        return np.asarray(np.clip(0.2 * score + 0.5, 0, 1), np.float64)
    return np.asarray(1 / (1 + np.exp(-score)), np.float64)


def reach_section(setup: Setup, networks: dict[str, Found]) -> Section:
    """How far an attribute's place lets it reach the output."""
    attributes = next(iter(networks.values()))["attributes"]
    places = np.arange(len(attributes))
    third = max(1, len(attributes) // 3)
    early, late = {}, {}
    for name, found in networks.items():
        values = np.array(found["reach"], float)
        early[name] = _mean(values[:third])
        late[name] = _mean(values[-third:])
    table = pl.DataFrame(
        {
            "network": list(networks),
            f"first {third}": list(early.values()),
            f"last {third}": list(late.values()),
            "first to last": [early[m] / late[m] if late[m] else None for m in networks],
        }
    )
    first, last = join_names(attributes[:third]), join_names(attributes[-third:])
    said = "; ".join(f"{m} {per_cent(early[m])} against {per_cent(late[m])}" for m in networks)
    lost = [m for m in networks if early[m] < late[m] / 10]
    meaning = (
        f"To {join_names(lost)} the first genres say less than a tenth of what the last ones say: "
        "the order of the columns decides what such a network can learn, and not the user."
        if lost
        else "No network loses what it reads first altogether."
    )
    n = min(len(setup.sample), _REACHED)
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
                f"Mean change of the chance of a like, first {third} genres ({first}) against "
                f"last {third} ({last}): {said}. {meaning}",
            ),
        ),
        charts=(
            lines(
                "How much switching a genre on changes the chance of a like, by its place: "
                + ", ".join(f"{n} {name}" for n, name in zip(places + 1, attributes, strict=True))
                + ".",
                {name: found["reach"] for name, found in networks.items()},
                x="place of the genre in the sequence",
                y="mean change of the chance",
                half=False,
            ),
        ),
        tables=(
            DataTable(
                table,
                f"Mean change of the chance of a like by the first and the last {third} genres.",
                dict.fromkeys(table.columns[1:3], "percent:2") | {"first to last": "fixed:2"},
            ),
        ),
        steps=tuple(step_of(name) for name in networks),
    )


def _mean(values: Float64) -> float:
    """The mean over genres that some film has."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0


def step_of(name: str) -> str:
    """The name of the step that trains these networks."""
    return "network-" + "-".join(re.findall("[a-z]+", name.lower()))


def what_was_run(setup: Setup, networks: dict[str, Found]) -> str:
    """A sentence on who has networks of their own and what those of all users would take."""
    n, everybody = len(setup.sample), setup.log.n_users
    if n == everybody:
        return f"All {everybody:,} users have networks of their own, trained {setup.epochs} epochs."
    told = ", ".join(f"{m} {duration(networks[m]['seconds_for_all'])}" for m in NETWORKS)
    return (
        f"{n:,} of the {everybody:,} users, drawn by seed {setup.seed}, have networks of their "
        f"own, trained {setup.epochs} epochs; for all users they would take here about: {told} "
        "(option users=none)."
    )
