"""Show why the adjusted scale scores better: its 8 is another threshold, and a lower one."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from penchant.data import Adjusted
from penchant.metrics import best_threshold
from penchant.studies.books.networks import JACCARD
from penchant.studies.books.setup import EVERYTHING, PARTS, SCALE, BooksSetup, f1
from penchant.studies.books.training import PublishedModels
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.typing import Bool, Float64

Row = dict[str, Any]
_STEPS = 181  # thresholds from 1 to 10 that are drawn, 0.05 apart
_NETWORKS = ("simple MSE (original)", "simple MSE (adjusted)")
_PLAIN, _ADJUSTED = JACCARD
_CLEAR = 0.0005  # a difference in F1 that is spoken of
ADJUSTED_RATINGS = MappingProxyType(
    {1: 1.161875889658824, 5: 5.5, 8: 9.5731671414019, 10: 9.939764341681437}
)
"""The adjusted ratings that were published, by rating."""


def section(setup: BooksSetup, models: PublishedModels) -> Section:
    """The same predictions with the threshold moved, and F1 at every threshold."""
    moved = float(Adjusted().to_rating([setup.like])[0])
    y = setup.liked(setup.validation)
    rows = [
        _row(setup, models, _PLAIN, setup.like),
        _row(setup, models, _PLAIN, moved),
        _row(setup, models, _ADJUSTED, setup.like),
        _row(setup, models, _NETWORKS[0], setup.like),
        _row(setup, models, _NETWORKS[0], moved),
        _row(setup, models, _NETWORKS[1], setup.like),
        _everything(setup),
    ]
    plain, shifted, adjusted = (row["F1 test"] for row in rows[:3])
    cut = best_threshold(models[_PLAIN].of("validation"), y)
    best = _row(setup, models, _PLAIN, cut) | {"predictions": f"{_PLAIN}, chosen threshold"}
    rows.insert(3, best | {"counted from": cut if np.isfinite(cut) else None})
    curves = {name: curve(models[name].of("validation"), y) for name in (_PLAIN, _NETWORKS[0])}
    at = models[_PLAIN].of() >= moved
    alike = float((at == (models[_ADJUSTED].of() >= setup.like)).mean())
    gain = best["F1 test"] - rows[-1]["F1 test"]
    conclusions = (
        Conclusion("trap", _describe_share(plain, shifted, adjusted)),
        Conclusion(
            "trap",
            "Jaccard on adjusted ratings and Jaccard on original ones with the moved threshold "
            f"decide {alike:.0%} of the test rows alike.",
        ),
        Conclusion(
            "honest",
            "With a threshold chosen on validation rows, Jaccard on original ratings scores "
            + ("above" if gain > _CLEAR else "below" if gain < -_CLEAR else "the same as")
            + " recommending everything.",
        ),
    )
    return Section(
        title="The trap of the adjusted scale",
        text=f"""
            The adjusted target seemed to make every model better. But a prediction counted as
            “recommend” from {setup.like:g} on, whatever the scale, and the adjusted scale has its
            {setup.like:g} elsewhere: the sigmoid takes a rating of {moved:.2f} to {setup.like:g}.
            Models predict ratings near the mean, and most books are liked, so that F1 rises as the
            threshold falls, all the way to recommending everything. No model is needed for that
            gain, only another threshold.
        """,
        conclusions=conclusions,
        tables=(
            _adjusted_table(setup),
            DataTable(
                pl.DataFrame(rows, infer_schema_length=None),
                "The same predictions at both thresholds, beside the adjusted target's.",
                dict.fromkeys(("F1 validation", "F1 test"), "fixed:4")
                | {"counted from": "fixed:2", "recommended": "percent:1"},
            ),
        ),
        charts=(
            lines(
                "F1 on validation rows by the threshold that predictions of ratings must reach. At "
                "the left everything is recommended.",
                curves,
                x="threshold on the original scale",
                y="F1",
                levels={EVERYTHING: f1(np.ones(len(y)), y)},
                places={"the adjusted scale's": moved, "the original one's": setup.like},
                half=False,
            ),
        ),
        steps=("jaccard",),
    )


def curve(predicted: Float64, liked: Bool) -> dict[float, float]:
    """F1 at thresholds over the scale of ratings."""
    order = np.sort(predicted), np.sort(predicted[liked])
    cuts = np.linspace(*SCALE, _STEPS)
    recommended, hits = (len(x) - np.searchsorted(x, cuts, side="left") for x in order)
    values = 2 * hits / np.maximum(recommended + liked.sum(), 1)
    return {round(float(x), 4): float(v) for x, v in zip(cuts, values, strict=True)}


def _row(setup: BooksSetup, models: PublishedModels, name: str, cut: float) -> Row:
    parts = {"validation": setup.validation, "test": setup.test}
    decided = {part: models[name].of(PARTS[part]) >= cut for part in parts}
    row: Row = {"predictions": name, "counted from": cut}
    row |= {f"F1 {part}": f1(decided[part], setup.liked(h)) for part, h in parts.items()}
    return row | {"recommended": float(decided["test"].mean())}


def _everything(setup: BooksSetup) -> Row:
    parts = {"validation": setup.liked(setup.validation), "test": setup.liked(setup.test)}
    row: Row = {"predictions": EVERYTHING, "counted from": None}
    row |= {f"F1 {part}": f1(np.ones(len(y)), y) for part, y in parts.items()}
    return row | {"recommended": 1.0}


def _describe_share(plain: float, shifted: float, adjusted: float) -> str:
    if adjusted <= plain:
        return "The adjusted target gains nothing here."
    share = (shifted - plain) / (adjusted - plain)
    if share >= 1:
        return (
            "Counting predictions of the original ratings from the moved threshold on gives all "
            "that the adjusted ratings seem to gain, without any adjusting."
        )
    return (
        f"Counting predictions of the original ratings from the moved threshold on gives "
        f"{share:.0%} of what the adjusted ratings seem to gain."
    )


def _adjusted_table(setup: BooksSetup) -> DataTable:
    """What the transform makes of each rating, beside what was published of some."""
    ratings = list(range(1, 11))
    here = Adjusted().of_ratings(ratings).tolist()
    published = [ADJUSTED_RATINGS.get(rating) for rating in ratings]
    frame = pl.DataFrame(
        {
            "rating": [f"{rating}" for rating in ratings],
            "adjusted, published": published,
            "adjusted, here": here,
            "liked": ["yes" if rating >= setup.like else "no" for rating in ratings],
        }
    )
    return DataTable(
        frame,
        "What the sigmoid with inflection 5 and steepness 1 makes of each rating.",
        dict.fromkeys(("adjusted, published", "adjusted, here"), "fixed:6"),
    )
