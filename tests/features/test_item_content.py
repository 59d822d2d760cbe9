from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.features import item_content
from penchant.features.item_content import ItemContent, item_texts, with_vectors

N = 8
PLOTS = [
    "a ship sinks in a storm",
    "a storm destroys a ship at sea",
    "a wedding feast in the village",
    "the village prepares a feast",
    "a storm ends the wedding feast",
    "the ship returns to the village",
    None,
    "",
]


def log_of(table=None, events=None, **options):
    if events is None:
        events = pl.DataFrame({"user": [1, 1, 2, 2, 3, 3], "item": range(6)})
    return Dataset.from_frame(events, item_table=table, name="films", **options)


@pytest.fixture(scope="module")
def table():
    return pl.DataFrame(
        {
            "item": range(N),
            "kind": ["a", "b", "a", "b", None, "a", "b", "once"],
            "tags": [["x"], ["x", "y"], ["y"], [], ["x"], None, ["y"], ["x"]],
            "year": [1.0, 2.0, 3.0, 4.0, None, 5.0, 6.0, 7.0],
            "plot": PLOTS,
            "image": [f"https://example.org/{n} a b c.jpg" for n in range(N)],
        }
    )


def test_labels_are_zeros_and_ones_of_what_at_least_two_items_have(table):
    labels = ItemContent.of(log_of(table), ("labels",)).blocks["labels"]
    assert labels.dtype == np.float32
    # a, b; x, y
    assert labels.tolist() == [
        [1, 0, 1, 0],
        [0, 1, 1, 1],
        [1, 0, 0, 1],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [1, 0, 0, 0],
        [0, 1, 0, 1],
        [0, 0, 1, 0],
    ]


def test_only_frequent_labels_take_part(table, monkeypatch):
    monkeypatch.setattr(item_content, "_MOST_LABELS", 1)
    labels = ItemContent.of(log_of(table), ("labels",)).blocks["labels"]
    assert labels.sum(axis=0).tolist() == [3, 4]  # a, as often as b and before it, and x


def test_numbers_lie_in_one_interval_each(table):
    numbers = ItemContent.of(log_of(table), ("numbers",), bins=2).blocks["numbers"]
    assert numbers.tolist() == [[1, 0]] * 3 + [[0, 1], [0, 0]] + [[0, 1]] * 3


def test_texts_are_unit_vectors_whose_cosines_say_what_is_alike(table):
    text = ItemContent.of(log_of(table), ("text",), dim=3).blocks["text"]
    assert text.shape == (N, 3)
    lengths = np.linalg.norm(text, axis=1)
    np.testing.assert_allclose(lengths[:6], 1, atol=1e-5)
    assert (text[6:] == 0).all()
    alike = text @ text.T
    assert alike[0, 1] > alike[0, 2]
    assert alike[2, 3] > alike[1, 3]


def test_texts_are_fitted_to_items_with_events(table):
    """What is written of new items changes no vector of others."""
    changed = table.with_columns(
        plot=pl.when(pl.col("item") == 7).then(pl.lit("storm ship feast")).otherwise("plot")
    )
    one, two = (
        ItemContent.of(log_of(t), ("text",), dim=3).blocks["text"] for t in (table, changed)
    )
    np.testing.assert_array_equal(one[:6], two[:6])
    assert (one[7] == 0).all()
    assert np.linalg.norm(two[7]) == pytest.approx(1, abs=1e-5)


def test_which_columns_are_text(table):
    texts = item_texts(log_of(table)).to_list()
    assert texts == [plot or "" for plot in PLOTS]  # neither kinds nor addresses
    more = table.with_columns(title=pl.format("Film number {}", "item"))
    assert item_texts(log_of(more))[0] == "a ship sinks in a storm Film number 0"
    assert item_texts(log_of()).to_list() == [""] * 6


def test_reviews_are_part_of_the_text_where_asked_for():
    events = pl.DataFrame(
        {
            "user": [1, 2, 3, 1],
            "item": [0, 0, 1, 2],
            "summary": ["good", None, "bad", "so so"],
            "text": ["loud music", "nice voice", None, ""],
        }
    )
    table = pl.DataFrame({"item": range(4), "title": [f"Some record {n}" for n in range(4)]})
    log = log_of(table, events)
    assert item_texts(log)[0] == "Some record 0"
    found = item_texts(log, reviews=True).to_list()
    assert found[0] == "Some record 0 good loud music  nice voice"
    assert [text.split() for text in found[1:]] == [
        ["Some", "record", "1", "bad"],
        ["Some", "record", "2", "so", "so"],
        ["Some", "record", "3"],
    ]
    alone = replace(log, item_table=None)
    assert item_texts(alone, reviews=True)[1].split() == ["bad"]


