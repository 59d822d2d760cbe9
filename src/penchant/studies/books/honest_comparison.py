"""The honest comparison: which models beat the baselines and which do not."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from penchant.metrics import ExpectedCalibrationError, Verdict
from penchant.results import join_names
from penchant.studies.books.alternative_models import NAMES, AlternativeModels
from penchant.studies.books.evaluation import BooksEvaluation, compared_networks
from penchant.studies.books.networks import JACCARD, NETWORKS, how_many
from penchant.studies.books.setup import EVERYTHING, BooksSetup, ModelPredictions
from penchant.studies.records import VERDICTS, number_word
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


def section(
    setup: BooksSetup, alternatives: AlternativeModels, evaluation: BooksEvaluation
) -> Section:
    """All models on the same rows, for all users and for those with training ratings."""
    modern = _renamed(alternatives.compared)
    best = alternatives.best
    return Section(
        title="Honestly: order, not thresholds",
        text=_text(setup, alternatives, evaluation),
        conclusions=tuple(_conclusions(setup, alternatives, evaluation)),
        tables=(_f1_table(evaluation), _all_table(evaluation)),
        charts=_charts(setup, alternatives),
        comparisons=(
            replace(
                _ungrouped(evaluation.known_users),
                title=f"The {evaluation.known_rows:,} test ratings of known users",
            ),
            replace(modern, title=f"All test ratings: {best} and others, and what they take"),
        ),
        steps=("alternatives", "evaluation"),
    )


def _text(setup: BooksSetup, alternatives: AlternativeModels, evaluation: BooksEvaluation) -> str:
    n_cold = evaluation.rows - evaluation.known_rows
    return f"""
        F1 at a threshold hardly says whether a model can tell a good book from a bad one. The AUC
        does: the chance that a liked row is put before another, whatever the threshold. Beside it
        stand average precision, precision where half and where four fifths of what is liked must
        be shown, F1 at the threshold that is best on validation rows, and, where a model states
        chances, their log-loss.

        All are judged on the same test rows of the same split as above. Thresholds, numbers of
        epochs and of trees, and which model is called the best come from validation rows; all
        else is fixed beforehand. What is known of a user before a test row are the training and
        validation ratings. {n_cold:,} of the {evaluation.rows:,} test rows are of users without a
        training rating, whom a model knows next to nothing of; the others are counted apart.

        What may win: a dot product with biases, a factorisation machine over books and readers with
        their tables, an ordinal model of the ten ratings, boosted trees and a dense network over
        what the log and its tables say of reader, book, author, publisher, place and age, each
        feature computed without the row that it is used for; with the option stack both of them
        together. Chosen on validation rows: {alternatives.best}.
        Of the networks with dropout only those of the first rate stand here; the others are like
        them.
    """


def auc_of(compared: EvaluationSummary) -> dict[str, float]:
    """AUC by model."""
    return compared.tables["like"].values("auc")


def not_better(evaluation: BooksEvaluation) -> list[str]:
    """The published networks whose F1 is not above that of recommending everything."""
    return [e.name for e in NETWORKS if evaluation.f1[e.name].gain.verdict != "beats"]


def chanceless(evaluation: BooksEvaluation) -> list[str]:
    """The published networks whose interval of AUC holds one half, on known users."""
    table = evaluation.known_users.tables["like"]
    figures = {e.name: e.metrics["auc"] for e in table.entries}
    names = [e.name for e in NETWORKS if e.name in figures]
    return [name for name in names if not figures[name].low > 0.5]


def _conclusions(
    setup: BooksSetup, alternatives: AlternativeModels, evaluation: BooksEvaluation
) -> list[Conclusion]:
    best, table = alternatives.best, evaluation.known_users.tables["like"]
    baseline = table.best_trivial.name
    weak, at_chance = not_better(evaluation), chanceless(evaluation)
    beating = [
        e.name for e in table.entries if e.verdict == "beats" and e.name in compared_networks()
    ]
    better = [n for n in JACCARD if evaluation.f1[n].gain.verdict == "beats"]
    sentences = [
        f"{how_many(weak)} published networks {'is' if len(weak) == 1 else 'are'} no better than "
        "recommending everything, by F1 at the published cuts."
        if weak
        else "By F1 at the published cuts every published network is better than recommending "
        "everything.",
        "By the same measure "
        + (
            "Jaccard is not better either."
            if not better
            else f"{join_names(better)} {'are' if len(better) > 1 else 'is'} better."
        ),
        f"{number_word(len(at_chance)).capitalize()} of the networks cannot tell liked books from "
        "others at all: their order is no better than chance."
        if at_chance
        else "Every published network puts liked books before others more often than chance.",
        f"Of what may win, {best} was chosen on validation rows: the order of books is "
        f"{VERDICTS[verdict_on(best, evaluation.known_users)]} that by {baseline}, the best answer "
        "without a model.",
        (
            f"Of what was published, {join_names(beating)} "
            f"{'order' if len(beating) > 1 else 'orders'} books better than {baseline}."
            if beating
            else f"Nothing of what was published orders books better than {baseline}."
        ),
        _shop(evaluation.all_users, best),
    ]
    verdicts = [Conclusion("verdict", sentence) for sentence in sentences[:-1]]
    return [*verdicts, Conclusion("honest", sentences[-1]), *_calibration(setup, alternatives)]


def verdict_on(name: str, table: EvaluationSummary) -> Verdict | None:
    """One model's verdict by AUC against the best trivial answer."""
    return table.tables["like"][name].metrics["auc"].verdict


