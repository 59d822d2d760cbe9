"""Train autoencoders of summaries: convolutions, a recurrent layer, and one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data import TRAIN
from penchant.encoders.text import Reader, TextAutoencoder, Tokeniser
from penchant.studies.music.setup import MusicSetup
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.typing import Bool

READERS: dict[Reader, str] = {
    "cnn": "convolutions",
    "rnn": "a recurrent layer",
    "cnn+rnn": "convolutions read by a recurrent layer",
}
_MOST, _ASKED = 6_000, 20_000  # summaries learned from, and asked for, at most
_EPOCHS = 25
_EXAMPLES = 6


@dataclass(frozen=True)
class ReaderResult:
    """An autoencoder with one kind of encoder.

    Attributes:
        parameters: how many numbers were learned.
        epochs: of training.
        accuracy: the share of words of test summaries that are right in their places.
        accuracy_new: the same, of summaries not among those learned from.
        curve: validation loss by epoch.
    """

    parameters: int
    epochs: int
    accuracy: float
    accuracy_new: float
    curve: list[float]


@dataclass(frozen=True)
class TextAutoencoders:
    """Autoencoders of summaries.

    Attributes:
        train: summaries learned from.
        test: other summaries.
        new: of these, how many are not among those learned from.
        most_frequent: the accuracy of the most frequent word of each place.
        most_frequent_new: the same, of new summaries.
        readers: by kind of encoder.
        examples: new summaries and their reconstructions, by column.
    """

    train: int
    test: int
    new: int
    most_frequent: float | None
    most_frequent_new: float | None
    readers: dict[str, ReaderResult]
    examples: dict[str, list[str]]


def train_text_autoencoders(setup: MusicSetup) -> TextAutoencoders:
    """Learn from training summaries and reconstruct those of other rows."""
    sides = setup.published_split(setup.seed).sides
    summary = setup.log.events["summary"].fill_null("")
    rng = np.random.default_rng(setup.seed)
    rows = rng.permutation(np.flatnonzero((sides == TRAIN) & _has_words(summary)))[:_MOST]
    test_rows = rng.permutation(np.flatnonzero((sides != TRAIN) & _has_words(summary)))[:_ASKED]
    validation_rows, train_rows = np.split(rows, [len(rows) // 8])
    train, validation, test = (
        summary.gather(part) for part in (train_rows, validation_rows, test_rows)
    )
    new = test.filter(~test.is_in(pl.concat([train, validation]).unique().implode()))
    shown = new.unique(maintain_order=True).head(_EXAMPLES)
    examples: dict[str, list[str]] = {"summary": shown.to_list()}
    readers = {}
    for reader, name in READERS.items():
        model = TextAutoencoder(
            reader=reader, epochs=1 if setup.quick else _EPOCHS, patience=4, seed=setup.seed
        ).fit(train, validation, run=setup.run)
        readers[name] = ReaderResult(
            parameters=model.n_parameters(),
            epochs=model.best_epoch_,
            accuracy=model.said_again(test),
            accuracy_new=model.said_again(new),
            curve=[row["validation_loss"] for row in model.curve_],
        )
        examples[name] = [" ".join(words) for words in model.say(model.encode(shown))]
    return TextAutoencoders(
        train=len(train),
        test=len(test),
        new=len(new),
        most_frequent=_most_frequent_accuracy(train, test),
        most_frequent_new=_most_frequent_accuracy(train, new),
        readers=readers,
        examples=examples,
    )


def _has_words(summary: pl.Series) -> Bool:
    return summary.str.contains(r"\p{L}").to_numpy()


def _most_frequent_accuracy(train: pl.Series, test: pl.Series) -> float | None:
    """The share of words that are right if the most frequent one is said at each place."""
    shape = TextAutoencoder()
    words = Tokeniser(num_words=shape.words, unknown=True).fit(train)
    train_words, test_words = (
        words.encode(part).padded(shape.length, padding="post", truncating="post")
        for part in (train, test)
    )
    most = [np.bincount(place[place > 0], minlength=1).argmax() for place in train_words.T]
    filled = test_words > 0
    return float((test_words == np.array(most))[filled].mean()) if filled.any() else None


def section(autoencoders: TextAutoencoders) -> Section:
    """How much of a summary is left after a coding of 32 numbers."""
    readers = autoencoders.readers
    always, new = autoencoders.most_frequent, autoencoders.most_frequent_new
    table = pl.DataFrame(
        {
            "read by": ["always the most frequent words", *readers],
            "parameters": [None, *(each.parameters for each in readers.values())],
            "epochs": [None, *(each.epochs for each in readers.values())],
            "words right": [always, *(each.accuracy for each in readers.values())],
            "words right, new summaries": [new, *(each.accuracy_new for each in readers.values())],
        },
        strict=False,
    )
    best = max(readers, key=lambda name: readers[name].accuracy_new)
    return Section(
        title="Autoencoders of summaries",
        text=f"""
            What the autoencoder is for numbers, these are for texts: the first twenty words of a
            summary are read by convolutions, by a recurrent layer, or by one after the other,
            down to 32 numbers, from which the words at all places are said again. They learn from
            {autoencoders.train:,} summaries and are asked for {autoencoders.test:,} others, of
            which {autoencoders.new:,} are not among those learned from; most of the rest are “Five
            Stars” and the like.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"By “{best}” {readers[best].accuracy_new:.0%} of the words of new summaries "
                "are said again in their places; the most frequent word of each place is right "
                f"for {_share(new)}.",
            ),
        ),
        charts=(
            lines(
                "Loss on validation summaries by epoch.",
                {name: each.curve for name, each in readers.items()},
                y="log-loss of a word",
            ),
        ),
        tables=(
            DataTable(
                table,
                "Words of other summaries that are said again in their places.",
                {"words right": "percent", "words right, new summaries": "percent"},
            ),
            *(
                [DataTable(pl.DataFrame(autoencoders.examples), "New summaries, said again.")]
                if autoencoders.examples["summary"]
                else []
            ),
        ),
        steps=("texts",),
    )


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"
