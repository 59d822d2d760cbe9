"""The published comparison: F1 of all published models, and of recommending everything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from penchant.claims import claim
from penchant.data.sources.book_crossing import FULL
from penchant.results import join_names
from penchant.studies.books.networks import (
    BATCH,
    JACCARD,
    MIN_DELTA,
    NETWORKS,
    RATES,
    Network,
    PublishedModels,
    in_words,
    step_names,
)
from penchant.studies.books.setup import (
    DECADES,
    EVERYTHING,
    PARTS,
    PUBLISHED_SEED,
    SCALE,
    BooksSetup,
    accuracy,
    f1,
    span,
)
from penchant.studies.records import TrainingCurve
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars, lines

Published = tuple[float | None, float | None]
_CONSTANT = 0.01  # share of the scale within which predictions count as one and the same
_EQUAL = 0.0005  # F1 is published with three or four digits
_PUBLISHED_ACCURACY = (0.6035, 0.6366)


def published_cuts(setup: BooksSetup) -> dict[str, tuple[float, Published]]:
    """The cut and the published F1 on validation and test rows of all published models."""
    jaccard = {name: (setup.cut(target), f1s) for name, (target, f1s) in JACCARD.items()}
    return jaccard | {each.name: (setup.cut(each.target), each.published) for each in NETWORKS}


def check_claims(setup: BooksSetup) -> list[str]:
    """What the best published F1 of each family is beside trivial answers on the test rows."""
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
    table = _table(setup, models)
    rows = {row["model"]: row for row in table.iter_rows(named=True)}
    everything = rows[EVERYTHING]["F1 test"]
    here = {name: row["F1 test"] for name, row in rows.items() if name != EVERYTHING}
    published = {
        name: f1s[0] if f1s[1] is None else f1s[1]
        for name, (_, f1s) in published_cuts(setup).items()
    }
    formats = dict.fromkeys(table.columns[1:-3], "fixed:4")
    formats |= {"recommended": "percent:1", "training": "duration"}
    return Section(
        title="As published",
        text=_text(setup),
        conclusions=(*_conclusions(setup, models, rows), *(Conclusion("trap", s) for s in claims)),
        tables=(
            DataTable(
                table,
                "F1 and accuracy of “recommend” as published: predictions of ratings, adjusted or "
                f"not, from {setup.like:g} on, chances from one half on. Which dropout rate the "
                "published figures belong to was not said. “Recommended” is the share of the "
                "test rows.",
                formats,
            ),
        ),
        charts=(
            bars(
                "F1 on test rows. Published figures are of the whole set, ours of this log; those "
                "of the simple networks were published for validation rows alone.",
                {"here": here, "published": published},
                x="F1",
                levels={EVERYTHING: everything},
            ),
            *_losses(models),
        ),
        steps=(*step_names(setup), "claims"),
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
    return f"""
        A tenth of the ratings is for test and a tenth for validation, drawn at random with the
        seed {setup.seed} (the publication's is {PUBLISHED_SEED}). Three targets are learned: the
        rating as it is; the adjusted rating, which a sigmoid pushes to the ends of the scale, 1
        + 9 / (1 + exp(5 − rating)); and whether it is {setup.like:g} or more. The score is the F1
        of “recommend”.

        User-user Jaccard calls two readers alike by the books to which both gave the same rating,
        as a share of the books that either has rated, and predicts their weighted mean. The
        networks are products of a number for each reader and one for each book, followed by a
        linear unit. The simple ones train for 5 epochs in batches of 32 (adjusted with MAE: 3);
        the others leave out most of these numbers in training (dropout) or put dense layers behind
        the product, in batches of 128 for at most {setup.epochs} epochs, until the validation loss
        falls no more by .01 in 3 epochs; the best weights are kept. {shared}
    """


def _table(setup: BooksSetup, models: PublishedModels) -> pl.DataFrame:
    parts = {"validation": setup.liked(setup.validation), "test": setup.liked(setup.test)}
    rows: list[dict[str, object]] = [{"model": EVERYTHING, "recommended": 1.0}]
    for part, y in parts.items():
        every = np.ones(len(y))
        rows[0] |= {f"F1 {part}": f1(every, y), f"accuracy {part}": accuracy(every, y)}
    for name, (cut, published) in published_cuts(setup).items():
        predictions = models[name]
        row: dict[str, object] = {"model": name}
        for part, y in parts.items():
            decided = predictions.of(PARTS[part]) >= cut
            row |= {f"F1 {part}": f1(decided, y), f"accuracy {part}": accuracy(decided, y)}
        row |= {
            "recommended": float((predictions.of() >= cut).mean()),
            "published validation": published[0],
            "published test": published[1],
            "epochs": _epochs(models, name),
            "training": predictions.seconds,
        }
        rows.append(row)
    columns = ["model", "published validation", "F1 validation", "published test", "F1 test"]
    columns += ["accuracy test", "recommended", "epochs", "training"]
    return pl.DataFrame(rows, infer_schema_length=None).select(columns)


def _conclusions(
    setup: BooksSetup, models: PublishedModels, rows: Mapping[str, Mapping[str, float]]
) -> list[Conclusion]:
    everything = rows[EVERYTHING]["F1 test"]
    first, second = (rows[name] for name in JACCARD)
    constant = [e for e in NETWORKS if _is_constant(e, models)]
    everything_recommended = [e.name for e in NETWORKS if rows[e.name]["recommended"] == 1]
    nothing_recommended = [e.name for e in NETWORKS if rows[e.name]["recommended"] == 0]
    above = [name for name, row in rows.items() if row["F1 test"] > everything + _EQUAL]
    conclusions = [
        Conclusion(
            "as published",
            "Jaccard, F1 on validation and test rows: original ratings published .602 and .602, "
            f"here {first['F1 validation']:.3f} and {first['F1 test']:.3f}; adjusted published "
            f".738 and .743, here {second['F1 validation']:.3f} and {second['F1 test']:.3f}.",
        ),
        Conclusion("as published", _describe_accuracy(setup, models)),
        Conclusion(
            "trap",
            "Recommending everything has an F1 of .731 to .733 on the published set, and "
            f"{everything:.4f} on the test rows here. The published .7329 of the networks with "
            "dropout is that answer.",
        ),
    ]
    if constant:
        conclusions.append(
            Conclusion(
                "trap",
                f"{len(constant)} of {len(NETWORKS)} networks predict all but the same for every "
                f"test row: {in_words([e.name for e in constant])}. The middle 98 % of what each "
                f"predicts lie less than {_CONSTANT:.0%} of its scale apart.",
            )
        )
    stopped = [e.name for e in NETWORKS if e.kind != "simple"]
    short = [name for name in stopped if _is_cut_short(models.networks[name].curve, setup)]
    if short:
        conclusions.append(
            Conclusion(
                "honest",
                f"{len(short)} networks were still getting better when their {setup.epochs} epochs "
                f"were over: {in_words(short)}. An epoch is {_batches(len(setup.log))} batches "
                f"here; of the published set it would be {_batches(FULL.n_explicit)}.",
            )
        )
    if everything_recommended:
        conclusions.append(
            Conclusion(
                "trap",
                f"{len(everything_recommended)} of {len(NETWORKS)} networks recommend every "
                f"single test row: {in_words(everything_recommended)}.",
            )
        )
    if nothing_recommended:
        conclusions.append(
            Conclusion(
                "trap",
                f"{len(nothing_recommended)} of {len(NETWORKS)} networks recommend nothing at all: "
                f"{in_words(nothing_recommended)}.",
            )
        )
    conclusions.append(
        Conclusion(
            "honest",
            "Above “recommend everything” on test rows, at the published cuts, "
            + (
                f"are {join_names(above)}."
                if len(above) > 1
                else f"is {(above or ['nothing'])[0]}."
            ),
        )
    )
    return conclusions


def _is_constant(network: Network, models: PublishedModels) -> bool:
    """Whether a network says all but the same of every test row."""
    low, high = SCALE if network.target != "binary" else (0.0, 1.0)
    return span(models[network.name].of()) < _CONSTANT * (high - low)


def _is_cut_short(curve: TrainingCurve, setup: BooksSetup) -> bool:
    """Whether the last epoch was still clearly better than the one before."""
    losses = [loss for loss in curve.validation if loss is not None]
    return len(losses) == setup.epochs > 1 and losses[-2] - losses[-1] > MIN_DELTA


def _batches(n_ratings: int) -> str:
    """How many batches the training rows of so many ratings are."""
    return f"{math.ceil(0.8 * n_ratings / BATCH):,}"


def _epochs(models: PublishedModels, name: str) -> int | None:
    network = models.networks.get(name)
    return None if network is None else len(network.curve.training)


def _describe_accuracy(setup: BooksSetup, models: PublishedModels) -> str:
    """Accuracy where a prediction must be above the threshold, as it was published once."""
    y = setup.liked(setup.test)
    here = [accuracy(models[n].of() > setup.like, y) for n in JACCARD]
    published = [f"{value:.4f}".lstrip("0") for value in _PUBLISHED_ACCURACY]
    return (
        f"Accuracy was published as {join_names(published)} for predictions above {setup.like:g} "
        f"in place of {setup.like:g} or more, of original and adjusted ratings. Jaccard's, so "
        f"counted, is {here[0]:.4f} and {here[1]:.4f} on test rows; recommending everything is "
        f"right on {y.mean():.4f} of them."
    )


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
