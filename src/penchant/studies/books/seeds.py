"""Whether the best model's gain over biases is there on other splits, too."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.splits import split_random
from penchant.evaluation import evaluate_predictions
from penchant.models import make
from penchant.models.protocols import RatesRows
from penchant.results.formatting import signed
from penchant.studies.books.setup import Found, Setup, rounded
from penchant.studies.books.strong_models import specs
from penchant.studies.study import Conclusion, DataTable, Section, Steps

MARK = 0.035
"""The gain of AUC on known users from which the study calls it one, fixed beforehand."""
_BIAS = "user and item biases"


def seeds(steps: Steps, setup: Setup, best: str) -> list[Found]:
    """The best model and biases on a split of each seed."""
    return [
        steps.do(f"seed-{seed}", lambda seed=seed: _seed(setup, best, seed))  # type: ignore[misc]
        for seed in range(setup.seeds)
    ]


def _seed(setup: Setup, best: str, seed: int) -> Found:
    split = split_random(setup.log, validation=0.1, test=0.1, seed=seed)
    columns = {}
    for name, spec in ((best, specs(setup)[best]), (_BIAS, "bias")):
        model = setup.model(spec).clone(seed=seed) if name == best else make(spec)
        model.fit(split.train, split.validation, run=setup.run)
        assert isinstance(model, RatesRows)
        columns[name] = np.asarray(rounded(model.predict(split.test.rows)))
    asked = pl.DataFrame(
        {"user": split.test.rows.users, "like": setup.liked(split.test), **columns}
    )
    found: Found = {"seed": seed}
    for part, rows in (("warm", asked.filter(setup.warm(split))), ("all", asked)):
        table = evaluate_predictions(
            rows,
            ["auc"],
            truth="like",
            trivial=[_BIAS],
            replicates=setup.replicates,
            seed=seed,
        )
        figure = table[best].metrics["auc"]
        found[part] = {
            "best": figure.value,
            "bias": table[_BIAS].metrics["auc"].value,
            "gain": figure.gain,
            "low": figure.gain_low,
            "high": figure.gain_high,
        }
    return found


def section(setup: Setup, best: str, found: list[Found]) -> Section:
    """A row for each seed, and whether the mark is reached."""
    warm = [f["warm"] for f in found]
    gains = [w["gain"] for w in warm]
    mean = float(np.mean(gains))
    clear = [w for w in warm if w["low"] > 0]
    reached = mean >= MARK and len(clear) == len(warm)
    frame = pl.DataFrame({"seed": [str(f["seed"]) for f in found]}).hstack(
        [
            pl.Series(f"{spoken}: {what}", [f[part][key] for f in found], pl.Float64)
            for part, spoken in (("warm", "known users"), ("all", "all users"))
            for what, key in (
                (best, "best"),
                ("biases", "bias"),
                ("gain", "gain"),
                ("gain low", "low"),
                ("gain high", "high"),
            )
        ]
    )
    return Section(
        title="Over several seeds",
        text=f"""
            One split may be lucky. The model that was best on validation rows above, {best}, is
            fitted again on splits of {len(found)} other seeds, and so are user and item biases.
            The mark was set beforehand: on average a gain of AUC on known users of {MARK:g} or
            more, with an interval clear of zero each time.
        """,
        conclusions=(
            Conclusion(
                "verdict",
                f"The gain of {best} over biases on known users is {signed(min(gains), 4)} to "
                f"{signed(max(gains), 4)}, on average {signed(mean, 4)}; {len(clear)} of "
                f"{len(warm)} intervals are clear of zero. The mark of {MARK:g} is "
                f"{'reached' if reached else 'not reached'}.",
            ),
        ),
        tables=(
            DataTable(
                frame,
                "AUC on test rows by seed, with the intervals of the gains over users.",
                {c: "signed:4" if c.endswith("gain") else "fixed:4" for c in frame.columns[1:]},
            ),
        ),
        steps=tuple(f"seed-{f['seed']}" for f in found),
    )
