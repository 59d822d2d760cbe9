"""Compare every subset of the network's branches on the reviews, copies and all, and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from penchant.data import Split
from penchant.studies.fashion.network_fit import NetworkFit
from penchant.studies.fashion.products import PICTURE, TEXT, ProductContent
from penchant.studies.fashion.setup import (
    QUICK_START,
    FashionSetup,
    honest_splits,
    plain_name,
    split_paragraphs,
)
from penchant.studies.fashion.subsets import spec_of, subsets
from penchant.studies.records import Gain, TrainingCurve
from penchant.studies.study import (
    Conclusion,
    DataTable,
    EvaluationSummary,
    Graph,
    Section,
    bars,
    lines,
)

METRICS = ("rmse", "mae", "pearson")
COPIES, ONCE = "random split, copies and all", "each review once, by time"


@dataclass(frozen=True)
class SubsetResults:
    """All subsets on one split.

    Attributes:
        compared: with baselines.
        curves: losses by epoch, by subset.
        fit: of the network with all branches.
        trivial: the baseline with the lowest RMSE.
        sentence: on the split.
    """

    compared: EvaluationSummary
    curves: dict[str, TrainingCurve]
    fit: NetworkFit
    trivial: str
    sentence: str


def compare_subsets(setup: FashionSetup) -> dict[str, SubsetResults]:
    """Train every subset of the branches on the published split and where no review repeats."""
    products = setup.products
    splits = {COPIES: setup.pictured_split}
    honest = honest_splits(products.log, setup.seed)
    if "by time" in honest:
        splits[ONCE] = honest["by time"]
    starts = {COPIES: "", ONCE: f",{QUICK_START}"}
    return {
        name: _compare(setup, split, products.content, starts[name])
        for name, split in splits.items()
    }


def _compare(
    setup: FashionSetup, split: Split, content: ProductContent, start: str
) -> SubsetResults:
    kinds = {vectors.kind for vectors in content.vectors}
    names = subsets(text=TEXT in kinds, picture=PICTURE in kinds)
    models = {name: setup.network(f"{spec_of(name)},patience=none{start}") for name in names}
    evaluation = setup.evaluate(models, split, list(METRICS))
    fits = {name: NetworkFit.of(evaluation.models[name], split) for name in names}
    return SubsetResults(
        compared=EvaluationSummary.of(evaluation),
        curves={name: fit.curve for name, fit in fits.items()},
        fit=fits[names[0]],
        trivial=evaluation.table("rating").best_trivial.name,
        sentence=split.sentence,
    )


def section(results: Mapping[str, SubsetResults], content: ProductContent) -> Section:
    """A table of all subsets on both splits, convergence, predicted against actual."""
    first = next(iter(results.values()))
    names = list(first.curves)
    every = names[0]
    return Section(
        title="Every branch with and without the others, on the reviews",
        text=f"""
            The network's four branches are (A) the cosine of a user's and an item's vector, (B) a
            dense layer over a second pair of vectors, (C) one over the title's vector and (D) one
            over the picture's. Every subset of them is trained as published, for all epochs, and
            judged twice; where each review is there once, it starts at the median rating, since so
            few rows would not lead it there from zero.

            {split_paragraphs({name: r.sentence for name, r in results.items()})}

            {_pictures(content)}
        """,
        conclusions=tuple(_conclusions(results, names)),
        charts=(
            bars(
                "RMSE of every subset of the branches.",
                {
                    name: {n: r.compared.tables["rating"][n].metrics["rmse"].value for n in names}
                    for name, r in results.items()
                },
                x="RMSE",
            ),
            *_curves(results, names),
            *(r.fit.scatter(f"test rows, {every}, {name}") for name, r in results.items()),
        ),
        tables=tuple(
            DataTable(
                pl.DataFrame(_rows(r, [*names, r.trivial]), infer_schema_length=None),
                f"Every subset ({name}), and the best answer without a network; with intervals "
                "over users.",
                dict.fromkeys(METRICS, "fixed:4"),
            )
            for name, r in results.items()
        ),
        steps=("product-branches",),
    )


def _pictures(content: ProductContent) -> str:
    lengths = {v.kind: v for v in content.vectors}
    if PICTURE not in lengths:
        return "There are no pictures, so that branch D is absent and nothing stands in for it."
    return (
        f"A picture is a vector of {lengths[PICTURE].length} numbers."
        if content.origin != "generated"
        else "The pictures are drawings: what D can learn from them is which product it is, and "
        "nothing that a photograph would show."
    )


def _rows(results: SubsetResults, names: Sequence[str]) -> list[dict[str, object]]:
    table = results.compared.tables["rating"]
    rows: list[dict[str, object]] = []
    for name in names:
        row: dict[str, object] = {"branches": plain_name(name)}
        for metric in METRICS:
            value = table[name].metrics[metric]
            row |= Gain(value.value, value.low, value.high).columns(metric)
        rows.append(row)
    return rows


def _curves(results: Mapping[str, SubsetResults], names: Sequence[str]) -> list[Graph]:
    """Validation losses of all branches together and of each alone."""
    shown = [names[0], *(name for name in names if len(name.split()) == 1)]
    return [
        lines(
            f"Convergence: validation loss by epoch, {name}.",
            {n: r.curves[n].validation for n in shown},
            y="mean absolute error",
        )
        for name, r in results.items()
    ]


def _conclusions(results: Mapping[str, SubsetResults], names: Sequence[str]) -> list[Conclusion]:
    conclusions = []
    for name, r in results.items():
        table = r.compared.tables["rating"]
        rmse = {n: table[n].metrics["rmse"] for n in names}
        with_users = [n for n in names if {"A", "B"} & set(n.split())]
        without = [n for n in names if n not in with_users]
        plain = plain_name(r.trivial)
        beating = [n for n in names if rmse[n].verdict == "beats"]
        conclusions.append(
            Conclusion(
                "honest",
                f"{name[0].upper()}{name[1:]}: "
                + (
                    f"{len(beating)} of the {len(names)} subsets are better than {plain}."
                    if beating
                    else f"none of the {len(names)} subsets of branches is better than {plain}."
                ),
            )
        )
        if without and name == COPIES:
            best = min(without, key=lambda n: rmse[n].value)
            conclusions.append(
                Conclusion(
                    "trap",
                    "Without the user's vector the network cannot remember who wrote what: the "
                    f"best of these subsets has an RMSE of {rmse[best].value:.2f}.",
                )
            )
    return conclusions
