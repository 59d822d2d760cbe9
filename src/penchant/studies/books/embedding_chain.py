"""Compare networks that go on from another one's embeddings, as in the original, with others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from penchant.metrics import AUC
from penchant.studies.books.networks import NETWORKS, Network, NetworkPredictions
from penchant.studies.books.published_tables import CONTENDERS
from penchant.studies.books.setup import (
    EVERYTHING,
    LEARNING_RATE,
    BooksSetup,
    ModelPredictions,
    f1,
)
from penchant.studies.books.training import chain_steps, train_chain
from penchant.studies.records import number_word
from penchant.studies.study import Conclusion, DataTable, Section, Steps, lines
from penchant.typing import Float64

Row = dict[str, Any]
_CHAIN = (
    "simple MSE (original)",
    "simple MSE (adjusted)",
    "dropout .8 (original)",
    "dropout .8 (adjusted)",
    "dropout .8 (binary)",
    "a2b: layers 128\N{EN DASH}64 relu (adjusted)",
)
"""Two simple networks, one with dropout for each target, and the last published: the whole family
in a row is what the option `shared_embeddings` trains."""
_CLEAR = 0.005  # a difference in AUC that is spoken of
_NEAR_ZERO = 0.1  # F1


def chain() -> list[Network]:
    """The networks of the chain, in the order of their training."""
    return [next(each for each in NETWORKS if each.name == name) for name in _CHAIN]


def train_shared(steps: Steps, setup: BooksSetup) -> dict[str, NetworkPredictions] | None:
    """Train the chain; None where the whole family is one already."""
    if setup.shared_embeddings:
        return None
    return train_chain(steps, setup, chain())


def section(
    setup: BooksSetup,
    alone: Mapping[str, NetworkPredictions],
    chained: Mapping[str, NetworkPredictions],
) -> Section:
    """Each network of the chain beside the same one with embeddings of its own."""
    rows = [_row(setup, each, alone[each.name], chained[each.name]) for each in chain()]
    formats = {c: "fixed:4" for c in rows[0] if c.startswith(("F1", "AUC"))}
    formats |= {c: "percent:1" for c in rows[0] if c.startswith("recommended")}
    return Section(
        title="One pair of embeddings for all networks",
        text=f"""
            In the original every network is built on the same two tables of embeddings, so that
            each goes on from what the last one left behind. A published figure of a network with
            dropout is then not of that network alone, but of all that were trained before it. Here
            {len(rows)} networks are trained in a row, beside the same ones with embeddings of their
            own; the option shared_embeddings trains the whole family so.
        """,
        conclusions=tuple(_conclusions(rows, as_published=setup.learning_rate == LEARNING_RATE)),
        tables=(
            DataTable(
                pl.DataFrame(rows, infer_schema_length=None),
                "F1 at the published cut, AUC and the share recommended on test rows: each network "
                "alone, and in the chain.",
                formats,
            ),
        ),
        charts=(
            lines(
                "Validation loss of networks with dropout, adjusted target.",
                {
                    name: networks["dropout .8 (adjusted)"].curve.validation
                    for name, networks in (("alone", alone), ("in the chain", chained))
                },
            ),
        ),
        steps=tuple(chain_steps(chain())),
    )


def _row(
    setup: BooksSetup, each: Network, alone: ModelPredictions, chained: ModelPredictions
) -> Row:
    y, cut = setup.liked(setup.test), setup.cut(each.target)
    row: Row = {"network": each.name}
    ways: dict[str, Float64] = {"alone": alone.of(), "in the chain": chained.of()}
    row |= {f"F1 {way}": f1(values >= cut, y) for way, values in ways.items()}
    row |= {f"AUC {way}": AUC()(values, y) for way, values in ways.items()}
    row |= {f"recommended {way}": float((values >= cut).mean()) for way, values in ways.items()}
    return row


def _conclusions(rows: list[Row], *, as_published: bool) -> list[Conclusion]:
    later = rows[1:]  # the first has nobody to go on from
    gains = {row["network"]: row["AUC in the chain"] - row["AUC alone"] for row in later}
    better = [name for name, gain in gains.items() if gain > _CLEAR]
    worse = [name for name, gain in gains.items() if gain < -_CLEAR]
    trivial = [row["network"] for row in later if row["recommended in the chain"] in (0, 1)]
    conclusions = [
        Conclusion(
            "trap",
            "What a network was given by those before it and what it learned itself cannot be told "
            "apart in its published figure.",
        ),
        Conclusion(
            "as published",
            f"Of {number_word(len(later))} networks that go on from another one's numbers, "
            f"{number_word(len(better))} put books in a better order than alone and "
            f"{number_word(len(worse))} in a worse one.",
        ),
    ]
    (dropout,) = (row for row in rows if row["network"] == CONTENDERS["dropout-original"])
    near_zero = max(dropout["F1 alone"], dropout["F1 in the chain"]) < _NEAR_ZERO
    if as_published and near_zero:
        conclusions.append(
            Conclusion(
                "honest",
                "What others learned does not explain the published F1 of dropout-original, .550, "
                "either: in the chain it recommends next to nothing, as it does alone.",
            )
        )
    if trivial:
        conclusions.append(
            Conclusion(
                "trap",
                f"{number_word(len(trivial)).capitalize()} of them "
                f"{'decides' if len(trivial) == 1 else 'decide'} every test row alike all the "
                f"same: “{EVERYTHING}”, or nothing.",
            )
        )
    return conclusions
