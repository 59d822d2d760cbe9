"""The study of movies on a made-up log whose figures are known."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from penchant.data.attributes import attribute_rows_sql, item_attributes
from penchant.data.attributes.binary import MOVIELENS
from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.reporting import report
from penchant.run import Run
from penchant.studies import find
from penchant.studies.movies import published
from penchant.studies.movies.autoencoder import AutoencoderResults
from penchant.studies.movies.one_user import (
    FirstUser,
    RbmTraining,
    UserScores,
    train_for_first_user,
)
from penchant.studies.movies.setup import (
    EVERYTHING,
    NETWORKS,
    MoviesSetup,
)
from penchant.studies.movies.shared_models import SHARED, TRIVIAL
from penchant.studies.study import EvaluationSummary, StudyRun
from support.study_sections import row_of, rows, section, sentences

N_USERS, N_ITEMS = 30, 70
OPTIONS = {"users": 8, "epochs": 2, "autoencoder_epochs": 3}


@pytest.fixture(scope="module")
def films():
    """53 ratings of the first user, 45 of them likes: 26 of the first 34 and all of the last 19.

    The other users like films of their own two genres, and each genre is had by some films.
    """
    rng = np.random.default_rng(3)
    genres = rng.random((N_ITEMS, len(MOVIELENS))) < 0.12
    genres[np.arange(N_ITEMS), np.arange(N_ITEMS) % len(MOVIELENS)] = True
    users, items, ratings = [np.full(53, 7)], [rng.permutation(N_ITEMS)[:53]], []
    ratings.append(np.concatenate([rng.permutation([5] * 10 + [4] * 16 + [3] * 8), [4] * 19]))
    for user in (u for u in range(N_USERS) if u != 7):
        seen = rng.permutation(N_ITEMS)[: rng.integers(15, 40)]
        mine = genres[seen][:, rng.permutation(len(MOVIELENS))[:2]].any(axis=1)
        users.append(np.full(len(seen), user))
        items.append(seen)
        ratings.append(np.where(mine, 4, 2) + rng.integers(0, 2, len(seen)))
    table = pl.DataFrame(
        {
            "item": np.arange(N_ITEMS),
            "title": [f"Film {n}" for n in range(N_ITEMS)],
            "genres": [[MOVIELENS[g] for g in np.flatnonzero(row)] for row in genres],
        }
    )
    frame = pl.DataFrame(
        {
            "user": np.concatenate(users),
            "item": np.concatenate(items),
            "rating": np.concatenate(ratings).astype(np.float32),
        }
    ).with_columns(
        # Not in the order of the file, as in MovieLens.
        time=pl.lit(np.datetime64("2000-01-01"))
        + pl.duration(hours=pl.Series(rng.permutation(sum(map(len, users)))))
    )
    return Dataset.from_frame(frame, item_table=table, name="films", scale=(1, 5))


@pytest.fixture(scope="module")
def setup(films):
    return MoviesSetup(
        log=films, seed=0, run=Run(), users=6, epochs=2, autoencoder_epochs=2, quick=True
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def result(films, kept):
    return find("movies").run(films, **OPTIONS, run=StudyRun(output=kept))


# As published


def test_likes_everything_has_the_published_accuracy(result):
    table, _ = section(result, "As published")["tables"]
    everything = row_of(table, EVERYTHING)
    assert everything["accuracy"] == pytest.approx(45 / 53)
    assert everything["right"] == "45 of 53"
    assert everything["AUC"] == 0.5
    assert everything["F1"] == pytest.approx(2 * 45 / (2 * 45 + 8))
    assert row_of(table, "LSTM")["published accuracy"] == 0.8491
    assert row_of(table, "autoencoder")["published time"] == 123
    assert {*NETWORKS, "RBM", "autoencoder"} < {row["recommender"] for row in rows(table)}


def test_training_and_test_rows_are_told_apart(result):
    (table,) = section(result, "The same, training")["tables"]
    everything = row_of(table, EVERYTHING)
    assert everything["first 34 (trained on)"] == pytest.approx(26 / 34)
    assert everything["last 19 (test)"] == 1
    said = " ".join(f["sentence"] for f in section(result, "The same, training")["conclusions"])
    assert "All 19 test ratings are likes" in said
    assert "26 of the 34" in said
    for row in rows(table):
        parts = 34 * row["first 34 (trained on)"] + 19 * row["last 19 (test)"]
        assert parts == pytest.approx(53 * row["all 53"])


def sections(log, ratings, *, same_data=False):
    """The sections on the first user, for whom networks like everything and the RBM nothing."""
    n = len(ratings)
    scores = {m: UserScores([1.0] * n, 0.5, 1.0) for m in NETWORKS}
    scores["RBM"] = UserScores([0.0] * n, 4.0, 1.0)
    rbm = RbmTraining(30, 70, 0, [0.03], 0.02, 100)
    first_user = FirstUser(7, (ratings >= 4).tolist(), 34, scores, rbm)
    compared = EvaluationSummary({})
    scored = UserScores([4.0] * n, 4.0, 1.0)
    autoencoder = AutoencoderResults(24, 70, 1.0, [1.0], [1.0], scored, compared)
    setup = MoviesSetup(
        log=log,
        seed=0,
        run=Run(),
        users=6,
        epochs=2,
        autoencoder_epochs=2,
        same_data=same_data,
    )
    return published.sections(setup, first_user, autoencoder, WEIGHTS)


WEIGHTS = {
    "LSTM": 60_601,
    "modified LSTM": 3845,
    "modified LSTM (as printed)": 3845,
    "GRU": 45_601,
}


def test_a_test_part_with_both_classes_is_not_called_empty(films):
    ratings = films.ratings[films.events["user"].to_numpy() == 7].copy()
    ratings[-1] = 1
    as_published, parts = sections(films, ratings)
    words = " ".join(c.sentence for c in parts.conclusions)
    assert "not even defined" not in words
    assert "18 of the 19" in words
    (by_part,) = parts.tables
    assert by_part.frame.row(-1)[1:] == pytest.approx((26 / 34, 18 / 19, 44 / 53, 53, 44 / 53))
    table = as_published.tables[0]
    assert table.frame["accuracy"].to_list()[-2:] == pytest.approx([9 / 53, 44 / 53])


def test_published_figures_are_compared_on_the_published_log_alone(films):
    ratings = films.ratings[films.events["user"].to_numpy() == 7]
    other, _ = sections(films, ratings)
    assert len(other.tables) == 2
    beside = dict(other.tables[0].frame.select("recommender", "beside published").iter_rows())
    assert beside["LSTM"] == "other data"
    assert beside["GRU"] == ""
    same, _ = sections(films, ratings, same_data=True)
    table, claims, _ = same.tables
    assert dict(table.frame.select("recommender", "beside published").iter_rows())["LSTM"] == "same"
    assert claims.frame["published for"].to_list() == list(published.PUBLISHED)
    first = claims.frame.row(0, named=True)
    assert (first["best trivial answer"], first["the claim is"]) == ("always-yes", "no better")
    assert first["its accuracy"] == pytest.approx(45 / 53)


def test_sizes_are_those_of_the_published_networks(films):
    sizes = sections(films, films.ratings[films.events["user"].to_numpy() == 7])[0].tables[-1].frame
    # Embedding, recurrent layer, output: 200·50 + 4·100·(50 + 100 + 1) + 101, and with 18 units
    # 100·50 + 3·18·(50 + 18 + 1) + 19.
    assert sizes["weights"].to_list() == [70_501, 8745, 8745, 55_501]
    assert sizes["weights that learn"].to_list() == list(WEIGHTS.values())


def test_networks_train_on_the_first_part_alone(setup, films):
    found = train_for_first_user(setup)
    assert (len(found.liked), sum(found.liked), found.n_train) == (53, 45, 34)
    late = np.flatnonzero(films.events["user"].to_numpy() == 7)[34:]
    ratings = films.ratings.copy()
    ratings[late] = 1
    turned = dataclasses.replace(films, events=films.events.with_columns(rating=pl.Series(ratings)))
    other = train_for_first_user(dataclasses.replace(setup, log=turned))
    for name in NETWORKS:
        assert np.array_equal(found.scores[name].scores, other.scores[name].scores)
    assert not np.array_equal(found.liked, other.liked)


# Rows, sample and judging


def test_the_honest_table_has_everyone_on_the_same_rows(result):
    part = section(result, "Honestly")
    _, order = part["tables"]
    names = {row["recommender"] for row in rows(order)}
    assert {*NETWORKS, *SHARED, *TRIVIAL, EVERYTHING, "RBM from zero weights"} < names
    decisions, ordered, everyone = (c["tables"]["like"] for c in part["comparisons"])
    assert decisions["rows"] == ordered["rows"] < everyone["rows"]
    assert decisions["users"] == 8
    trivial = {e["model"] for e in decisions["entries"] if e["trivial"]}
    assert trivial == {EVERYTHING, *TRIVIAL}
    share = next(e for e in decisions["entries"] if e["model"] == EVERYTHING)
    assert any(f"{100 * share['figures']['like-accuracy']['value']:.1f}" in t for t in part["text"])


# Traps


def test_zero_weights_leave_one_hidden_unit(result):
    part = section(result, "The RBM")
    _, table, _ = part["tables"]
    assert row_of(table, "RBM from zero weights")["hidden units that differ"] == "1 of 30"
    assert row_of(table, "RBM from random weights")["hidden units that differ"] == "30 of 30"
    assert row_of(table, "popular")["shared with Popular"] == 1
    assert 0 <= row_of(table, "EASE")["shared with Popular"] < 1


def test_errors_of_the_rbm_stand_beside_those_printed(result):
    errors, _, listed = section(result, "The RBM")["tables"]
    here = [row["here"] for row in rows(errors)]
    assert [row["printed"] for row in rows(errors)][:2] == [0.02712, 0.02183]
    assert all(a > b for a, b in pairwise(here))
    assert {row["beside printed"] for row in rows(errors)} == {"other data", ""}
    assert "on other data" in sentences(section(result, "The RBM"))
    ratings = [row["reconstructed rating"] for row in rows(listed)]
    assert len(ratings) == 10
    assert ratings == sorted(ratings, reverse=True)
    assert all(row["film"].startswith("Film ") and row["genres"] for row in rows(listed))


def test_zeros_are_judged_by_the_loss_of_the_autoencoder(result, films):
    (chart,) = section(result, "The autoencoder")["charts"]
    (zeros,) = chart["levels"].values()
    others = [u for u in range(30) if u != 7]
    tested = np.random.default_rng(0).permutation(others)[:6]
    squares = films.ratings[np.isin(films.events["user"].to_numpy(), tested)] ** 2
    assert zeros == pytest.approx(squares.sum() / (6 * films.n_items))
    assert len(chart["series"][1]["y"]) == 3
    (unseen,) = section(result, "The autoencoder")["comparisons"]
    trivial = {e["model"] for e in unseen["tables"]["rating"]["entries"] if e["trivial"]}
    assert trivial == {"zero", "mean of all", "the user's mean", "biases"}


# Recommendations, SQL and the whole


def test_networks_are_updated_and_recalled(result):
    part = section(result, "Recommendations")
    *lists, states = part["tables"]
    assert [row["ratings"] for row in rows(states)] == [34, 53, 34, 53]
    first, updated, recalled, _ = rows(states)
    same = ("likes", "dislikes", "mean chance", "right")
    assert [first[c] for c in same] == [recalled[c] for c in same]
    assert first["mean chance"] != updated["mean chance"]
    assert all(row["likes"] + row["dislikes"] == 70 - 53 for row in rows(states))
    assert any("exactly the chances" in f["sentence"] for f in part["conclusions"])
    assert len(lists) >= 2
    for table in lists:
        assert len(table["rows"]) == 5
        assert all(row["why"] and row["genres"] for row in rows(table))


def test_sql_gives_the_same_rows(result, films):
    part = section(result, "The preparation")
    (conclusion,) = part["conclusions"]
    assert f"the {len(films):,} rows that" in conclusion["sentence"]
    assert conclusion["sentence"].endswith("the same in every one.")
    (table,) = part["tables"]
    assert rows(table)[1]["likes"] == int((films.ratings >= 4).sum())
    (code,) = part["code"]
    assert code["text"] == attribute_rows_sql(item_attributes(films).names)


def test_all_users_have_networks_of_their_own(result, films):
    part = section(result, f"A network of their own for each of {N_USERS} users")
    times, accuracy, order = part["tables"]
    assert rows(times)[1]["published"] == 74 * N_USERS
    assert {row["recommender"] for row in rows(order)} == {
        "modified LSTM",
        "the user's own majority",
        "item mean",
    }
    assert row_of(order, "the user's own majority")["AUC within users"] == 0.5
    (chart,) = part["charts"]
    assert sum(chart["series"][0]["y"]) <= N_USERS
    assert 0 < row_of(accuracy, EVERYTHING)["accuracy"] < 1


def test_the_first_screen_is_of_all_users_where_these_have_networks(result):
    words = " ".join(result.opening.sentences.values())
    assert f"all {N_USERS} users" in words or "the networks of all users are right in" in words


def test_reasons_of_networks_are_measured(result):
    part = section(result, "Whether reasons are true")
    (table,) = part["tables"]
    by_kind = {}
    for row in rows(table):
        by_kind.setdefault(row["network"], []).append(row["chance falls by"])
    assert by_kind  # of networks whose reasons name a genre
    for named, most_liked, others in by_kind.values():
        assert named >= most_liked - 1e-6
        assert named >= others - 1e-6


def test_the_page_tells_all_levels(result, tmp_path):
    assert {f.level for f in result.conclusions()} == {"as published", "honest", "trap", "verdict"}
    assert len(result.conclusions("verdict")) == 4
    assert result.opening.faults == []
    page = report(result, tmp_path / "movies.html").read_text()
    assert "45 of 53" in page
    assert "Film-Noir" in page


def test_it_continues_where_it_was(result, films, kept):
    again = find("movies").run(films, **OPTIONS, run=StudyRun(output=kept))
    assert len(again.reused_steps) == len(again.steps) == 14
    first, second = result.to_dict()["sections"], again.to_dict()["sections"]
    for part in (*first, *second):
        del part["reused"]
    assert str(first) == str(second)  # as texts, for a missing number is not itself


def test_a_log_without_genres_is_refused_at_once(films):
    bare = dataclasses.replace(films, item_table=None)
    with pytest.raises(DataError, match="no item table"):
        find("movies").run(bare, quick=True)
