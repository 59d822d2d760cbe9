"""The honest comparison: what beats trivial answers, and which published networks do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from penchant.metrics import Verdict
from penchant.metrics.calibration import ExpectedCalibrationError
from penchant.results.formatting import join_names, signed
from penchant.studies.books.evaluation import compared_networks
from penchant.studies.books.networks import JACCARD, NETWORKS, how_many, in_words
from penchant.studies.books.setup import EVERYTHING, Found, Setup, scores
from penchant.studies.books.strong_models import NAMES
from penchant.studies.study import (
    Conclusion,
    DataTable,
    EvaluationSummary,
    Graph,
    Section,
    reliability,
)

_DRAWN = 3  # models whose stated chances are drawn
_FURTHER = {
    "average precision": "average-precision",
    "precision, half shown": "precision-at-recall@50",
    "precision, four fifths shown": "precision-at-recall@80",
    "F1": "f1",
    "log-loss": "log-loss",
}
_WORDS: dict[Verdict | None, str] = {
    "beats": "better than",
    "no better": "no better than",
    "worse": "worse than",
    None: "not judged against",
}


def section(setup: Setup, published: Mapping[str, Found], strong: Found, found: Found) -> Section:
    """All contenders on the same rows, for all users and for those with training ratings."""
    every = EvaluationSummary.load(found["all"])
    warm = EvaluationSummary.load(found["warm"])
    modern = _renamed(EvaluationSummary.load(strong["compared"]))
    best = strong["best"]
    return Section(
        title="Honestly: order, not thresholds",
        text=_text(setup, strong, found),
        conclusions=tuple(_conclusions(setup, strong, found, every, warm)),
        tables=(_f1_table(found), _all_table(found, every)),
        charts=_charts(setup, strong),
        comparisons=(
            replace(warm, title=f"The {found['warm rows']:,} test ratings of known users"),
            replace(modern, title=f"All test ratings: {best} and others, and what they take"),
        ),
        steps=("strong", "judged"),
    )


def _text(setup: Setup, strong: Found, found: Found) -> str:
    n_cold = found["rows"] - found["warm rows"]
    return f"""
        F1 at a threshold hardly says whether a model can tell a good book from a bad one. The AUC
        does: the chance that a liked row is put before another, whatever the threshold. Beside it
        stand average precision, precision where half and where four fifths of what is liked must
        be shown, F1 at the threshold that is best on validation rows, and, where a model states
        chances, their log-loss.

        All are judged on the same test rows of the same split as above. Thresholds, numbers of
        epochs and of trees, and which model is called the best come from validation rows; all
        else is fixed beforehand. What is known of a user before a test row are the training and
        validation ratings. {n_cold:,} of the {found["rows"]:,} test rows are of users without a
        training rating, whom a model knows next to nothing of; the others are counted apart.

        What may win: a dot product with biases, a factorisation machine over books and readers with
        their tables, an ordinal model of the ten ratings, boosted trees and a dense network over
        what the log and its tables say of reader, book, author, publisher, place and age, each
        feature computed without the row that it is used for; with the option stack both of them
        together. Chosen on validation rows: {strong["best"]}.
        Of the networks with dropout only those of the first rate stand here; the others are like
        them.
    """


def auc_of(found: EvaluationSummary) -> dict[str, float]:
    """AUC by contender."""
    return {e.name: e.metrics["auc"].value for e in found.tables["like"].entries}


def not_better(found: Found) -> list[str]:
    """The published networks whose F1 is not above that of recommending everything."""
    return [e.name for e in NETWORKS if found["f1"][e.name]["verdict"] != "beats"]


def chanceless(setup: Setup, found: Found) -> list[str]:
    """The published networks whose interval of AUC holds one half, on known users."""
    table = EvaluationSummary.load(found["warm"]).tables["like"]
    figures = {e.name: e.metrics["auc"] for e in table.entries}
    names = [e.name for e in NETWORKS if e.name in figures]
    return [name for name in names if not figures[name].low > 0.5]


def verdict_on(name: str, table: EvaluationSummary) -> str:
    """A sentence on one contender's AUC against the best trivial answer."""
    entry = table.tables["like"][name]
    figure = entry.metrics["auc"]
    return (
        f"{_WORDS[figure.verdict]} the best trivial answer ({signed(figure.gain, 4)}, "
        f"{signed(figure.gain_low, 4)} to {signed(figure.gain_high, 4)} AUC)"
    )


