"""The section on the published regressor: its figures beside answers that need no network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.claims import claim
from penchant.studies.music.regressor import (
    CUT_LATER,
    HIGHEST,
    ORIGINAL,
    RECONSTRUCTED,
    TRIVIAL,
    VARIANTS,
)
from penchant.studies.music.setup import Found, Setup, average
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, lines, points

MAE, MSE = 0.3398, 31.7
"""As published, on 30 % of the rows."""
_PARAMETERS = (63_633, 62_657)


def claimed(setup: Setup) -> str:
    """What the published error is worth on the first split of this log."""
    split = setup.published_split(setup.seed)
    made = claim(MAE, on=split, metric="mae", replicates=setup.replicates, seed=setup.seed)
    return made.sentence


def section(setup: Setup, found: Found, claimed: str) -> Section:
    """Means over the splits, intervals on the first, and which rows are far off."""
    tables = {name: EvaluationSummary.load(kept) for name, kept in found["compared"].items()}
    return Section(
        title="The rating regressor as published",
        text=f"""
            Five dense layers of 256, 128, 64, 32 and 8 units over the features above, each followed
            by batch normalisation, with a penalty on the first one's activity and a linear output:
            {found["parameters"][0]:,} parameters, {found["parameters"][1]:,} of them trained
            (published: {_PARAMETERS[0]:,} and {_PARAMETERS[1]:,}). As published it learns for
            {len(found["curve"])} epochs from a random 70 % of the rows, with each review's own
            text among its inputs, statistics of the products that include the test rows, and
            prices and ranks as they are.

            “On the reconstruction” is the same network over what an autoencoder of 5 numbers
            leaves of the features, here one that learned by Adam and not by the published descent,
            which hardly moves.
            Bounded is the same network whose output cannot leave the scale. Figures in the table
            are means over {_splits(setup)}; nothing is chosen on test rows.
        """,
        conclusions=(
            *_conclusions(found, tables),
            Conclusion("trap", f"The published error here: {claimed}"),
        ),
        charts=(
            points(
                "What the published network predicts of test rows of the first split.",
                found["truth"],
                found["said"],
                x="rating",
                y="predicted",
            ),
            lines("Training loss of the published network.", {"": found["curve"]}),
        ),
        tables=(
            _table(found),
            DataTable(
                pl.DataFrame(found["far"]),
                "The test rows that the published network misses by most, over all splits, each "
                "with its input that lies farthest from the training mean, and the prediction of "
                "the same network with all inputs cut at 5 standard deviations.",
                {"deviations": "fixed:1", "rating": "fixed:0", "predicted": "fixed:2"}
                | {"off": "fixed:2", "with inputs cut": "fixed:2"},
            ),
        ),
        comparisons=(
            replace(tables["mae"], title="By the published measure, MAE, on the first split"),
            replace(tables["rmse"], title="By squared errors, on the first split"),
        ),
        steps=("regressor",),
    )


def _splits(setup: Setup) -> str:
    return "one split" if setup.splits == 1 else f"{setup.splits} splits"


def _table(found: Found) -> DataTable:
    names = [*VARIANTS, CUT_LATER, HIGHEST, *TRIVIAL]
    figures = {name: found["figures"][name] for name in names}
    frame = pl.DataFrame(
        {
            "answer": names,
            "published MAE": [MAE if name == ORIGINAL else None for name in names],
            "MAE": [average(figures[name], "mae") for name in names],
            "published MSE": [MSE if name == ORIGINAL else None for name in names],
            "MSE": [average(figures[name], "mse") for name in names],
            "correlation": [average(figures[name], "r") for name in names],
            "farthest off": [max(f["farthest"] for f in figures[name]) for name in names],
        },
        strict=False,
    )
    return DataTable(
        frame,
        "Errors on test rows, in stars and squared stars, means over the splits; the farthest "
        "prediction of all of them.",
        {"published MAE": "fixed:4", "MAE": "fixed:4", "published MSE": "fixed:1"}
        | {"MSE": "fixed:4", "farthest off": "fixed:2"},
    )


def _conclusions(found: Found, tables: dict[str, EvaluationSummary]) -> list[Conclusion]:
    figures = found["figures"]
    own, high = figures[ORIGINAL], figures[HIGHEST]
    mae, mse = average(own, "mae"), average(own, "mse")
    rebuilt = figures[RECONSTRUCTED]
    said = np.asarray(found["said"]) - np.asarray(found["truth"])
    squared = np.sort(said**2)[::-1]
    few = max(1, len(squared) // 100)
    share = squared[:few].sum() / max(squared.sum(), 1e-12)
    outside = sum(f["off"] > 4 for f in found["far"])  # no prediction on the scale is off by more
    far = found["far"][0]
    return [
        Conclusion(
            "as published",
            f"On the features MAE {mae:.4f} and MSE {mse:.4f} (published {MAE} and {MSE}); on the "
            f"reconstruction {average(rebuilt, 'mae'):.4f} and {average(rebuilt, 'mse'):.4f}.",
        ),
        Conclusion(
            "trap",
            f"Always saying {HIGHEST.removeprefix('always ')} has MAE {average(high, 'mae'):.4f} "
            f"and MSE {average(high, 'mse'):.4f} without looking at anything.",
        ),
        Conclusion(
            "verdict", f"By MAE {_against(tables['mae'])} By squares {_against(tables['rmse'])}"
        ),
        Conclusion(
            "trap",
            f"The farthest prediction is {far['off']:.2f} stars off ({far['predicted']:.2f} for a "
            f"{far['rating']:g}); its farthest input, {far['farthest input']}, is "
            f"{abs(far['deviations']):.0f} standard deviations from the mean, and with inputs cut "
            f"at 5 the same network says {far['with inputs cut']:.2f}. "
            + (
                f"So many of the listed rows are off by more than the whole scale: {outside}."
                if outside
                else "No row here is off by more than the whole scale, as the published MSE needs."
            ),
        ),
        Conclusion(
            "honest",
            f"The worst 1 % of the test rows make {share:.0%} of the squared error. Cut at 5 "
            "deviations in training, too, the network has MSE "
            f"{average(figures['DNN, inputs cut at 5 deviations'], 'mse'):.4f}; cut only when it "
            f"answers {average(figures[CUT_LATER], 'mse'):.4f}; bounded "
            f"{average(figures['DNN, bounded output'], 'mse'):.4f}.",
        ),
    ]


def _against(compared: EvaluationSummary) -> str:
    table = compared.tables["rating"]
    figure = table[ORIGINAL].metrics[table.primary]
    words = {"beats": "better than", "worse": "worse than", "no better": "no better than"}
    bar = table.best_trivial
    return (
        f"the published network is {words[figure.verdict or 'no better']} the best trivial answer, "
        f"{bar.name} ({figure.value:.4f} against {bar.metrics[table.primary].value:.4f}; gain "
        f"{figure.gain:+.4f}, {figure.gain_low:+.4f} to {figure.gain_high:+.4f})."
    )
