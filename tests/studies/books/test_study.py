"""The study of books on a made-up folder in Book-Crossing's form."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.reporting import report
from penchant.run import Run
from penchant.studies import find
from penchant.studies.books import (
    embedding_chain,
    networks,
    published,
    published_tables,
    training,
)
from penchant.studies.books.networks import JACCARD, NETWORKS, NetworkPredictions
from penchant.studies.books.plan import usual_seconds
from penchant.studies.books.setup import (
    EVERYTHING,
    BooksSetup,
    draw_readers,
    is_published,
    predict_parts,
)
from penchant.studies.books.training import PublishedModels
from penchant.studies.study import Steps, StudyRun
from support.study_sections import row_of, rows, section, sentences

PLAIN, ADJUSTED = JACCARD


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def result(books, kept):
    return find("books").run(books, epochs=2, seeds=1, run=StudyRun(output=kept, threads=1))


# The data


def test_the_data_are_counted_and_called_a_part(result, books):
    part = section(result, "The data")
    shapes, shares, unknown, *_ = part["tables"]
    assert row_of(shapes, "ratings from 1 to 10")["here"] == len(books)
    assert row_of(shapes, "ratings from 1 to 10")["published"] == 433_671
    assert row_of(shapes, "of these 0, no rating")["here"] == 50
    assert row_of(shapes, "records of books")["here"] == 59
    likes = float((books.ratings >= 8).mean())
    assert row_of(shares, "share of likes")["here"] == pytest.approx(likes)
    everything = row_of(shares, "F1 of recommending everything")
    assert everything["here"] == pytest.approx(2 * likes / (1 + likes))
    assert everything["published set"] == pytest.approx(0.7311, abs=5e-5)
    assert row_of(unknown, "rated books that the catalogue lacks")["number"] == 1
    assert row_of(unknown, "different places that users name")["number"] == 28
    assert row_of(unknown, "users who give no age that can be one")["number"] == 30
    assert "no figure is called better or worse than one of theirs" in sentences(part)
    assert "Not all rated books are known" in sentences(part)
    stars, ages = part["charts"]
    assert stars["series"][1]["y"] == pytest.approx(
        np.bincount(books.ratings.astype(int), minlength=11)[1:] / len(books)
    )
    assert sum(ages["series"][0]["y"]) == 120


def test_a_log_without_tables_is_shown_without_them(books):
    bare = Dataset.from_frame(books.frame(), name="bare", scale=(1, 10))
    from penchant.studies.books import data as books_data

    part = books_data.section(BooksSetup(log=bare, seed=13, run=Run()))
    assert len(part.charts) == 1
    assert "Without a catalogue" in " ".join(f.sentence for f in part.conclusions)


@pytest.mark.parametrize("scale", [(1, 5), None])
def test_other_scales_are_refused(books, scale):
    frame = books.frame().with_columns(pl.col("rating") / 2) if scale else books.frame()
    frame = frame if scale else frame.drop("rating")
    log = Dataset.from_frame(frame, name="other", scale=scale)
    with pytest.raises(DataError, match="needs ratings from 1 to 10, and the log 'other'"):
        find("books").run(log)


# As published


def test_everything_stands_beside_all_that_was_published(result, setup):
    results, jaccard, simple, every, learned = section(result, "As published")["tables"]
    names = [row["contender"] for row in rows(results)]
    assert names == [EVERYTHING, *published_tables.CONTENDERS]
    assert [row["network"] for row in rows(every)] == [each.name for each in NETWORKS]
    likes = setup.liked(setup.test).mean()
    everything = row_of(results, EVERYTHING)
    assert everything["F1"] == pytest.approx(2 * likes / (1 + likes))
    f1s = {row["contender"]: row["published F1"] for row in rows(results)}
    assert (f1s["nmf"], f1s["nmf_adjusted"], f1s["a2b"]) == (0.602, 0.743, None)
    assert (f1s["dropout-original"], f1s["dropout-adjusted"]) == (0.550, 0.7329)
    assert f1s["dropout-binary"] == 0.7329
    assert [row["published"] for row in rows(jaccard)] == [
        0.602,
        0.602,
        0.6035,
        0.738,
        0.743,
        0.6366,
    ]
    assert [row["published F1"] for row in rows(simple)] == [0.366, 0.420, 0.599, 0.675, 0.503]
    assert row_of(learned, "all")["published"] == 263_782
    assert row_of(learned, "all")["here"] == 151 + 61 + 2
    for row in rows(every):
        if row["recommended"] == 1:
            assert row["F1 test"] == pytest.approx(everything["F1"])
        if row["recommended"] == 0:
            assert row["F1 test"] == 0
    verdicts = [
        row["against published"]
        for table in (results, jaccard, simple, learned)
        for row in rows(table)
    ]
    assert set(verdicts) == {"", "other data", "same"}
    assert row_of(learned, "linear unit")["against published"] == "same"


def test_networks_are_trained_as_published(setup):
    full = BooksSetup(log=setup.log, seed=13, run=Run())
    models = {each.name: each.model(full) for each in NETWORKS}
    simple, short = models["simple MSE (original)"], models["simple MAE (adjusted)"]
    assert (simple.dim, simple.biases, simple.batch_size, simple.epochs) == (1, False, 32, 5)
    assert (short.epochs, short.loss, str(short.target)) == (3, "mae", "adjusted(5,1)")
    dropout = models["dropout .97 (binary)"]
    assert (dropout.batch_size, dropout.epochs, dropout.patience) == (128, 25, 3)
    assert (dropout.min_delta, dropout.dropout, dropout.is_logistic) == (0.01, 0.97, True)
    network = simple.network(77_805, 185_973, by_rows=False, generator=_generator())
    assert network.n_weights() == 263_782
    assert len(models) == len(NETWORKS) == len({each.step for each in NETWORKS})


def _generator():
    import torch

    return torch.Generator().manual_seed(0)


def test_simple_networks_keep_their_last_epoch_and_others_their_best(setup):
    simple = NETWORKS[0].fit(setup)
    assert "validation_loss" not in simple.curve_[0]
    assert simple.best_epoch_ == len(simple.curve_)
    layers = next(each for each in NETWORKS if each.kind == "layers").fit(setup)
    losses = [row["validation_loss"] for row in layers.curve_]
    assert layers.best_epoch_ == 1 + int(np.argmin(losses))


def test_published_predictions_do_not_know_validation_rows(setup):
    from penchant.models import make

    model = make("user-mean").fit(setup.split.train)
    found = predict_parts(model, setup)
    assert found.of() == pytest.approx(model.predict(setup.published_test.rows), abs=1e-5)
    known = setup.published_test.histories
    assert known.n_events < setup.test.histories.n_events
    assert np.array_equal(setup.published_test.source_rows, setup.test.source_rows)
    assert not np.allclose(found.of("test"), found.of())


def test_embeddings_go_from_network_to_network_where_asked(books, tmp_path):
    shared = BooksSetup(
        log=books, seed=13, run=Run(threads=1), epochs=2, shared_embeddings=True, quick=True
    )
    steps = Steps("books", books, version=1, run=StudyRun(output=tmp_path))
    chained = training.train_chain(steps, shared, NETWORKS[:3])
    own = [each.fit(shared) for each in NETWORKS[:2]]
    second = NETWORKS[1].fit(shared, own[0])
    name = NETWORKS[1].name
    expected = second.predict(shared.validation.rows)
    assert chained[name].of("validation") == pytest.approx(expected, abs=1e-5)
    assert not np.allclose(expected, own[1].predict(shared.validation.rows))
    assert training.step_names(shared)[:2] == ("jaccard", f"shared-{NETWORKS[0].step}")
    assert embedding_chain.train_shared(Steps("books", books, version=1), shared) is None
    assert not list(tmp_path.rglob("*.bundle"))


@pytest.mark.parametrize("lost", [False, True])
def test_an_interrupted_chain_goes_on_where_it_was(books, tmp_path, monkeypatch, lost):
    shared = BooksSetup(
        log=books, seed=13, run=Run(threads=1), epochs=2, shared_embeddings=True, quick=True
    )
    whole = training.train_chain(Steps("books", books, version=1), shared, NETWORKS[:3])

    def interrupt(network, setup, start=None):
        if network is NETWORKS[2]:
            raise KeyboardInterrupt
        return fit(network, setup, start)

    fit = networks.Network.fit
    run = StudyRun(output=tmp_path)
    first = Steps("books", books, version=1, run=run)
    monkeypatch.setattr(networks.Network, "fit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        training.train_chain(first, shared, NETWORKS[:3])
    trained = []
    monkeypatch.setattr(
        networks.Network, "fit", lambda n, s, start=None: trained.append(n) or fit(n, s, start)
    )
    (kept,) = [path for path in tmp_path.rglob("*.bundle") if NETWORKS[1].step in path.name]
    if lost:
        shutil.rmtree(kept)
    steps = Steps("books", books, version=1, run=run)
    again = training.train_chain(steps, shared, NETWORKS[:3])
    # What is lost is trained again: the one before it is kept.
    assert [n.name for n in trained] == [n.name for n in NETWORKS[1 if lost else 2 : 3]]
    assert [step.reused for step in steps.taken] == [True, True, False]
    for name, predictions in whole.items():
        assert again[name].of("validation") == pytest.approx(predictions.of("validation"), abs=1e-6)


def test_so_many_networks_in_words():
    names = [each.name for each in NETWORKS]
    assert networks.how_many(names) == f"All {len(names)}"
    assert networks.how_many(names[:2]) == f"2 of the {len(names)}"


def only(network, predictions):
    curve = networks.TrainingCurve([], [])
    made = NetworkPredictions([], [], list(predictions), False, 1.0, 1, curve, 1)
    return PublishedModels({}, {network.name: made})


def test_predictions_are_constant_by_their_own_scale():
    spread = np.linspace(0.5, 0.55, 1000)  # a twentieth of a star
    chances = [each for each in NETWORKS if each.target == "binary"]
    for each in NETWORKS:
        width = published_tables.spread(each, only(each, spread))
        assert width == pytest.approx(0.049 / (1 if each in chances else 9), abs=1e-4)
    few = [7.0] * 995 + [1.0] * 5  # so few rows make no difference
    assert published_tables.spread(NETWORKS[0], only(NETWORKS[0], few)) == 0


def test_networks_that_were_cut_short_are_told(setup):
    full = BooksSetup(log=setup.log, seed=13, run=Run(), epochs=3)
    for losses, short in (([3, 2, 1], True), ([3, 2, 1.995], False), ([3, 2], False)):
        assert published._is_cut_short(networks.TrainingCurve([], losses), full) == short


def test_a_chain_stands_beside_networks_that_are_alone(result):
    part = section(result, "One pair of embeddings")
    first, *later = rows(part["tables"][0])
    assert first["F1 alone"] == first["F1 in the chain"]
    assert first["AUC alone"] == first["AUC in the chain"]
    assert len(later) == 5
    assert any(row["AUC alone"] != row["AUC in the chain"] for row in later)
    assert "Of five networks" in sentences(part)


# The whole


def test_the_page_and_what_is_kept(result, books, kept, tmp_path):
    run = StudyRun(output=kept, threads=1)
    again = find("books").run(books, epochs=2, seeds=1, run=run)
    assert set(again.reused_steps) == {step.name for step in again.steps}
    assert [s["conclusions"] for s in again.to_dict()["sections"]] == [
        s["conclusions"] for s in result.to_dict()["sections"]
    ]
    assert result.opening.faults == []
    page = report(result, tmp_path / "books.html").read_text()
    assert "with an F1 score of .7329" in page
    assert json.loads(result.to_json())["seed"] == 13
    titles = [s["title"] for s in result.to_dict()["sections"]]
    assert titles[:2] == ["The data", "As published"]
    assert len(titles) == 8


def test_the_plan_has_all_steps_in_their_order(result, books):
    setup = BooksSetup(log=books, seed=13, run=Run(), seeds=1)
    assert list(usual_seconds(setup)) == [step.name for step in result.steps]


def test_users_and_books_without_ratings_take_no_part_in_networks(books):
    users, items = books.users.ids, books.items.ids
    more = Dataset.from_frame(
        books.frame().select("user", "item", "rating"),
        user_table=pl.DataFrame({"user": [*users, 9_999_999]}),
        item_table=pl.DataFrame({"item": [*items, "0000000000"]}),
        name="more",
        scale=(1, 10),
    )
    setup = BooksSetup(log=more, seed=13, run=Run())
    assert (more.n_users, setup.rated.n_users) == (len(users) + 1, len(users))
    assert (more.n_items, setup.split.train.n_items) == (len(items) + 1, len(items))
    assert BooksSetup(log=books, seed=13, run=Run()).rated is books
    assert not is_published(more)


def test_some_readers_are_drawn_with_all_that_they_rated(books):
    some = draw_readers(books, 100, seed=1)
    assert (some.n_users, (some.user_counts > 0).sum()) == (100, 100)
    assert (some.item_counts > 0).all()
    expected = books.frame().filter(pl.col("user").is_in(some.users.ids.implode()))
    columns = ["user", "item", "rating", "row"]
    assert some.frame().select(columns).equals(expected.select(columns))
    assert some.name == f"{books.name}, 100 readers"
    assert some.fingerprint == draw_readers(books, 100, seed=1).fingerprint
    assert some.fingerprint != draw_readers(books, 100, seed=2).fingerprint
    assert draw_readers(books, 150, seed=1) is books


def test_published_scores_are_claims_where_the_data_are_the_same(setup):
    assert published.check_claims(setup) == []
    said = published.check_claims(dataclasses.replace(setup, same_data=True))
    liked = float(setup.liked(setup.test).mean())
    everything = 2 * liked / (1 + liked)
    for sentence, family, value in zip(
        said, ("Jaccard", "networks"), (".7430", ".7329"), strict=True
    ):
        assert sentence.startswith(f"Best published of {family}, on the whole set: f1 {value} is ")
        assert f"always-yes {'has ' if '; always-yes' in sentence else '('}" in sentence
        assert f"{everything:.4f}".lstrip("0") in sentence


def test_models_are_counted_from_where_they_were(setup):
    cuts = {name: cut for name, (cut, _) in published.published_cuts(setup).items()}
    assert cuts[ADJUSTED] == cuts[PLAIN] == 8
    assert cuts["simple BCE (binary)"] == 0.5
    assert set(cuts) == {*JACCARD, *(each.name for each in NETWORKS)}
