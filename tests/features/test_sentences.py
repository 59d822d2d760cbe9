from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.encoders.text import sentence_vectors as text_vectors
from penchant.encoders.text.sentence_vectors import SentenceVectors
from penchant.errors import DataError, MissingExtraError
from penchant.features import sentences
from penchant.features.sentences import sentences_installed, with_sentences

TEXTS = [
    "A ship sinks in a storm far from the shore",
    "Sailors drown when a gale destroys their boat",
    "A wedding feast in a small village",
    None,
    "The bride dances at the marriage party",
]
installed = pytest.mark.skipif(
    not sentences_installed(), reason="the package with the network is not installed"
)


class Reader(SentenceVectors):
    """The network itself, or numbers in its place, counting what it is asked."""

    def __init__(self, made_up: bool = False) -> None:
        super().__init__()
        self.made_up, self.asked = made_up, 0

    def encode(self, texts, run=None):
        self.asked += len(texts)
        if self.made_up:
            return np.array([[len(text)] * self.width for text in texts], np.float32)
        return super().encode(texts, run)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def reader(monkeypatch):
    made = Reader(made_up=True)
    monkeypatch.setattr(text_vectors, "SENTENCE_VECTORS", made)
    return made


def log_of(texts=TEXTS, **columns):
    table = pl.DataFrame({"item": range(len(texts)), "plot": texts, **columns})
    return Dataset.from_frame(pl.DataFrame({"user": [1], "item": [0]}), item_table=table, name="x")


def vectors(log):
    return log.item_table["sentences"].to_numpy()


@installed
def test_texts_of_one_meaning_are_alike(notices):
    rows = vectors(with_sentences(log_of()))
    assert rows.shape == (5, 384)
    assert not rows[3].any()
    np.testing.assert_allclose(np.linalg.norm(rows[[0, 1, 2, 4]], axis=1), 1, atol=1e-2)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2
    assert rows[2] @ rows[4] > rows[1] @ rows[4] + 0.2
    assert notices() == "x: 4 of 5 items have a text that was read.\n"


def test_a_text_is_read_once(reader, monkeypatch):
    monkeypatch.setattr(sentences, "_CHUNK", 2)
    log = log_of([*TEXTS[:3], TEXTS[0], *TEXTS[3:]])
    rows = vectors(with_sentences(log))
    assert reader.asked == 4  # one stands twice, one is missing
    assert rows[:, 0].tolist() == [len(text or "") for text in log.item_table["plot"]]
    assert (vectors(with_sentences(log)) == rows).all()
    assert reader.asked == 4
    with_sentences(log_of([*TEXTS, "A new text that nobody knows"]))
    assert reader.asked == 5


def test_what_was_read_before_an_interruption_is_kept(reader, monkeypatch):
    monkeypatch.setattr(sentences, "_CHUNK", 2)
    calls = iter([True, False])

    def breaks_off(self, texts, run=None):
        if not next(calls):
            raise KeyboardInterrupt
        return np.ones((len(texts), self.width), np.float32)

    with monkeypatch.context() as patch:
        patch.setattr(Reader, "encode", breaks_off)
        with pytest.raises(KeyboardInterrupt):
            with_sentences(log_of())
    with_sentences(log_of())
    assert reader.asked == 2


def test_a_log_without_texts():
    bare = Dataset.from_frame(pl.DataFrame({"user": [1], "item": [0]}), name="bare")
    for log in (bare, log_of([None, "", "word"])):
        with pytest.raises(DataError, match="has a text: give an item table"):
            with_sentences(log)


def test_a_column_of_that_name_is_not_lost(reader):
    with pytest.raises(DataError, match="has a column 'sentences' already"):
        with_sentences(log_of(sentences=[1, 2, 3, 4, 5]))
    assert reader.asked == 0


def test_a_missing_extra_is_named(monkeypatch):
    def missing(module, extra):
        raise MissingExtraError(f"{module} {extra}")

    monkeypatch.setattr(text_vectors, "SENTENCE_VECTORS", SentenceVectors())
    monkeypatch.setattr(text_vectors, "require", missing)
    with pytest.raises(MissingExtraError, match="text"):
        with_sentences(log_of())
    monkeypatch.setattr(sentences, "find_spec", lambda package: None)
    assert not sentences_installed()
