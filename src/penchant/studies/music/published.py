"""The section on the published regressor: its errors beside baselines that need no network."""

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
    RegressorResults,
)
from penchant.studies.music.setup import MusicSetup
from penchant.studies.records import VERDICTS, table_of
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, lines, points

MAE, MSE = 0.3398, 31.7
"""As published, on 30 % of the rows."""
_PARAMETERS = (63_633, 62_657)


def check_claim(setup: MusicSetup) -> str:
    """A sentence on the published error, on the first split of this log."""
    split = setup.published_split(setup.seed)
    checked = claim(MAE, on=split, metric="mae", replicates=setup.replicates, seed=setup.seed)
    return checked.sentence


def section(setup: MusicSetup, results: RegressorResults, claimed: str) -> Section:
    """Means over the splits, intervals on the first, and which rows are far off."""
    first = results.first
    return Section(
        title="The rating regressor as published",
        text=f"""
            Five dense layers of 256, 128, 64, 32 and 8 units over the features above, each followed
            by batch normalisation, with a penalty on the first one's activity and a linear output:
            {first.parameters:,} parameters, {first.trained_parameters:,} of them trained
            (published: {_PARAMETERS[0]:,} and {_PARAMETERS[1]:,}). As published it learns for
            {len(first.curve)} epochs from a random 70 % of the rows, with each review's own
            text among its inputs, statistics of the products that include the test rows, and
            prices and ranks as they are.

            “On the reconstruction” is the same network over what an autoencoder of 5 numbers
            leaves of the features, here one that learned by Adam and not by the published descent,
            which hardly moves.
            Bounded is the same network whose output cannot leave the scale. Figures in the table
            are means over {_splits(setup)}; nothing is chosen on test rows.
        """,
        conclusions=(
            *_conclusions(results),
            Conclusion("trap", f"The published error here: {claimed}"),
        ),
        charts=(
            points(
                "What the published network predicts of test rows of the first split.",
                first.ratings,
                first.predictions,
                x="rating",
                y="predicted",
            ),
            lines("Training loss of the published network.", {"": first.curve}),
        ),
        tables=(
            _table(results),
            DataTable(
                table_of(results.far),
                "The test rows that the published network misses by most, over all splits, each "
                "with its input that lies farthest from the training mean, and the prediction of "
                "the same network with all inputs cut at 5 standard deviations.",
                {"deviations": "fixed:1", "rating": "fixed:0", "predicted": "fixed:2"}
                | {"off": "fixed:2", "with inputs cut": "fixed:2"},
            ),
        ),
        comparisons=(
            replace(
                first.compared["mae"], title="By the published measure, MAE, on the first split"
            ),
            replace(first.compared["rmse"], title="By squared errors, on the first split"),
        ),
        steps=("regressor",),
    )


def _splits(setup: MusicSetup) -> str:
    return "one split" if setup.splits == 1 else f"{setup.splits} splits"


def _table(results: RegressorResults) -> DataTable:
    names = [*VARIANTS, CUT_LATER, HIGHEST, *TRIVIAL]
    errors = [results.mean_errors(name) for name in names]
    frame = pl.DataFrame(
        {
            "answer": names,
            "published MAE": [MAE if name == ORIGINAL else None for name in names],
            "MAE": [each.mae for each in errors],
            "published MSE": [MSE if name == ORIGINAL else None for name in names],
            "MSE": [each.mse for each in errors],
            "correlation": [each.correlation for each in errors],
            "farthest off": [each.farthest for each in errors],
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


def _conclusions(results: RegressorResults) -> list[Conclusion]:
    errors = {name: results.mean_errors(name) for name in results.errors}
    own, high, rebuilt = errors[ORIGINAL], errors[HIGHEST], errors[RECONSTRUCTED]
    off = np.asarray(results.first.predictions) - np.asarray(results.first.ratings)
    squared = np.sort(off**2)[::-1]
    few = max(1, len(squared) // 100)
    share = squared[:few].sum() / max(squared.sum(), 1e-12)
    outside = sum(row.off > 4 for row in results.far)  # no prediction on the scale is off by more
    far = results.far[0]
    compared = results.first.compared
    return [
        Conclusion(
            "as published",
            f"On the features MAE {own.mae:.4f} and MSE {own.mse:.4f} (published {MAE} and "
            f"{MSE}); on the reconstruction {rebuilt.mae:.4f} and {rebuilt.mse:.4f}.",
        ),
        Conclusion(
            "trap",
            f"Always saying {HIGHEST.removeprefix('always ')} has MAE {high.mae:.4f} "
            f"and MSE {high.mse:.4f} without looking at anything.",
        ),
        Conclusion(
            "verdict", f"By MAE {_against(compared['mae'])} By squares {_against(compared['rmse'])}"
        ),
        Conclusion(
            "trap",
            f"The farthest prediction is {far.off:.2f} stars off ({far.predicted:.2f} for a "
            f"{far.rating:g}); its farthest input, {far.farthest_input}, is "
            f"{abs(far.deviations):.0f} standard deviations from the mean, and with inputs cut "
            f"at 5 the same network says {far.with_inputs_cut:.2f}. "
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
            f"{errors['DNN, inputs cut at 5 deviations'].mse:.4f}; cut only when it "
            f"answers {errors[CUT_LATER].mse:.4f}; bounded "
            f"{errors['DNN, bounded output'].mse:.4f}.",
        ),
    ]


def _against(compared: EvaluationSummary) -> str:
    table = compared.tables["rating"]
    own, baseline = table[ORIGINAL].metrics[table.primary], table.best_trivial
    return (
        f"the published network is {VERDICTS[own.verdict or 'no better']} the best trivial answer, "
        f"{baseline.name} ({own.value:.4f} against {baseline.metrics[table.primary].value:.4f}; "
        f"gain {own.gain:+.4f}, {own.gain_low:+.4f} to {own.gain_high:+.4f})."
    )