def test_reviews_are_documents_where_items_are_few():
    titles = pl.DataFrame({"item": ["x", "y", "z"], "title": ["red hat", "warm hat", "red sock"]})
    words = ["soft", "tight", "cheap", "pretty", "loose", "sturdy"]
    texts = [f"{a} {b} hat" for a in words for b in words]
    events = pl.DataFrame(
        {"user": range(36), "item": ["x", "y", "z"] * 12, "rating": [3.0] * 36, "text": texts}
    )
    log = Dataset.from_frame(events, item_table=titles)
    alone = ItemContent.of(Dataset.from_frame(events.drop("text"), item_table=titles), ("text",))
    assert alone.blocks["text"].shape[1] < 3
    few = ItemContent.of(log, ("text",), dim=5).blocks["text"]
    assert few.shape == (3, 5)
    # What the vectors say is still the titles' alone.
    other = log.events.with_columns(item=pl.Series([0, 1, 2] * 12).shuffle(seed=1).cast(pl.Int32))
    again = ItemContent.of(replace(log, events=other), ("text",), dim=5).blocks["text"]
    assert np.allclose(few, again, atol=1e-6)


def test_vectors_are_divided_by_their_mean_length_and_missing_ones_are_zeros():
    rng = np.random.default_rng(0)
    pictures, sounds = rng.normal(size=(6, 4)) * 50, rng.normal(size=(6, 2))
    pictures[2] = 0
    log = with_vectors(with_vectors(log_of(), "picture", pictures), "sound", sounds)
    log = with_vectors(log, "nothing", np.zeros((6, 3)))
    content = ItemContent.of(log, ("vectors",))
    assert list(content.blocks) == ["vectors picture", "vectors sound"]
    found = content.together()
    assert found.shape == (6, 6)
    shown = [0, 1, 3, 4, 5]
    mean = np.linalg.norm(pictures[shown], axis=1).mean()
    np.testing.assert_allclose(found[:, :4], pictures / mean, rtol=1e-5)
    assert (found[2, :4] == 0).all()
    assert np.linalg.norm(found[:, 4:], axis=1).mean() == pytest.approx(1, rel=1e-5)


def test_null_and_not_finite_vectors_are_zeros():
    log = with_vectors(log_of(), "picture", np.ones((6, 2)))
    column = pl.Series(
        "picture",
        [[1.0, 1.0], None, [float("nan"), 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]],
        dtype=pl.Array(pl.Float32, 2),
    )
    log = replace(log, item_table=log.item_table.with_columns(column))
    found = ItemContent.of(log, ("vectors",)).blocks["vectors picture"]
    assert np.isfinite(found).all()
    assert (found[1] == 0).all()
    assert found[2, 0] == 0 < found[2, 1]


def test_blocks_side_by_side_each_with_its_weight(table):
    content = ItemContent.of(with_vectors(log_of(table), "picture", np.eye(N)), dim=2, bins=2)
    assert list(content.blocks) == ["labels", "numbers", "text", "vectors picture"]
    found = content.together({"labels": 2, "vectors": 0})
    assert found.dtype == np.float32
    wanted = [2 * content.blocks["labels"], content.blocks["numbers"], content.blocks["text"]]
    np.testing.assert_array_equal(found, np.hstack(wanted))
    one = content.together({"vectors": 0, "vectors picture": 3, "labels": 0, "numbers": 0})
    wanted = [content.blocks["text"], 3 * content.blocks["vectors picture"]]
    np.testing.assert_array_equal(one, np.hstack(wanted))
    nothing = content.together(dict.fromkeys(("labels", "numbers", "text", "vectors"), 0))
    assert nothing.shape == (N, 0)
    np.testing.assert_array_equal(content.together(), np.hstack(list(content.blocks.values())))


def test_a_log_that_says_nothing_is_refused(table):
    with pytest.raises(DataError, match="'films' says nothing of its items under text, vectors"):
        ItemContent.of(log_of(table.drop("plot")), ("text", "vectors"))
    with pytest.raises(DataError, match="give an item table"):
        ItemContent.of(log_of())


def test_vectors_for_another_number_of_items_are_refused(table):
    log = log_of(table)
    with pytest.raises(
        DataError, match=r"picture needs a vector for each of the 8 items.*\(7, 2\)"
    ):
        with_vectors(log, "picture", np.ones((7, 2)))
    with pytest.raises(DataError, match="needs a vector"):
        with_vectors(log, "picture", np.ones(8))


def test_adding_vectors_leaves_the_log_alone(table):
    log = log_of(table)
    further = with_vectors(log, "picture", np.arange(16.0).reshape(8, 2))
    assert log.item_table.columns == table.columns
    assert further.item_table.columns == [*table.columns, "picture"]
    assert further.item_table["picture"][3].to_list() == [6.0, 7.0]
    assert further.events.equals(log.events)
