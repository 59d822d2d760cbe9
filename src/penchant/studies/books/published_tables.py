"""The tables of the published comparison, published figures beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from penchant.studies.books.networks import JACCARD, NETWORKS, RATES, Network
from penchant.studies.books.setup import EVERYTHING, PARTS, SCALE, BooksSetup, accuracy, f1, span
from penchant.studies.books.training import PublishedModels
from penchant.studies.records import OTHER_DATA
from penchant.studies.study import DataTable, Graph, bars

Published = tuple[float | None, float | None]
Row = dict[str, Any]
CONTENDERS: Mapping[str, str] = MappingProxyType(
    {
        "nmf": "Jaccard (original)",
        "nmf_adjusted": "Jaccard (adjusted)",
        "dropout-original": f"dropout {f'{RATES[0]:g}'.lstrip('0')} (original)",
        "dropout-adjusted": f"dropout {f'{RATES[0]:g}'.lstrip('0')} (adjusted)",
        "dropout-binary": f"dropout {f'{RATES[0]:g}'.lstrip('0')} (binary)",
        "a2b": "a2b: layers 128\N{EN DASH}64 relu (adjusted)",
    }
)
"""The published table of results: what it calls its contenders, and what they are here."""
WEIGHTS: Mapping[str, int] = MappingProxyType(
    {"numbers of readers": 77_806, "numbers of books": 185_974, "linear unit": 2, "all": 263_782}
)
"""What a network without dense layers learns, as published."""
_PUBLISHED_ACCURACY = (0.6035, 0.6366)


def published_cuts(setup: BooksSetup) -> dict[str, tuple[float, Published]]:
    """The cut and the published F1 on validation and test rows of all published models."""
    jaccard = {name: (setup.cut(target), f1s) for name, (target, f1s) in JACCARD.items()}
    return jaccard | {each.name: (setup.cut(each.target), each.published) for each in NETWORKS}


def compare_with_everything(setup: BooksSetup, models: PublishedModels) -> list[Row]:
    """Recommending everything and all models: F1, accuracy, share recommended."""
    parts = {"validation": setup.liked(setup.validation), "test": setup.liked(setup.test)}
    first: Row = {"model": EVERYTHING, "recommended": 1.0, "published test": None}
    for part, y in parts.items():
        every = np.ones(len(y))
        first |= {f"F1 {part}": f1(every, y), f"accuracy {part}": accuracy(every, y)}
    rows = [first]
    for name, (cut, published) in published_cuts(setup).items():
        row: Row = {"model": name}
        for part, y in parts.items():
            decided = models[name].of(PARTS[part]) >= cut
            row |= {f"F1 {part}": f1(decided, y), f"accuracy {part}": accuracy(decided, y)}
        row["recommended"] = float((models[name].of() >= cut).mean())
        row["published validation"], row["published test"] = published
        rows.append(row)
    return rows


def result_table(setup: BooksSetup, rows: Mapping[str, Row]) -> DataTable:
    """The published table of results."""
    names = {EVERYTHING: EVERYTHING} | dict(CONTENDERS)
    frame = pl.DataFrame(
        [
            {
                "contender": contender,
                "here": "" if model == contender else model,
                "published F1": rows[model]["published test"],
                "F1": rows[model]["F1 test"],
                "against published": setup.against_published(
                    rows[model]["published test"], rows[model]["F1 test"], better="high"
                ),
                "recommended": rows[model]["recommended"],
            }
            for contender, model in names.items()
        ],
        infer_schema_length=None,
    )
    return DataTable(
        frame,
        "The published table of results, F1 on test rows. Predictions of ratings, adjusted or "
        f"not, count as “recommend” from {setup.like:g} on, chances from one half on; "
        "“recommended” is how many of the test rows that are. What the original calls nmf is "
        "user-user Jaccard, and of a2b no figure was published.",
        {"published F1": "fixed:4", "F1": "fixed:4", "recommended": "percent:1"},
    )


def result_chart(rows: Mapping[str, Row]) -> Graph:
    """The published bar chart of results."""
    return bars(
        "F1 on test rows of the published table of results: the published figures are of the whole "
        "set, ours of this log.",
        {
            "published": {c: rows[model]["published test"] for c, model in CONTENDERS.items()},
            "here": {c: rows[model]["F1 test"] for c, model in CONTENDERS.items()},
        },
        x="F1",
        levels={f"{EVERYTHING}, here": rows[EVERYTHING]["F1 test"]},
    )


def jaccard_table(setup: BooksSetup, models: PublishedModels, rows: Mapping[str, Row]) -> DataTable:
    """Jaccard on validation and test rows, and its accuracy above the threshold."""
    y = setup.liked(setup.test)
    above = [accuracy(models[name].of() > setup.like, y) for name in JACCARD]
    figures = [
        (f"{name}, {metric}", published, here)
        for n, (name, (_, published_f1s)) in enumerate(JACCARD.items())
        for metric, published, here in (
            ("F1 on validation rows", published_f1s[0], rows[name]["F1 validation"]),
            ("F1 on test rows", published_f1s[1], rows[name]["F1 test"]),
            (f"accuracy above {setup.like:g}", _PUBLISHED_ACCURACY[n], above[n]),
        )
    ]
    frame = pl.DataFrame(
        [
            {
                "figure": figure,
                "published": published,
                "here": here,
                "against published": setup.against_published(published, here, better="high"),
            }
            for figure, published, here in figures
        ]
    )
    return DataTable(
        frame,
        "User-user Jaccard. Accuracy was published once for predictions above the threshold, in "
        "place of at it or above; whose it was is not said.",
        {"published": "fixed:4", "here": "fixed:4"},
    )


def simple_table(setup: BooksSetup, rows: Mapping[str, Row]) -> DataTable:
    """The first networks, whose F1 was published on validation rows."""
    simple = [e for e in NETWORKS if e.kind == "simple"]
    frame = pl.DataFrame(
        [
            {
                "network": e.name,
                "epochs": e.model(setup).epochs,
                "published F1": e.published[0],
                "F1": rows[e.name]["F1 validation"],
                "against published": setup.against_published(
                    e.published[0], rows[e.name]["F1 validation"], better="high"
                ),
            }
            for e in simple
        ]
    )
    return DataTable(
        frame,
        "The first simple networks, in batches of 32 without stopping: F1 on validation rows, "
        "where theirs was published.",
        {"published F1": "fixed:3", "F1": "fixed:3"},
    )


def network_table(models: PublishedModels, rows: Mapping[str, Row]) -> DataTable:
    """All networks in figures alone."""
    frame = pl.DataFrame(
        [
            {
                "network": e.name,
                "F1 validation": rows[e.name]["F1 validation"],
                "F1 test": rows[e.name]["F1 test"],
                "accuracy": rows[e.name]["accuracy test"],
                "recommended": rows[e.name]["recommended"],
                "spread": spread(e, models),
                "epochs": len(models.networks[e.name].curve.training),
                "training": models[e.name].seconds,
            }
            for e in NETWORKS
        ]
    )
    return DataTable(
        frame,
        "All networks, accuracy and shares on test rows. “Spread” is how far the middle 98 % of "
        "predictions lie apart, as a share of the scale. Which dropout rate the published figures "
        "belong to was not said.",
        dict.fromkeys(("F1 validation", "F1 test", "accuracy"), "fixed:4")
        | {"recommended": "percent:1", "spread": "percent:1", "training": "duration"},
    )


def weights_table(setup: BooksSetup) -> DataTable:
    """How many numbers a network without dense layers learns."""
    train = setup.split.train
    # One more of each than there are: of readers and books that training has not seen.
    counts = [train.n_users + 1, train.n_items + 1, 2]
    here = [*counts, sum(counts)]
    frame = pl.DataFrame(
        {
            "numbers learned": list(WEIGHTS),
            "published": list(WEIGHTS.values()),
            "here": here,
            "against published": [
                "same" if own == theirs else OTHER_DATA
                for own, theirs in zip(here, WEIGHTS.values(), strict=True)
            ],
        }
    )
    return DataTable(frame, "What a network without dense layers learns.")


def spread(network: Network, models: PublishedModels) -> float:
    """How far apart the middle of a network's predictions lies, as a share of its scale."""
    low, high = SCALE if network.target != "binary" else (0.0, 1.0)
    return span(models[network.name].of()) / (high - low)
