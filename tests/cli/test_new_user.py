"""Someone new who says more than what they like: ratings and dislikes."""

from __future__ import annotations

import json

import polars as pl
import pytest

from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.models import EASE, AttributeNetwork, PerUserNetwork
from penchant.testing import planted_attributes

N = 24  # films of each genre


@pytest.fixture(scope="module")
def genres():
    """Films 1 to 24 are comedies, 101 to 124 horror; half of the users like each."""
    items = [*range(1, N + 1), *range(101, 101 + N)]
    table = pl.DataFrame(
        {
            "item": items,
            "title": [f"{'Comedy' if i < 100 else 'Horror'} {i} (1990)" for i in items],
            "genres": [["Comedy" if i < 100 else "Horror"] for i in items],
        }
    )
    # A user has every film but one in four of each genre.
    frame = pl.DataFrame(
        [
            (user, item, 5.0 if (item < 100) == (user < 20) else 1.0)
            for user in range(40)
            for item in items
            if (user + item) % 4
        ],
        schema=["user", "item", "rating"],
        orient="row",
    )
    return Dataset.from_frame(frame, item_table=table, name="genres", scale=(1, 5))


@pytest.fixture(scope="module")
def bundles(genres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    models = {
        "ease": EASE(l2=5),
        "attribute-network": AttributeNetwork(epochs=10, batch_size=32),
        "per-user": PerUserNetwork(cell="lstm", hidden=8, dim=8, epochs=80, learning_rate=0.03),
    }
    return {name: save(model.fit(genres), folder / name) for name, model in models.items()}


def items_for(call, *words):
    result = call(*words, "--json")
    assert result.exit_code == 0, result.stderr
    (answer,) = json.loads(result.stdout)["lists"]
    return [place["item"] for place in answer["items"]]


@pytest.mark.parametrize("name", ["attribute-network", "per-user"])
@pytest.mark.parametrize("likes_comedy", [True, False])
def test_ratings_and_dislikes_decide_what_someone_new_gets(call, bundles, name, likes_comedy):
    comedy, horror = ("1,2,3", "101,102,103") if likes_comedy else ("101,102,103", "1,2,3")
    expected = set(range(1, N + 1)) if likes_comedy else set(range(101, 101 + N))
    by_dislikes = items_for(
        call, "recommend", bundles[name], "--items", comedy, "--disliked", horror, "-k", 5
    )
    assert set(by_dislikes) <= expected
    ratings = [w for i in comedy.split(",") for w in ("--rated", f"{i}=5")]
    ratings += [w for i in horror.split(",") for w in ("--rated", f"{i}=1")]
    assert items_for(call, "recommend", bundles[name], *ratings, "-k", 5) == by_dislikes


def test_a_disliked_item_is_no_like_of_models_of_interactions(call, bundles):
    words = ("recommend", bundles["ease"], "-k", 5)
    liked = items_for(call, *words, "--items", "1,2")
    result = call(*words, "--items", "1,2", "--disliked", "101,102,103,104,105,106", "--json")
    (answer,) = json.loads(result.stdout)["lists"]
    assert [place["item"] for place in answer["items"]] == liked
    assert "EASE learns from which items somebody had: those rated 4 or higher count" in (
        result.stderr
    )
    only_dislikes = call(*words, "--disliked", "101,102", "--json")
    (answer,) = json.loads(only_dislikes.stdout)["lists"]
    assert all(place["fallback"] for place in answer["items"])  # nothing is known to be liked


def test_titles_files_and_what_stands_above_the_list(call, bundles, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("movie,stars\n1,5\n2,4.5\nHorror 103,1\n")
    shown = call(
        *("recommend", bundles["per-user"], "--rated", f"@{path}", "--rated", "Comedy 4=3"),
        *("--like-title", "comedy 5", "--dislike-title", "Horror 101", "--explain"),
    )
    assert shown.exit_code == 0, shown.stderr
    assert (
        "For someone who likes Comedy 5 (1990) and rated Comedy 1 (1990) with 5, Comedy 2 (1990) "
        "with 4.5, Horror 103 (1990) with 1, Comedy 4 (1990) with 3 and dislikes Horror 101 (1990)"
    ) in " ".join(shown.stdout.split())
    assert "3 of 4" in shown.stdout  # the comedies liked, one rated 3 among those not
    likes = call("likes", bundles["per-user"], "--rated", f"@{path}", "-k", 2)
    assert likes.exit_code == 0, likes.stderr
    assert "rated Comedy 1 (1990) with 5" in likes.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rated", "1"), "'1' must be written ITEM=RATING, such as 'Heat=5'"),
        (("--rated", "1=good"), "must be written ITEM=RATING"),
        (("--rated", "=4"), "must be written ITEM=RATING"),
        (("--rated", "1=nan"), "must be written ITEM=RATING"),
        (("--rated", "1=9"), "The rating 9 of Comedy 1 (1990) is not on the log's scale, which"),
        (("--rated", "Casablanca=5"), "No title fits 'Casablanca'"),
        (("--rated", "1=4", "--rated", "Comedy 1=5"), "'Comedy 1' is rated twice: 4 and 5"),
        (
            ("--items", "1,2", "--disliked", "2"),
            "Say once only what someone new thinks of Comedy 2",
        ),
        (("--disliked", "777"), "None of the items disliked is known: '777'"),
        (("--rated", "@none.csv"), "There is no file 'none.csv'"),
        (("--user", "1", "--disliked", "2"), "use one or the other"),
    ],
)
def test_impossible_wishes(call, bundles, options, words):
    result = call("recommend", bundles["attribute-network"], *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_of_something_else(call, bundles, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("1,5\n2\n")
    result = call("recommend", bundles["ease"], "--rated", f"@{path}")
    assert "mine.csv, line 2: '2' is no item with a rating" in result.stderr


def test_a_log_without_ratings_knows_no_dislikes(call, tmp_path):
    log = planted_attributes()
    plain = Dataset.from_frame(log.frame().select("user", "item"), name="plain")
    folder = save(EASE(l2=10).fit(plain), tmp_path / "ease")
    result = call("recommend", folder, "--items", "1", "--disliked", "2")
    assert result.exit_code == 1
    assert "The log 'plain' has no ratings" in result.stderr
    assert "leave others out with --exclude" in result.stderr
    assert items_for(call, "recommend", folder, "--items", "1")
