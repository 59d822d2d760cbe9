"""`penchant sentiment`: classifiers of reviews' texts, compared with the majority class."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.command import command
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.log_options import LogOptions
from penchant.cli.run_context import Session
from penchant.errors import DataError

if TYPE_CHECKING:
    from penchant.encoders.sentiment.comparison import SentimentComparison

logger = logging.getLogger(__name__)

_USUAL = ("cnn", "tfidf", "ensemble")
_SHOWN = (
    "AUC", "over majority", "over tfidf", "AP of negatives", "accuracy", "F1",
    "F1 of negatives", "recall of negatives",
)  # fmt: skip


@command
def sentiment(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="cnn, tfidf, ngrams, bag, text-cnn, cnn-rnn, vectors, ensemble, ensemble-vectors "
            "or all; again for more. By default cnn, tfidf and ensemble.",
            show_default=False,
        ),
    ] = None,
    above: Annotated[
        float, typer.Option(help="A review is positive if its rating is higher.")
    ] = 3.0,
    splits: Annotated[int, typer.Option(min=1, help="Splits by user.")] = 5,
    test: Annotated[float, typer.Option(help="Share of users that judge.")] = 0.3,
    validation: Annotated[
        float, typer.Option(help="Share of the other users that say when a network stops.")
    ] = 0.1,
    replicates: Annotated[int, typer.Option(min=1, help="Bootstrap resamples of users.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    output: PagePath = None,
    log: LogOptions,
    session: Session,
) -> None:
    """Compare classifiers that tell from a review's text whether its rating is positive."""
    page = page_path(output)
    names = _names(model)

    from penchant.encoders import sentiment_classifier
    from penchant.encoders.sentiment.evaluation import evaluate_sentiment
    from penchant.features.sentiment import texts_of

    classifiers = {
        name: sentiment_classifier(name, positive_above=above, seed=seed) for name in names
    }
    data = log.read(session.run)
    texts = texts_of(data)
    if not data.has_ratings:
        raise DataError(f"The log {data.name!r} has no ratings to learn sentiment from.")
    evaluation = evaluate_sentiment(
        classifiers,
        texts,
        data.ratings.astype(float),
        data.events["user"].to_numpy(),
        splits=splits,
        test=test,
        validation=validation,
        replicates=replicates,
        seed=seed,
        run=session.run,
    )
    reproduce = session.reproduce_command(model=list(names))
    if session.json:
        session.reply(evaluation.to_dict() | {"log": data.name, "reproduce": reproduce})
    else:
        _show(session, evaluation)
    write_page(evaluation, page, name=data.name, again=reproduce)
    if not session.json:
        logger.info(f"Again: {reproduce}")


def _names(wishes: list[str] | None) -> tuple[str, ...]:
    """The classifiers asked for; the majority always takes part.

    Raises:
        ParameterError: there is no such classifier.
    """
    from penchant.encoders import CLASSIFIERS, classifier_class

    if wishes and "all" in wishes:
        return tuple(n for n in CLASSIFIERS if n != "majority" and "vectors" not in n)
    for wish in wishes or ():
        classifier_class(wish)
    return tuple(n for n in wishes or _USUAL if n != "majority")


def _show(session: Session, evaluation: SentimentComparison) -> None:
    """Print the table."""
    from rich.table import Table

    from penchant.results.formatting import fixed, signed

    session.console.print(evaluation.sentence())
    frame = evaluation.frame()
    columns = [c for c in _SHOWN if c in frame.columns]
    grid = Table(box=None, pad_edge=False)
    grid.add_column("classifier")
    for column in columns:
        grid.add_column(column, justify="right")
    for row in frame.iter_rows(named=True):
        cells = [row["classifier"]]
        for column in columns:
            value, write = row[column], signed if column.startswith("over ") else fixed
            if value is None or value != value:
                cells.append("–")
                continue
            ends = (row.get(f"{column} low"), row.get(f"{column} high"))
            spread = f" [{ends[0]:.3f}, {ends[1]:.3f}]" if ends[0] is not None else ""
            cells.append(write(value, 3) + spread)
        grid.add_row(*cells)
    session.console.print(grid)
