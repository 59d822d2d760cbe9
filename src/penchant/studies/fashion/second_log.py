"""Measure what the reviews of a second category add to the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from penchant.data import Dataset, Split, split_by_time, split_random
from penchant.errors import DataError
from penchant.studies.fashion.setup import FashionSetup, split_paragraphs, without_copies
from penchant.studies.records import Gain
from penchant.studies.study import Conclusion, DataTable, Section, bars
from penchant.transfer import TransferGain, joined, transfer_gains

METRIC = "ndcg@10"
MODELS = {
    "popular": "popular",
    "ease": "ease:l2=500",
    "content-ease": "content-ease:l2=500",
    "two-tower": "two-tower",
}
_TEST, _VALIDATION = 0.3, 0.1


@dataclass(frozen=True)
class SecondLogResults:
    """What a second log adds on one split of the first.

    Attributes:
        other: the second log's name.
        sentence: on the split and what was joined.
        gains: by model.
    """

    other: str
    sentence: str
    gains: dict[str, TransferGain]


def measure_second_log(
    setup: FashionSetup, others: Mapping[str, Dataset]
) -> dict[str, SecondLogResults]:
    """Join another category's users by texts, each review once, and compare lists."""
    log = without_copies(setup.log)
    results = {}
    for name, other in others.items():
        for kind, split in _splits(log, setup.seed).items():
            try:
                both = joined(split, without_copies(other), on="text")
            except DataError:  # nothing that is written is alike
                continue
            gains = transfer_gains(
                {name: setup.model(spec) for name, spec in MODELS.items()},
                split,
                both,
                [METRIC],
                replicates=setup.replicates,
                seed=setup.seed,
                run=setup.run,
            )
            results[f"{name}, {kind}"] = SecondLogResults(
                other=name,
                sentence=both.sentence,
                gains={gain.model: gain for gain in gains},
            )
    return results


def _splits(log: Dataset, seed: int) -> dict[str, Split]:
    shares = {"validation": _VALIDATION, "test": _TEST}
    splits = {"random": split_random(log, **shares, seed=seed)}
    if log.has_times and log.events["time"].n_unique() > 1:
        splits["by time"] = split_by_time(log, **shares)
    return splits


def section(results: Mapping[str, SecondLogResults]) -> Section:
    """The lists of models with and without the second log."""
    rows = [
        {
            "second log and split": name,
            "model": gain.model,
            "alone": gain.alone,
            "with the second log": gain.joined,
            **_gain(gain).columns("gain"),
            "users": gain.users,
        }
        for name, each in results.items()
        for gain in each.gains.values()
    ]
    return Section(
        title="What another category adds",
        text=f"""
            Users of another category can teach a model, too, where something connects both. No
            user and no product is in both logs here, so that products are matched by what is
            written of them: titles and training reviews.

            {split_paragraphs({name: each.sentence for name, each in results.items()})}
        """,
        conclusions=tuple(_conclusions(results)),
        charts=(
            bars(
                "nDCG@10 that the second log adds, with intervals over users.",
                {
                    name: {n: _gain(gain).interval for n, gain in each.gains.items()}
                    for name, each in results.items()
                },
                x="nDCG@10 gained",
            ),
        )
        if results
        else (),
        tables=(
            DataTable(
                pl.DataFrame(rows, infer_schema_length=None),
                "nDCG@10 of lists for the same test users, of models that learned from the first "
                "log alone and from both.",
                {"alone": "fixed:4", "with the second log": "fixed:4", "gain": "signed:4"},
            ),
        )
        if rows
        else (),
        steps=("second-log",),
    )


def _gain(gain: TransferGain) -> Gain:
    return Gain(gain.gain, gain.low, gain.high)


def _conclusions(results: Mapping[str, SecondLogResults]) -> list[Conclusion]:
    gains = [gain for each in results.values() for gain in each.gains.values() if gain.users]
    if not gains:
        return [Conclusion("honest", "There is no second category here to learn from.")]
    better = sum(gain.low > 0 for gain in gains)
    worse = sum(gain.high < 0 for gain in gains)
    if not better and not worse:
        sentence = "The second category changes no model's lists for sure."
    else:
        sentence = (
            f"Of {len(gains)} comparisons the second category makes {better or 'none'} better for "
            f"sure and {worse or 'none'} worse."
        )
    return [Conclusion("honest", sentence)]
