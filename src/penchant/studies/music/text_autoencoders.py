"""Autoencoders of summaries: convolutions, a recurrent layer, and one after the other."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.splits import TRAIN
from penchant.encoders.text.autoencoder import Reader, TextAutoencoder
from penchant.encoders.text.tokens import Tokeniser
from penchant.studies.music.setup import Found, Setup
from penchant.studies.study import Conclusion, DataTable, Section, lines

READERS: dict[Reader, str] = {
    "cnn": "convolutions",
    "rnn": "a recurrent layer",
    "cnn+rnn": "convolutions read by a recurrent layer",
}
_MOST = 20_000
_EPOCHS = 25
_EXAMPLES = 6


def texts(setup: Setup) -> Found:
    """Learn from training summaries and say those of other rows again."""
    sides = setup.published_split(setup.seed).sides
    summary = setup.log.events["summary"].fill_null("")
    rng = np.random.default_rng(setup.seed)
    learned = rng.permutation(np.flatnonzero((sides == TRAIN) & _has_words(summary)))[:_MOST]
    asked = np.flatnonzero((sides != TRAIN) & _has_words(summary))
    held, learned = np.split(learned, [len(learned) // 8])
    train, held_out, test = (summary.gather(rows) for rows in (learned, held, asked))
    new = ~test.is_in(pl.concat([train, held_out]).unique().implode())
    found: Found = {
        "learned": len(train),
        "asked": len(test),
        "new": int(new.sum()),
        "always the same": _always(train, test),
        "always the same, new": _always(train, test.filter(new)),
        "readers": {},
        "examples": [],
    }
    shown = test.filter(new).unique(maintain_order=True).head(_EXAMPLES)
    said: dict[str, list[str]] = {"summary": shown.to_list()}
    for reader, name in READERS.items():
        model = TextAutoencoder(
            reader=reader, epochs=1 if setup.quick else _EPOCHS, patience=4, seed=setup.seed
        ).fit(train, held_out, run=setup.run)
        found["readers"][name] = {
            "parameters": model.n_parameters(),
            "epochs": model.best_epoch_,
            "all": model.said_again(test),
            "new": model.said_again(test.filter(new)),
            "curve": [row["validation_loss"] for row in model.curve_],
        }
        said[name] = [" ".join(words) for words in model.say(model.encode(shown))]
    found["examples"] = said
    return found


def _has_words(summary: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return summary.str.contains(r"\p{L}").to_numpy()


def _always(train: pl.Series, test: pl.Series) -> float | None:
    """The share of words that are right if the most frequent one is said at each place."""
    shape = TextAutoencoder()
    words = Tokeniser(num_words=shape.words, unknown=True).fit(train)
    learned, asked = (
        words.encode(part).padded(shape.length, padding="post", truncating="post")
        for part in (train, test)
    )
    most = [np.bincount(place[place > 0], minlength=1).argmax() for place in learned.T]
    there = asked > 0
    return float((asked == np.array(most))[there].mean()) if there.any() else None


def section(found: Found) -> Section:
    """How much of a summary is left after a coding of 32 numbers."""
    readers = found["readers"]
    always, new = found["always the same"], found["always the same, new"]
    table = pl.DataFrame(
        {
            "read by": ["always the most frequent words", *readers],
            "parameters": [None, *(each["parameters"] for each in readers.values())],
            "epochs": [None, *(each["epochs"] for each in readers.values())],
            "words right": [always, *(each["all"] for each in readers.values())],
            "words right, new summaries": [new, *(each["new"] for each in readers.values())],
        },
        strict=False,
    )
    best = max(readers, key=lambda name: readers[name]["new"])
    return Section(
        title="Autoencoders of summaries",
        text=f"""
            What the autoencoder is for numbers, these are for texts: the first twenty words of a
            summary are read by convolutions, by a recurrent layer, or by one after the other,
            down to 32 numbers, from which the words at all places are said again. They learn from
            {found["learned"]:,} summaries and are asked for {found["asked"]:,} others, of which
            {found["new"]:,} are not among those learned from; most of the rest are “Five Stars”
            and the like.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"Of the words of new summaries {readers[best]['new']:.1%} stand where they stood "
                f"({best}), of all summaries {readers[best]['all']:.1%}; always saying the most "
                f"frequent word of each place has {_share(new)} and {_share(always)}.",
            ),
        ),
        charts=(
            lines(
                "Loss on validation summaries by epoch.",
                {name: each["curve"] for name, each in readers.items()},
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
                [DataTable(pl.DataFrame(found["examples"]), "New summaries, said again.")]
                if found["examples"]["summary"]
                else []
            ),
        ),
        steps=("texts",),
    )


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"
