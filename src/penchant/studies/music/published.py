"""The section on the published regressor: its errors beside baselines that need no network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.claims import claim
from penchant.studies.music.regressor import (
    BOUNDED,
    CUT_LATER,
    HIGHEST,
    ORIGINAL,
    RECONSTRUCTED,
    TRIVIAL,
    VARIANTS,
    RegressorResults,
)
from penchant.studies.music.setup import MusicSetup, seconds_table, sizes_table
from penchant.studies.records import VERDICTS, table_of
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, lines, points

MAE, MSE = 0.3398, 31.7
"""As published, on 30 % of the rows."""
_PARAMETERS = (63_633, 62_657)
_SECONDS = 210.0


def check_claim(setup: MusicSetup) -> str:
    """A sentence on the published error, where this is the data that it is of; else empty."""
    if not setup.same_data:
        return ""
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
            {first.parameters:,} parameters, {first.trained_parameters:,} of them trained. As
            published it learns for
            {len(first.curve)} epochs from a random 70 % of the rows, with each review's own
            text among its inputs, statistics of the products that include the test rows, and
            prices and ranks as they are.

            “On the reconstruction, as published” is the same network over what the published
            autoencoder leaves of the features: 5 numbers, learned by ten epochs of plain descent.
            Beside it stands one whose autoencoder has learned by Adam. Bounded is the same network
            whose output cannot leave the scale. Figures in the table are {_splits(setup)}; nothing
            is chosen on test rows.
        """,
        conclusions=(
            *_conclusions(results),
            *([Conclusion("trap", f"The published error here: {claimed}")] if claimed else []),
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
            _table(setup, results),
            DataTable(
                sizes_table(
                    {
                        "in all": (_PARAMETERS[0], first.parameters),
                        "trained": (_PARAMETERS[1], first.trained_parameters),
                    }
                ),
                "Numbers of the published network.",
            ),
            seconds_table(setup, "rating regressor", _SECONDS, first.seconds),
            DataTable(
                table_of(results.far).select("product", pl.exclude("product")),
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
    return "of one split" if setup.splits == 1 else f"means over {setup.splits} splits"


def _table(setup: MusicSetup, results: RegressorResults) -> DataTable:
    names = [*VARIANTS, CUT_LATER, HIGHEST, *TRIVIAL]
    errors = [results.mean_errors(name) for name in names]
    published = [(MAE, MSE) if name == ORIGINAL else (None, None) for name in names]
    frame = pl.DataFrame(
        {
            "answer": names,
            "published MAE": [mae for mae, _ in published],
            "MAE": [each.mae for each in errors],
            "published MSE": [mse for _, mse in published],
            "MSE": [each.mse for each in errors],
            "against published": [
                setup.against_published(mae, each.mae, better="low")
                for (mae, _), each in zip(published, errors, strict=True)
            ],
            "correlation": [each.correlation for each in errors],
            "farthest off": [each.farthest for each in errors],
        },
        strict=False,
    )
    return DataTable(
        frame,
        f"Errors on test rows, in stars and squared stars, {_splits(setup)}, and the farthest "
        f"prediction.{setup.told_apart}",
        {"published MAE": "fixed:4", "MAE": "fixed:4", "published MSE": "fixed:1"}
        | {"MSE": "fixed:4", "farthest off": "fixed:2"},
    )


def _conclusions(results: RegressorResults) -> list[Conclusion]:
    errors = {name: results.mean_errors(name) for name in results.errors}
    own, high = errors[ORIGINAL], errors[HIGHEST]
    off = np.asarray(results.first.predictions) - np.asarray(results.first.ratings)
    squared = np.sort(off**2)[::-1]
    few = max(1, len(squared) // 100)
    share = squared[:few].sum() / max(squared.sum(), 1e-12)
    far = results.far[0]
    compared = results.first.compared
    return [
        Conclusion(
            "as published",
            f"The published network is off by {own.mae:.2f} stars on average.",
        ),
        Conclusion(
            "as published",
            "On the published reconstruction of its features it is off by "
            f"{errors[RECONSTRUCTED].mae:.2f} stars.",
        ),
        Conclusion(
            "trap",
            f"Always saying {HIGHEST.removeprefix('always ')} is off by {high.mae:.2f} stars, "
            "without looking at anything.",
        ),
        Conclusion("verdict", f"By mean errors {_against(compared['mae'])}"),
        Conclusion("verdict", f"By squared errors {_against(compared['rmse'])}"),
        Conclusion(
            "trap",
            f"Its farthest prediction is {far.off:.2f} stars off, for a review whose "
            f"{far.farthest_input} lies far from that of all others.",
        ),
        Conclusion(
            "honest",
            f"One review in a hundred makes {share:.0%} of its squared error"
            + (
                ", and an output that cannot leave the scale takes the farthest of these away."
                if errors[BOUNDED].farthest < own.farthest
                else "."
            ),
        ),
    ]


def _against(compared: EvaluationSummary) -> str:
    table = compared.tables["rating"]
    own, baseline = table[ORIGINAL].metrics[table.primary], table.best_trivial
    return (
        f"the published network is {VERDICTS[own.verdict or 'no better']} the best trivial answer, "
        f"“{baseline.name}”."
    )