def _conclusions(
    setup: Setup, strong: Found, found: Found, every: EvaluationSummary, warm: EvaluationSummary
) -> list[Conclusion]:
    best = strong["best"]
    auc, known = auc_of(every), auc_of(warm)
    bar = warm.tables["like"].best_trivial.name
    weak, blind = not_better(found), chanceless(setup, found)
    beating = [
        e.name
        for e in warm.tables["like"].entries
        if e.verdict == "beats" and e.name in compared_networks()
    ]
    jaccard = [f"{found['f1'][n]['verdict']}" for n in JACCARD]
    better = [n for n, v in zip(JACCARD, jaccard, strict=True) if v == "beats"]
    return [
        Conclusion(
            "verdict",
            f"{how_many(weak)} published networks are no better than recommending everything, "
            f"by F1 at the published cuts: {in_words(weak)}."
            if weak
            else "By F1 at the published cuts every published network is better than recommending "
            "everything.",
        ),
        Conclusion(
            "verdict",
            "By the same measure "
            + (
                "neither Jaccard is better"
                if not better
                else f"{join_names(better)} {'are' if len(better) > 1 else 'is'} better"
            )
            + " than recommending everything.",
        ),
        Conclusion(
            "verdict",
            (
                f"{len(blind)} networks cannot tell liked rows of known users from others at all, "
                "for the interval of their AUC holds one half or lies below: "
                f"{in_words(blind, compared_networks())}."
                if blind
                else "Every published network has an AUC above one half on known users."
            ),
        ),
        Conclusion(
            "verdict",
            f"Against the best trivial answer, {bar} ({known[bar]:.4f} on known users): "
            + (
                f"of what was published {join_names(beating)} is better."
                if beating
                else "nothing of what was published has a better AUC."
            )
            + f" {best[0].upper()}{best[1:]}, chosen on validation rows, is "
            f"{verdict_on(best, warm)} on known users, and {verdict_on(best, every)} on all.",
        ),
        Conclusion(
            "honest",
            f"AUC on all test rows and on those of known users: {best} {auc[best]:.4f} and "
            f"{known[best]:.4f}; {bar} {auc[bar]:.4f} and {known[bar]:.4f}; "
            + "; ".join(f"{n} {auc[n]:.4f} and {known[n]:.4f}" for n in JACCARD)
            + f"; {EVERYTHING} one half.",
        ),
        *_shop(every, best, bar),
        *_calibration(setup, strong),
    ]


def _shop(every: EvaluationSummary, best: str, bar: str) -> list[Conclusion]:
    metric = "precision-at-recall@50"
    values = {e.name: e.metrics[metric].value for e in every.tables["like"].entries}
    return [
        Conclusion(
            "honest",
            "A shop that must show half of what its readers would like shows "
            f"{values[best]:.1%} right books with {best}, {values[bar]:.1%} with {bar} and "
            f"{values[EVERYTHING]:.1%} at random.",
        )
    ]


def _calibration(setup: Setup, strong: Found) -> list[Conclusion]:
    said = strong["said"]
    y = setup.liked(setup.test)
    ece = {n: ExpectedCalibrationError()(scores(f, "test"), y) for n, f in _stated(strong).items()}
    best = strong["best"]
    if best not in ece or not said[best]["chances"]:
        return []
    return [
        Conclusion(
            "honest",
            f"A chance stated by {best} is off by {ece[best]:.3f} on average (expected calibration "
            "error over ten bins).",
        )
    ]


def _stated(strong: Found) -> dict[str, Found]:
    """Models that state chances, but for trivial ones."""
    return {
        name: found
        for name, found in strong["said"].items()
        if found["chances"] and name not in strong["trivial"]
    }


def _charts(setup: Setup, strong: Found) -> tuple[Graph, ...]:
    """Whether the best models mean the chances that they state."""
    stated = _stated(strong)
    chosen = sorted(stated, key=lambda name: (name != strong["best"], name))[:_DRAWN]
    if not chosen:
        return ()
    return (
        reliability(
            "Stated chances of a like and what happened, on all test rows.",
            {name: scores(stated[name], "test").clip(0, 1) for name in chosen},
            setup.liked(setup.test),
            half=False,
        ),
    )


def _f1_table(found: Found) -> DataTable:
    shown = compared_networks()
    f1s = {name: f for name, f in found["f1"].items() if name in shown}
    frame = pl.DataFrame(
        {
            "published contender": list(f1s),
            "F1": [f["f1"] for f in f1s.values()],
            "over everything": [f["gain"] for f in f1s.values()],
            "over everything low": [f["low"] for f in f1s.values()],
            "over everything high": [f["high"] for f in f1s.values()],
            "against everything": [f["verdict"] or "not judged" for f in f1s.values()],
        },
        infer_schema_length=None,
    )
    return DataTable(
        frame,
        "F1 on test rows at the published cuts, and what is gained over recommending everything, "
        "with intervals over users. Verdicts allow for the number of contenders.",
        {"F1": "fixed:4", "over everything": "signed:4", "against everything": "badge"},
    )


def _all_table(found: Found, every: EvaluationSummary) -> DataTable:
    """Everything on all test rows, in figures alone."""
    table = every.tables["like"]
    columns = {"AUC": "auc", **_FURTHER}
    frame = pl.DataFrame(
        {"all test rows": [e.name for e in table.entries]}
        | {name: [e.metrics[m].value for e in table.entries] for name, m in columns.items()}
        | {"against trivial": ["trivial" if e.trivial else e.verdict for e in table.entries]},
        infer_schema_length=None,
    )
    return DataTable(
        frame,
        f"All {found['rows']:,} test ratings, those of users without a training rating among them. "
        "F1 is at the threshold that is best on validation rows; verdicts go by AUC.",
        dict.fromkeys(columns, "fixed:4") | {"against trivial": "badge"},
    )


def _renamed(found: EvaluationSummary) -> EvaluationSummary:
    """The comparison with this study's names of trivial answers."""
    tables = {
        task: replace(
            table,
            entries=tuple(replace(e, name=NAMES.get(e.name, e.name)) for e in table.entries),
        )
        for task, table in found.tables.items()
    }
    return replace(found, tables=tables)
