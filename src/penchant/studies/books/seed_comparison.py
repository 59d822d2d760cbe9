"""Compare the best model with biases on splits of other seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data import split_random
from penchant.evaluation import evaluate_predictions
from penchant.models import make
from penchant.results import signed
from penchant.studies.books.alternative_models import specs
from penchant.studies.books.setup import BooksSetup
from penchant.studies.records import Gain, number_word, predict, rounded
from penchant.studies.study import Conclusion, DataTable, Section, Steps
from penchant.wording import counted

MARK = 0.035
"""The gain of AUC on known users from which the study calls it one, fixed beforehand."""
_BIAS = "user and item biases"


@dataclass(frozen=True)
class AucGain:
    """AUC of the best model and of biases, with the gain of the former."""

    best: float
    bias: float
    gain: Gain


@dataclass(frozen=True)
class SeedResult:
    """The best model and biases on the split of one seed.

    Attributes:
        seed: of the split and of the model.
        known_users: on test rows of users with training ratings.
        all_users: on all test rows.
    """

    seed: int
    known_users: AucGain
    all_users: AucGain


def compare_over_seeds(steps: Steps, setup: BooksSetup, best: str) -> list[SeedResult]:
    """The best model and biases on a split of each seed."""
    return [_do_seed(steps, setup, best, seed) for seed in range(setup.seeds)]


def _do_seed(steps: Steps, setup: BooksSetup, best: str, seed: int) -> SeedResult:
    return steps.do(f"seed-{seed}", SeedResult, lambda: _compare(setup, best, seed))


def _compare(setup: BooksSetup, best: str, seed: int) -> SeedResult:
    split = split_random(setup.rated, validation=0.1, test=0.1, seed=seed)
    models = {best: setup.model(specs(setup)[best]).clone(seed=seed), _BIAS: make("bias")}
    columns = {}
    for name, model in models.items():
        model.fit(split.train, split.validation, run=setup.run)
        columns[name] = np.asarray(rounded(predict(model, split.test.rows)))
    predictions = pl.DataFrame(
        {"user": split.test.rows.users, "like": setup.liked(split.test), **columns}
    )

    def gain(rows: pl.DataFrame) -> AucGain:
        table = evaluate_predictions(
            rows,
            ["auc"],
            truth="like",
            trivial=[_BIAS],
            replicates=setup.replicates,
            seed=seed,
        )
        figure = table[best].metrics["auc"]
        return AucGain(figure.value, table[_BIAS].metrics["auc"].value, Gain.of(figure))

    known = predictions.filter(setup.is_known(split))
    return SeedResult(seed, known_users=gain(known), all_users=gain(predictions))


def section(best: str, results: list[SeedResult]) -> Section:
    """A row for each seed, and whether the mark is reached."""
    gains = [result.known_users.gain for result in results]
    values = [gain.value for gain in gains]
    mean = float(np.mean(values))
    clear = [gain for gain in gains if gain.low > 0]
    rows = [
        {
            "seed": str(result.seed),
            **_columns("known users", best, result.known_users),
            **_columns("all users", best, result.all_users),
        }
        for result in results
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return Section(
        title="Over several seeds",
        text=f"""
            One split may be lucky. The model that was best on validation rows above, {best}, is
            fitted again on splits of {len(results)} other seeds, and so are user and item biases.
            The mark was set beforehand: on average a gain of AUC on known users of {MARK:g} or
            more, with an interval clear of zero each time.
        """,
        conclusions=(Conclusion("verdict", _describe(best, mean, len(clear), len(gains))),),
        tables=(
            DataTable(
                frame,
                "AUC on test rows by seed, with the intervals of the gains over users.",
                {c: "signed:4" if c.endswith("gain") else "fixed:4" for c in frame.columns[1:]},
            ),
        ),
        steps=tuple(f"seed-{result.seed}" for result in results),
    )


def _describe(best: str, mean: float, clear: int, n: int) -> str:
    """Whether the gain holds on every split, and reaches the mark."""
    lead = f"The lead of {best} over user and item biases"
    if clear < n:
        return f"{lead} is clear on {number_word(clear)} of {counted(n, 'other split')}."
    reached = "reaches" if mean >= MARK else "falls short of"
    splits = "the one other split" if n == 1 else f"all {number_word(n)} other splits"
    return (
        f"{lead} holds on {splits}: {signed(mean, 3)} AUC on average, which {reached} the mark "
        "that was set beforehand."
    )


def _columns(users: str, best: str, part: AucGain) -> dict[str, float]:
    """The columns of a part of the users."""
    return {
        f"{users}: {best}": part.best,
        f"{users}: biases": part.bias,
        **part.gain.columns(f"{users}: gain"),
    }
