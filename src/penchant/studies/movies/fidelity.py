"""Measure whether the genres that reasons of single users' networks name are those that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from penchant.data import Id
from penchant.explanation import attribute_fidelity
from penchant.metrics import interval, mean_replicates
from penchant.models import PerUserNetwork
from penchant.studies.movies.setup import MoviesSetup
from penchant.studies.records import per_cent
from penchant.studies.study import Conclusion, DataTable, Section, bars

_K = 10  # recommended films of a user
_ROUNDING = 1e-6
_ALIKE, _FAR = 1.05, 10.0  # ratios of drops up to and from which no ratio is named
_KINDS = {
    "named": "the genre that the reason names",
    "most_liked": "the film's genre that this user liked most often",
    "others": "another genre of the film, on average",
}


@dataclass(frozen=True)
class Removal:
    """What it costs recommended films to lose a genre.

    Attributes:
        drop: the fall of the chance of a like.
        low: lower end of its interval over users.
        high: upper end.
        places: places that a film loses among all films.
    """

    drop: float
    low: float
    high: float
    places: float


@dataclass(frozen=True)
class ReasonFidelity:
    """How faithful the reasons of networks of single users are.

    Attributes:
        users: whose recommended films were asked about.
        films: of these, those with a named genre and another one.
        faithful: the share of these to which no other genre is worth more.
        removals: by which genre is taken away; empty where there is no such film.
    """

    users: int
    films: int
    faithful: float
    removals: dict[str, Removal]


def measure_fidelity(setup: MoviesSetup, model: PerUserNetwork, users: list[Id]) -> ReasonFidelity:
    """Take genres away from the films that networks of some users recommend to them."""
    table = attribute_fidelity(model, users, k=_K, run=setup.run)
    most = (table["drop_named"] >= table["largest_drop_of_others"] - _ROUNDING).to_numpy()
    return ReasonFidelity(
        users=len(users),
        films=len(table),
        faithful=float(most.mean()) if len(table) else 0.0,
        removals={kind: _removal(setup, table, kind) for kind in _KINDS} if len(table) else {},
    )


def _removal(setup: MoviesSetup, table: pl.DataFrame, kind: str) -> Removal:
    by_user = table.group_by("user", maintain_order=True).agg(pl.col(f"drop_{kind}").mean())
    drops = by_user[f"drop_{kind}"].to_numpy()[:, None]
    low, high = interval(mean_replicates(drops, setup.replicates, setup.seed), 0.95)
    places = table[f"places_{kind}"].to_numpy()
    return Removal(float(drops.mean()), float(low[0]), float(high[0]), float(places.mean()))


def section(reasons: Mapping[str, ReasonFidelity], steps: tuple[str, ...]) -> Section:
    """What a film loses with the genre that its reason names, and with others.

    Args:
        reasons: by network.
        steps: that measured them.
    """
    measured = {name: each for name, each in reasons.items() if each.removals}
    rows = [(name, kind) for name in measured for kind in _KINDS]
    removals = [measured[name].removals[kind] for name, kind in rows]
    table = pl.DataFrame(
        {
            "network": [name for name, _ in rows],
            "taken away": [_KINDS[kind] for _, kind in rows],
            "chance falls by": [r.drop for r in removals],
            "chance falls by low": [r.low for r in removals],
            "chance falls by high": [r.high for r in removals],
            "places lost": [r.places for r in removals],
            "films": [measured[name].films for name, _ in rows],
        },
        schema_overrides={f"chance falls by{end}": pl.Float64 for end in ("", " low", " high")},
    )
    chart = bars(
        "By how much the chance of a like falls when a genre of a recommended film is taken away.",
        {
            label: {name: each.removals[kind].drop for name, each in measured.items()}
            for kind, label in _KINDS.items()
        },
        x="fall of the chance of a like",
        value_format="percent",
    )
    return Section(
        title="Whether reasons are true",
        text=f"""
            A network of a single user can be asked what each genre of a film does to its answer:
            the reason beside a recommended film names the genre without which that falls most.
            To see what such a reason is worth, the film is scored again without the genre that it
            names, without each of its other genres, and without the genre that the user liked most
            often, which would be the reason by rule of thumb. That no other genre costs more is so
            by construction, and checked; what may fail is that it costs more than the rule of
            thumb's. Asked are the first {_K} films of
            {max((each.users for each in reasons.values()), default=0)} users, as far as their
            reason names a genre and they have another one.
        """,
        conclusions=tuple(_conclusion(name, each) for name, each in measured.items()),
        charts=(chart,) if measured else (),
        tables=(
            DataTable(
                table,
                "What a recommended film loses with a genre: the fall of its chance of a like, "
                "with an interval over users, and places among all films.",
                {"chance falls by": "percent:1", "places lost": "fixed:0"},
            ),
        ),
        steps=steps,
    )


def _conclusion(name: str, reasons: ReasonFidelity) -> Conclusion:
    named, thumb = reasons.removals["named"], reasons.removals["most_liked"]
    return Conclusion(
        "honest",
        f"The genre that a reason of a network of the kind {name} names is worth "
        f"{_times(named.drop, thumb.drop)} the genre that the user liked most often"
        f"{_exceptions(reasons.faithful)}.",
    )


def _exceptions(faithful: float) -> str:
    """What to add where another genre costs some films more than the one that is named."""
    if faithful >= 1:
        return ""
    return f"; for {per_cent(1 - faithful, 0)} of the films another genre is worth still more"


def _times(drop: float, other: float) -> str:
    """How much more a drop is than another, in words."""
    if other <= 0 or drop / other > _FAR:
        return "far more than"
    ratio = drop / other
    return f"{ratio:.1f} times as much as" if ratio >= _ALIKE else "about as much as"
