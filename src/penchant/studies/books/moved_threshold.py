"""Show why the adjusted scale scores better: its 8 is another threshold, and a lower one."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from penchant.data import Adjusted
from penchant.metrics import best_threshold
from penchant.studies.books.networks import JACCARD, PublishedModels
from penchant.studies.books.setup import EVERYTHING, PARTS, SCALE, BooksSetup, f1
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.typing import Bool, Float64

Row = dict[str, Any]
_STEPS = 181  # thresholds from 1 to 10 that are drawn, 0.05 apart
_NETWORKS = ("simple MSE (original)", "simple MSE (adjusted)")
_PLAIN, _ADJUSTED = JACCARD


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
    best = _row(setup, models, _PLAIN, cut)
    curves = {name: curve(models[name].of("validation"), y) for name in (_PLAIN, _NETWORKS[0])}
    at = models[_PLAIN].of() >= moved
    alike = float((at == (models[_ADJUSTED].of() >= setup.like)).mean())
    conclusions = (
        Conclusion(
            "trap",
            f"From {setup.like:g} on the adjusted scale is from {moved:.2f} on the original one. "
            f"Jaccard on original ratings, counted from {moved:.2f} on, has an F1 of {shifted:.4f} "
            f"on test rows; counted from {setup.like:g} on {plain:.4f}; Jaccard on adjusted "
            f"ratings {adjusted:.4f}. {_describe_share(plain, shifted, adjusted)} The two decide "
            f"{alike:.1%} of the test rows alike.",
        ),
        Conclusion(
            "honest",
            f"A threshold chosen on validation rows gives Jaccard on original ratings "
            f"{best['F1 test']:.4f}, {_describe_cut(cut)}; recommending everything gives "
            f"{rows[-1]['F1 test']:.4f}.",
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
        return "The moved threshold alone gives all of the gain, and more."
    return f"The moved threshold alone is {share:.0%} of the gain."


def _describe_cut(cut: float) -> str:
    if np.isneginf(cut):
        return "by recommending everything"
    return f"from {cut:.2f} on"