def _shop(all_users: EvaluationSummary, best: str) -> str:
    values = all_users.tables["like"].values("precision-at-recall@50")
    return (
        "A shop that must show half of what its readers would like shows "
        f"{values[best]:.0%} right books with {best} and {values[EVERYTHING]:.0%} at random."
    )


def _calibration(setup: BooksSetup, alternatives: AlternativeModels) -> list[Conclusion]:
    y = setup.liked(setup.test)
    ece = {n: ExpectedCalibrationError()(f.of("test"), y) for n, f in _stated(alternatives).items()}
    best = alternatives.best
    if best not in ece or not alternatives.predictions[best].probabilities:
        return []
    return [
        Conclusion(
            "honest",
            f"A chance stated by {best} is off by {100 * ece[best]:.1f} percentage points on "
            "average.",
        )
    ]


def _stated(alternatives: AlternativeModels) -> dict[str, ModelPredictions]:
    """Predictions of models that give probabilities, but for baselines."""
    return {
        name: predictions
        for name, predictions in alternatives.predictions.items()
        if predictions.probabilities and name not in alternatives.trivial
    }


def _charts(setup: BooksSetup, alternatives: AlternativeModels) -> tuple[Graph, ...]:
    """Whether the best models mean the chances that they state."""
    stated = _stated(alternatives)
    chosen = sorted(stated, key=lambda name: (name != alternatives.best, name))[:_DRAWN]
    if not chosen:
        return ()
    return (
        reliability(
            "Stated chances of a like and what happened, on all test rows.",
            {name: stated[name].of("test").clip(0, 1) for name in chosen},
            setup.liked(setup.test),
            half=False,
        ),
    )


def _f1_table(evaluation: BooksEvaluation) -> DataTable:
    names = compared_networks()
    f1s = {name: f for name, f in evaluation.f1.items() if name in names}
    frame = pl.DataFrame(
        {
            "published model": list(f1s),
            "F1": [f.f1 for f in f1s.values()],
            "over everything": [f.gain.value for f in f1s.values()],
            "over everything low": [f.gain.low for f in f1s.values()],
            "over everything high": [f.gain.high for f in f1s.values()],
            "against everything": [f.gain.verdict or "not judged" for f in f1s.values()],
        },
        infer_schema_length=None,
    )
    return DataTable(
        frame,
        "F1 on test rows at the published cuts, and what is gained over recommending everything, "
        "with intervals over users. Verdicts allow for the number of models.",
        {"F1": "fixed:4", "over everything": "signed:4", "against everything": "badge"},
    )


def _all_table(evaluation: BooksEvaluation) -> DataTable:
    """Everything on all test rows, in figures alone."""
    table = evaluation.all_users.tables["like"]
    columns = {"AUC": "auc", **_FURTHER}
    frame = pl.DataFrame(
        {"all test rows": [e.name for e in table.entries]}
        | {name: [e.metrics[m].value for e in table.entries] for name, m in columns.items()}
        | {
            "against trivial": [
                "trivial" if e.trivial else e.verdict or "not judged" for e in table.entries
            ]
        },
        infer_schema_length=None,
    )
    return DataTable(
        frame,
        f"All {evaluation.rows:,} test ratings, those of users without a training rating among "
        "them. F1 is at the threshold that is best on validation rows; verdicts go by AUC.",
        dict.fromkeys(columns, "fixed:4") | {"against trivial": "badge"},
    )


def _ungrouped(compared: EvaluationSummary) -> EvaluationSummary:
    """Without the list of who cannot be told apart, which so many models make too long."""
    tables = {task: replace(table, groups=()) for task, table in compared.tables.items()}
    return replace(compared, tables=tables)


def _renamed(compared: EvaluationSummary) -> EvaluationSummary:
    """The comparison with this study's names of trivial answers."""
    tables = {task: table.renamed(NAMES) for task, table in compared.tables.items()}
    return replace(compared, tables=tables)
