"""The honest comparison: test rows of many users, against answers that need no network."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from penchant.metrics import Verdict
from penchant.results.formatting import join_names
from penchant.studies.movies.lists import RECONSTRUCTED
from penchant.studies.movies.networks import step_of, what_was_run
from penchant.studies.movies.setup import EVERYTHING, MAJORITY, NETWORKS, Found, Setup, per_cent
from penchant.studies.movies.shared_models import SHARED, TRIVIAL
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section

PUBLISHED = [name for name in ("LSTM", "modified LSTM") if name in NETWORKS]
_WORDS: dict[Verdict | None, str] = {
    "beats": "better than",
    "no better": "no better than",
    "worse": "worse than",
    None: "not judged against",
}


def section(
    setup: Setup,
    said: dict[str, Found],
    networks: dict[str, Found],
    found: Found,
    everyone: EvaluationSummary,
) -> Section:
    """All contenders on one set of test rows, in decisions and in order."""
    decisions = replace(
        EvaluationSummary.load(found["decisions"]),
        title=f"Decisions on the same {found['rows']:,} test ratings of {found['users']:,} users",
    )
    order = replace(
        EvaluationSummary.load(found["order"]),
        title=f"Order of the same {found['rows']:,} test ratings",
    )
    everyone = replace(everyone, title="What needs no network of each user's own, on all users")
    within = found["within"]
    auc = {e.name: e.metrics["auc"].value for e in order.tables["like"].entries}
    best = max(SHARED, key=lambda name: within[name]["auc"])
    text = f"""
        Of each user's ratings the latest 30 % are for test, and of the other 70 % a seventh is
        for validation. A like is a rating of 4 or more. Nothing is chosen on test rows: epochs of
        shared models and all cuts but those of chances, which are at one half, come from
        validation rows; the networks of single users have their published settings.
        {what_was_run(setup, networks)} All contenders of the first two comparisons are judged on
        the test ratings of these users; shared models learn from everybody.

        Two answers need no network. “Likes everything” is right on {per_cent(found["likes"], 1)}
        of these ratings. “The user's own majority” says like, or dislike, of all films, whichever
        most of this user's earlier ratings were. A network for each user that learns nothing but
        how much its user likes is the latter.

        An AUC over the rows of all users is flattered by knowing who likes much: the user's own
        majority, which cannot tell two films apart, has {auc[MAJORITY]:.3f}. The AUC within users
        compares rows of the same user only; there that answer has one half, as chance has.

        The comparisons further down ask for more: a model beats the trivial answers there only if
        it is better than the best of four, these two, the mean rating of a film, and the biases of
        users and films.
    """
    return Section(
        title="Honestly: many users, test rows only",
        text=text,
        conclusions=tuple(_conclusions(found, auc, best)),
        tables=(_against(said, found), _order(said, found, auc)),
        comparisons=(decisions, order, everyone),
        steps=("shared", "lists", *(step_of(m) for m in NETWORKS), "judged"),
    )


def _conclusions(found: Found, auc: Found, best: str) -> list[Conclusion]:
    within, right = found["within"], _accuracy(found)
    conclusions = [
        Conclusion(
            "honest",
            f"Accuracy on test rows: {EVERYTHING} {per_cent(right[EVERYTHING], 1)}, "
            f"{MAJORITY} {per_cent(right[MAJORITY], 1)}, "
            + ", ".join(f"{m} {per_cent(right[m], 1)}" for m in NETWORKS)
            + f"; {best} {per_cent(right[best], 1)}.",
        ),
        Conclusion(
            "honest",
            "AUC within users, where one half is chance, of models that all users share: "
            + ", ".join(f"{m} {within[m]['auc']:.3f}" for m in SHARED)
            + f"; “item mean”, the same for everybody, {within['item mean']['auc']:.3f}.",
        ),
        Conclusion(
            "trap",
            f"Over the rows of all users together the user's own majority has an AUC of "
            f"{auc[MAJORITY]:.3f} without telling any two films of a user apart: such a figure "
            "says little of a recommender.",
        ),
    ]
    conclusions += [Conclusion("verdict", verdict_on(name, found)) for name in PUBLISHED]
    return [*conclusions, Conclusion("verdict", _within(within))]


def _within(within: dict[str, Found]) -> str:
    """A sentence on what the networks of single users know of films."""
    blind = [m for m in NETWORKS if within[m]["low"] <= 0.5]
    told = [
        f"{m} {within[m]['auc']:.3f} ({within[m]['low']:.3f} to {within[m]['high']:.3f})"
        for m in NETWORKS
    ]
    meaning = (
        f"{join_names(blind)} cannot be told from a coin."
        if blind
        else "all of them are better than a coin."
    )
    return (
        "The chance that a user's own network puts a liked test film of the user before one not "
        f"liked is {', '.join(told)}: {meaning}"
    )


def verdict_on(name: str, found: Found) -> str:
    """A sentence on one network against both answers."""
    against = found["against"]
    parts = []
    for answer in (EVERYTHING, MAJORITY):
        figure = against[answer][name]
        parts.append(
            f"{_WORDS[figure['verdict']]} “{answer}” ({_points(figure['gain'])}, "
            f"{_points(figure['low'])} to {_points(figure['high'])} points of accuracy)"
        )
    return f"The published {name}, one network for each user, is {join_names(parts)}."


def no_better(found: Found) -> list[str]:
    """The published networks that are not better than both answers."""
    against = found["against"]
    return [
        name
        for name in PUBLISHED
        if any(against[answer][name]["verdict"] != "beats" for answer in (EVERYTHING, MAJORITY))
    ]


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _accuracy(found: Found) -> dict[str, float]:
    table = EvaluationSummary.load(found["decisions"]).tables["like"]
    return {e.name: e.metrics["like-accuracy"].value for e in table.entries}


def _against(said: dict[str, Found], found: Found) -> DataTable:
    """Gains over both answers."""
    right = _accuracy(found)
    names = [m for m in right if m not in (EVERYTHING, *TRIVIAL)]
    columns: dict[str, list[object]] = {
        "recommender": [*names],
        "kind": [_kind(m) for m in names],
        "accuracy": [right[m] for m in names],
    }
    for answer, short in ((EVERYTHING, "likes everything"), (MAJORITY, "own majority")):
        figures = [found["against"][answer][m] for m in names]
        over = f"over {short}"
        columns[over] = [f["gain"] for f in figures]
        columns[f"{over} low"] = [f["low"] for f in figures]
        columns[f"{over} high"] = [f["high"] for f in figures]
        columns[f"against {short}"] = [f["verdict"] or "not judged" for f in figures]
    return DataTable(
        pl.DataFrame(columns, infer_schema_length=None),
        "Accuracy on test rows and what is gained over the two answers that need no network, with "
        "intervals over users. Verdicts are corrected for the number of models compared, "
        "intervals are not.",
        {"accuracy": "percent:1"}
        | dict.fromkeys(("over likes everything", "over own majority"), "signed:4")
        | dict.fromkeys(("against likes everything", "against own majority"), "badge"),
    )


def _order(said: dict[str, Found], found: Found, auc: Found) -> DataTable:
    """Order, chances and size."""
    names = sorted(auc, key=lambda m: -found["within"][m]["auc"])
    within = [found["within"][m] for m in names]
    return DataTable(
        pl.DataFrame(
            {
                "recommender": names,
                "kind": [_kind(m) for m in names],
                "AUC within users": [w["auc"] for w in within],
                "AUC within users low": [w["low"] for w in within],
                "AUC within users high": [w["high"] for w in within],
                "AUC over all rows": [auc[m] for m in names],
                "F1, own cut": [found["f1 at own cut"][m] for m in names],
                "log-loss": [found["log-loss"].get(m) for m in names],
                "training": [said[m]["seconds"] for m in names],
                "numbers learned": [said[m]["parameters"] for m in names],
            },
            infer_schema_length=None,
        ),
        "How well test rows are put in order, what chances are worth, and what it takes. The cut "
        "for F1 is the best one on validation rows; networks of single users: of the users "
        "judged here.",
        {"training": "duration", "numbers learned": "short"},
    )


def _kind(name: str) -> str:
    if name in NETWORKS:
        return "one for each user"
    if name == EVERYTHING or name in TRIVIAL:
        return "trivial"
    return "reconstruction" if name in RECONSTRUCTED else "one for all users"
