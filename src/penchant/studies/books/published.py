"""The published comparison: F1 of all published models, and of recommending everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from penchant.claims import claim
from penchant.studies.books.networks import JACCARD, MIN_DELTA, NETWORKS, RATES, Network
from penchant.studies.books.published_tables import (
    CONTENDERS,
    Row,
    compare_with_everything,
    jaccard_table,
    network_table,
    published_cuts,
    result_chart,
    result_table,
    simple_table,
    spread,
    weights_table,
)
from penchant.studies.books.setup import (
    DECADES,
    EVERYTHING,
    LEARNING_RATE,
    PUBLISHED_SEED,
    BooksSetup,
)
from penchant.studies.books.training import PublishedModels, step_names
from penchant.studies.records import TrainingCurve, number_word
from penchant.studies.study import Conclusion, DataTable, Graph, Section, lines

_CONSTANT = 0.01  # share of the scale within which predictions count as one and the same
_DIGITS = 4  # of F1, as the tables have it
_HARDLY_ANY = 0.01  # share of the test rows that is recommended
_ALIKE = 0.02  # share of the scale within which predictions lie about the mean


def check_claims(setup: BooksSetup) -> list[str]:
    """What the best published F1 of each family is beside trivial answers on the test rows.

    Nothing where the log is not the published one.
    """
    if not setup.same_data:
        return []
    families = {"Jaccard": JACCARD, "networks": {e.name for e in NETWORKS}}
    published = {name: f1s[1] or 0.0 for name, (_, f1s) in published_cuts(setup).items()}
    best = {family: max(published[name] for name in names) for family, names in families.items()}
    options: dict[str, Any] = {
        "like": setup.like,
        "replicates": setup.replicates,
        "seed": setup.seed,
    }
    checked = {f: claim(v, on=setup.split, metric="f1", **options) for f, v in best.items()}
    return [
        f"Best published of {family}, on the whole set: {result.sentence}"
        for family, result in checked.items()
    ]


def section(setup: BooksSetup, models: PublishedModels, claims: Sequence[str]) -> Section:
    """F1 and accuracy as published, losses by epoch, and which models beat everything."""
    rows = {row["model"]: row for row in compare_with_everything(setup, models)}
    sheets = [
        result_table(setup, rows),
        jaccard_table(setup, models, rows),
        simple_table(setup, rows),
        network_table(models, rows),
        weights_table(setup),
    ]
    if claims:
        sheets.append(
            DataTable(pl.DataFrame({"claim": claims}), "The best of each family, judged.")
        )
    return Section(
        title="As published",
        text=_text(setup),
        conclusions=tuple(_conclusions(setup, models, rows)),
        tables=tuple(sheets),
        charts=(result_chart(rows), *_losses(models)),
        steps=(*step_names(setup), *(["claims"] if claims else [])),
    )


def _text(setup: BooksSetup) -> str:
    shared = (
        "As in the original, each network goes on from the embeddings that the last one left "
        "behind, in the order of the table; each is judged right after its own training."
        if setup.shared_embeddings
        else "In the original all networks share one pair of embeddings, each going on from what "
        "the last one left behind; here each starts from its own (the option shared_embeddings "
        "does as in the original)."
    )
    rate = (
        ""
        if setup.learning_rate == LEARNING_RATE
        else f"Steps are {setup.learning_rate / LEARNING_RATE:g} times as long as in the original "
        f"(a learning rate of {setup.learning_rate:g}), since so few ratings make few steps."
    )
    return f"""
        A tenth of the ratings is for test and a tenth for validation, drawn at random with the
        seed {setup.seed} (the publication's is {PUBLISHED_SEED}). Three targets are learned: the
        rating as it is; the adjusted rating, which a sigmoid pushes to the ends of the scale, 1
        + 9 / (1 + exp(5 − rating)); and whether it is {setup.like:g} or more. The
        score is the F1 of “recommend”.

        User-user Jaccard calls two readers alike by the books to which both gave the same rating,
        as a share of the books that either has rated, and predicts their weighted mean. The
        networks are products of a number for each reader and one for each book, followed by a
        linear unit. The simple ones train for 5 epochs in batches of 32 (adjusted with MAE: 3);
        the others leave out most of these numbers in training (dropout) or put dense layers behind
        the product, in batches of 128 for at most {setup.epochs} epochs, until the validation loss
        falls no more by .01 in 3 epochs; the best weights are kept. {rate} {shared}
    """


def _conclusions(
    setup: BooksSetup, models: PublishedModels, rows: Mapping[str, Row]
) -> list[Conclusion]:
    above = above_everything(rows)
    constant = [e for e in NETWORKS if spread(e, models) < _CONSTANT]
    alike = [e for e in NETWORKS if rows[e.name]["recommended"] in (0, 1)]
    short = [
        e
        for e in NETWORKS
        if e.kind != "simple" and _is_cut_short(models.networks[e.name].curve, setup)
    ]
    conclusions = [
        Conclusion(
            "trap",
            "The published F1 of the networks with dropout, .7329, is what recommending every book "
            "to everybody scores on that set.",
        ),
        Conclusion(
            "as published",
            "Of all that was published only Jaccard on adjusted ratings lies above recommending "
            "everything.",
        ),
        Conclusion(
            "honest",
            f"{number_word(len(above)).capitalize()} of the {len(rows) - 1} published models "
            f"{'scores' if len(above) == 1 else 'score'} above recommending everything here.",
        ),
    ]
    if constant:
        conclusions.append(
            Conclusion(
                "trap",
                f"{number_word(len(constant)).capitalize()} of the {len(NETWORKS)} networks "
                f"{'says' if len(constant) == 1 else 'say'} all but the same of every reader and "
                "book, so that the score depends on which side of the threshold that lies.",
            )
        )
    if alike:
        conclusions.append(
            Conclusion(
                "trap",
                f"{number_word(len(alike)).capitalize()} of the {len(NETWORKS)} networks "
                f"{'decides' if len(alike) == 1 else 'decide'} every test row alike: all books are "
                "recommended, or none.",
            )
        )
    silent = [e for e in NETWORKS if _is_below(e, models, rows)]
    as_published = setup.learning_rate == LEARNING_RATE
    if silent:
        teach = "the published settings teach" if as_published else "training teaches"
        mean = f"{setup.split.train.ratings.mean():.1f}"
        learns = f"{teach} {'it' if len(silent) == 1 else 'them'}"
        conclusions.append(
            Conclusion(
                "honest",
                f"{number_word(len(silent)).capitalize()} of the networks "
                f"{'has' if len(silent) == 1 else 'have'} an F1 near 0 because {learns} little but "
                f"the mean rating, {mean}, which is below {setup.like:g}: next to nothing is "
                "recommended.",
            )
        )
    if as_published and CONTENDERS["dropout-original"] in {e.name for e in silent}:
        conclusions.append(
            Conclusion(
                "as published",
                "With the settings that were published for it dropout-original does not come to "
                "anything like its published .550 here.",
            )
        )
    if short:
        conclusions.append(
            Conclusion(
                "honest",
                f"{number_word(len(short)).capitalize()} of the networks "
                f"{'was' if len(short) == 1 else 'were'} still getting better when the "
                f"{setup.epochs} epochs were over.",
            )
        )
    return conclusions


def above_everything(rows: Mapping[str, Row]) -> list[str]:
    """The models whose F1 on test rows, as the tables show it, is above recommending everything."""
    f1s = {name: round(row["F1 test"], _DIGITS) for name, row in rows.items()}
    return [name for name, f1 in f1s.items() if f1 > f1s[EVERYTHING]]


def _is_below(network: Network, models: PublishedModels, rows: Mapping[str, Row]) -> bool:
    """Whether a network of original ratings says about the same, below the threshold, of all."""
    alike = network.target == "original" and spread(network, models) < _ALIKE
    return alike and rows[network.name]["recommended"] < _HARDLY_ANY


def _is_cut_short(curve: TrainingCurve, setup: BooksSetup) -> bool:
    """Whether the last epoch was still clearly better than the one before."""
    losses = [loss for loss in curve.validation if loss is not None]
    return len(losses) == setup.epochs > 1 and losses[-2] - losses[-1] > MIN_DELTA


def _losses(models: PublishedModels) -> list[Graph]:
    """Loss against epoch of all networks."""

    def chart(caption: str, chosen: Mapping[str, Network], parts: tuple[str, ...]) -> Graph:
        series = {
            f"{label}{f', {part}' if len(parts) > 1 else ''}": getattr(curve, part)
            for label, each in chosen.items()
            for curve in [models.networks[each.name].curve]
            for part in parts
        }
        every = [loss for losses in series.values() for loss in losses]
        return lines(caption, series, log=max(every) > DECADES * min(every))

    both = ("training", "validation")
    simple = {e.name.removeprefix("simple "): e for e in NETWORKS if e.kind == "simple"}
    charts = [chart("Training loss of the simple networks by epoch.", simple, ("training",))]
    for target in ("original", "adjusted", "binary"):
        ends = {
            f"dropout {f'{rate:g}'.lstrip('0')}": e
            for rate in (RATES[0], RATES[-1])
            for e in NETWORKS
            if e.kind == "dropout" and e.target == target and e.settings["dropout"] == rate
        }
        charts.append(chart(f"Loss of networks with dropout, target {target}.", ends, both))
    deep = [e for e in NETWORKS if e.kind == "layers"]
    plain = {e.name.removesuffix(" (original)"): e for e in deep if e.target == "original"}
    charts.append(
        chart(
            "Validation loss of networks with layers, skips or other weights, original ratings.",
            plain,
            ("validation",),
        )
    )
    other = {e.name: e for e in deep if e.target != "original"}
    charts.append(chart("Loss of networks with layers, adjusted and binary target.", other, both))
    return charts
