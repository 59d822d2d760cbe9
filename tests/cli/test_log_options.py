"""Item tables, pictures and sentence vectors from the command line."""

from __future__ import annotations

import dataclasses
import json
import shlex

import numpy as np
import polars as pl
import pytest
from PIL import Image

from penchant.bundle import restore
from penchant.cli.log_options import ContentOptions, LogOptions, ReadOptions, TableOptions
from penchant.cli.reading_options import FileOptions, FilterOptions, MirrorOptions
from penchant.errors import DataError, ParameterError
from penchant.features.sentences import sentences_installed
from penchant.run import Run

installed = pytest.mark.skipif(
    not sentences_installed(), reason="the package with the network is not installed"
)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shop(tmp_path):
    """Ratings, a table and pictures of 24 things, of which 2 are new; two tastes."""
    rng = np.random.default_rng(0)
    red, blue = range(0, 22, 2), range(1, 22, 2)
    rows = [
        (f"u{user}", f"i{item}", int(rng.integers(4, 6)), 1_000_000_000 + 60 * n)
        for user in range(40)
        for n, item in enumerate(rng.permutation([red, blue][user % 2])[:7])
    ]
    log = pl.DataFrame(rows, ["user", "item", "rating", "time"], orient="row")
    log.write_csv(tmp_path / "ratings.csv")
    things = pl.DataFrame(
        {
            "id": [f"i{n}" for n in range(24)],
            "title": [f"{['Red', 'Blue'][n % 2]} thing {n}" for n in range(24)],
            "plot": [f"The tale {n} of {['a rose', 'the sea'][n % 2]}" for n in range(24)],
            "genre": [["Warm|Bright", "Cold|Bright"][n % 2] for n in range(24)],
        }
    )
    things.write_csv(tmp_path / "things.csv")
    people = pl.DataFrame({"user": [f"u{n}" for n in range(40)], "age": range(20, 60)})
    people.write_csv(tmp_path / "people.csv")
    (tmp_path / "pictures").mkdir()
    for n in range(24):
        tint = (230 - n, 20 + n, 20) if n % 2 == 0 else (20, 20 + n, 230 - n)
        Image.new("RGB", (24, 24), tint).save(tmp_path / "pictures" / f"i{n}.png")
    return tmp_path


@pytest.fixture
def words(shop):
    """LOG with all that is known of its things."""
    return (
        shop / "ratings.csv", "--items", shop / "things.csv", "--users", shop / "people.csv",
        "--pictures", shop / "pictures",
    )  # fmt: skip


def read(shop, **options):
    reading = ReadOptions(filters=FilterOptions(k_core=options.pop("k_core", None)))
    tables = TableOptions(items=options.pop("items", None), users=options.pop("users", None))
    log = LogOptions(source=str(shop / "ratings.csv"), reading=reading)
    return log.read(Run(), tables, ContentOptions(**options))


def test_tables_and_pictures_join_the_log(shop, notices):
    bare = read(shop)
    full = read(
        shop,
        items=str(shop / "things.csv"),
        users=str(shop / "people.csv"),
        pictures=shop / "pictures",
    )
    assert full.frame().equals(bare.frame())
    assert (bare.n_items, full.n_items) == (22, 24)
    assert full.item_table.columns == ["item", "title", "plot", "genre", "picture"]
    assert full.item_table["genre"][0].to_list() == ["Warm", "Bright"]
    assert full.user_table["age"].to_list() == [20 + int(u[1:]) for u in full.users.ids]
    told = notices()
    assert "things.csv: 22 of the log's 22 items and 2 new, known by 'id', with title" in told
    assert "24 of 24 items have a picture" in told


def test_only_items_that_stay_are_encoded(shop, notices):
    kept = read(shop, items=str(shop / "things.csv"), pictures=shop / "pictures", k_core="1,13")
    assert 2 < kept.n_items < 22
    assert f"{kept.n_items} of {kept.n_items} items have a picture" in notices()


@installed
def test_sentences(shop):
    log = read(shop, items=str(shop / "things.csv"), sentences=True)
    rows = log.item_table["sentences"].to_numpy()
    assert rows.shape == (24, 384)
    at = {item: n for n, item in enumerate(log.items.ids)}
    assert rows[at["i0"]] @ rows[at["i2"]] > rows[at["i0"]] @ rows[at["i3"]]


def test_models_are_compared_with_what_is_known_of_items(call, words, shop):
    result = call(
        "compare", *words, "-m", "content-ease", "-m", "ease", "--replicates", 20,
        "-o", shop / "report.html", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    (table,) = [t for task, t in facts["tables"].items() if task == "ranking"]
    assert {"content-ease", "ease", "popular"} <= {entry["model"] for entry in table["entries"]}
    assert shlex.split(facts["reproduce"])[-6:] == list(map(str, words[1:]))
    assert (shop / "report.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_a_log_with_vectors_is_explored(call, words, shop):
    facts = json.loads(call("explore", *words, "-o", shop / "page.html", "--json").stdout)
    (column,) = [c for c in facts["columns"] if c["column"] == "picture"]
    assert column["type"].startswith("Array")
    assert facts["summary"]["n_catalogue"] == 24


@pytest.mark.parametrize("model", ["content-ease", "gaussian-process", "hybrid:epochs=2,dim=4"])
def test_a_bundle_recommends_new_things_by_their_picture(call, words, shop, model):
    done = call("train", *words, "-m", model, "-o", shop / "bundle")
    assert done.exit_code == 0, done.stderr
    assert "picture" not in restore(shop / "bundle").item_table_.columns
    asked = ("recommend", shop / "bundle", "--user", "u0", "--candidates", "i22,i23")
    result = call(*asked, "--explain", "--json")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads(result.stdout)["lists"]
    scores = {place["item"]: place["score"] for place in found["items"]}
    assert set(scores) == {"i22", "i23"}
    assert {place["title"] for place in found["items"]} == {"Red thing 22", "Blue thing 23"}
    if model == "content-ease":
        assert scores["i22"] > scores["i23"]  # u0 likes what is red
        (other,) = json.loads(call(*asked[:3], "u1", *asked[4:], "--json").stdout)["lists"]
        assert other["items"][0]["item"] == "i23"


def test_a_bundle_that_learned_from_tables_goes_on_learning(call, words, shop):
    done = call("train", *words, "-m", "autorec:hidden=8,epochs=2", "-o", shop / "bundle")
    assert done.exit_code == 0, done.stderr
    (shop / "new.csv").write_text("user,item,rating\nu1,i22,5\nnobody,i3,4\n")
    done = call("update", shop / "bundle", shop / "new.csv", "-o", shop / "later")
    assert done.exit_code == 0, done.stderr
    assert restore(shop / "later").histories_of(["nobody"]).items.tolist() == [
        restore(shop / "later").items_.index("i3")
    ]


def test_tuning_names_the_same_log_to_go_on_with(call, words):
    done = call("tune", *words, "-m", "content-ease", "-s", "l2=10,100")
    assert done.exit_code == 0, done.stderr
    advice = next(line for line in done.stderr.splitlines() if line.startswith("Next: "))
    assert shlex.split(advice)[2:-2] == ["compare", *map(str, words)]


def test_tuning_names_the_same_split_and_metric_to_go_on_with(call, words):
    split = ("--split", "per-user", "--test", "0.2", "--seed", "5")
    done = call("tune", *words, *split, "-m", "ease", "-s", "l2=10,100", "--metric", "recall@5")
    assert done.exit_code == 0, done.stderr
    advice = next(line for line in done.stderr.splitlines() if line.startswith("Next: "))
    given = shlex.split(advice)[3:]
    assert given[: len(words)] == [*map(str, words)]
    assert given[len(words) : -4] == [*split]
    assert given[-4] == "-m"
    assert given[-2:] == ["--metric", "recall@5"]


def test_an_audit_takes_tables_of_a_log_alone(call, shop):
    tables = ("--items", shop / "things.csv")
    assert json.loads(call("audit", shop / "ratings.csv", *tables, "--json").stdout)
    files = ("--train", shop / "ratings.csv", "--test", shop / "ratings.csv")
    refused = call("audit", *files, *tables)
    assert refused.exit_code == 1
    assert "--items and --users are for a LOG" in refused.stderr


def test_commands_have_the_options_that_they_can_use(call):
    every = ("--items", "--users", "--pictures", "--sentences")
    has = {
        name: [option for option in every if f"{option} " in call(name, "--help").stdout]
        for name in (
            "compare", "train", "tune", "explore", "audit", "study", "similar", "images", "clean",
            "attributes", "update", "sentiment",
        )
    }  # fmt: skip
    assert {name for name in has if has[name] == list(every)} == {
        "compare", "train", "tune", "explore",
    }  # fmt: skip
    assert {name for name in has if has[name] == []} == {"update", "sentiment"}
    assert {tuple(found) for found in has.values()} == {every, every[:2], ()}


def test_tables_join_published_data_sets(mirror, shop):
    table = shop / "films.csv"
    table.write_text("movie_id,overview\n1,Toys live in a room\n99001,Toys live elsewhere\n")
    reading = ReadOptions(
        file=FileOptions(encoding="utf-8"), fetch=MirrorOptions(mirror=str(mirror), offline=True)
    )
    films = LogOptions(source="movielens-100k", reading=reading)
    log = films.read(Run(), TableOptions(items=str(table)))
    assert (len(log), log.n_items) == (100_000, 1683)
    assert log.item_table.filter(pl.col("overview").is_not_null())["item"].to_list() == [1, 99001]
    assert log.titles([0]) == ["Toy Story (1995)"]
    table.write_text("movie_id,title\n1,Toys\n")
    with pytest.raises(DataError, match="both have title: take out or rename"):
        films.read(Run(), TableOptions(items=str(table)))


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--items", "none.csv", "There is no file"),
        ("--items", "empty", "has no CSV, Parquet, JSON or other files of data that may be parts"),
        ("--items", "twice.csv", "has the item 'i1' more than once in the column 'id'"),
        ("--items", "foreign.csv", "none of its item ids, such as 'z8' in the column 'id'"),
        ("--users", "things.csv", "none of its user ids, such as 'i0' in the column 'id'"),
        ("--pictures", "nowhere", "The folder of images"),
        ("--pictures", "things.csv", "The folder of images"),
        ("--pictures", ".", "call the files <item id>.<ending>"),
        ("--sentences", None, "No item of 'ratings' has a text"),
    ],
)
def test_bad_input(call, shop, monkeypatch, option, value, sentence):
    monkeypatch.chdir(shop)
    (shop / "empty").mkdir()
    (shop / "twice.csv").write_text("id,title\ni1,a\ni1,b\n")
    (shop / "foreign.csv").write_text("id,title\nz8,a\nz9,b\n")
    refused = call("explore", "ratings.csv", option, *([] if value is None else [value]))
    assert refused.exit_code == 1
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("Error: ")]
    assert sentence in line


def test_a_broken_picture_stops_nothing(call, words, shop):
    (shop / "pictures" / "i3.png").write_bytes(b"")
    done = call("explore", *words)
    assert done.exit_code == 0
    assert "1 file could not be read, such as i3.png (" in done.stderr


def written_log(folder, rating):
    """A file of 20 users with 15 items each, and the rating that a function gives."""
    path = folder / "log.csv"
    rows = (f"u{user},i{item},{rating(user, item)}\n" for user in range(20) for item in range(15))
    path.write_text("user,item,rating\n" + "".join(rows))
    return path


@pytest.mark.parametrize("command", ["compare", "train", "explore"])
def test_doubtful_ratings_are_named_by_every_command(call, tmp_path, command):
    path = written_log(tmp_path, lambda u, i: -1 if (u + i) % 5 == 0 else 3 + (u * i) % 8)
    words = {
        "compare": ["-m", "popular", "--replicates", 20],
        "train": ["-m", "popular", "-o", tmp_path / "bundle", "--overwrite"],
        "explore": [],
    }[command]
    sentence = "ratings are -1, below all others (3 to 10)"
    assert call(command, path, *words).output.count(sentence) == 1
    assert sentence not in call(command, path, *words, "--min-rating", 3).output


def test_positive_ratings(call, tmp_path):
    path = written_log(tmp_path, lambda u, i: "like" if (u + i) % 3 else "dislike")
    run = Run()

    def read(wish, **filters):
        options = ReadOptions(filters=FilterOptions(positive=wish, **filters))
        return options.read(str(path), run)

    assert read(None).positive is None
    for wish in ("like", ">=1", ">0.5"):
        log = read(wish)
        assert log.positive is not None
        assert set(log.positives.ratings.tolist()) == {1.0}
    assert read("like", k_core="5").positive == 1
    result = call("compare", path, "-m", "ease", "--positive", "buy", "--replicates", 20)
    assert result.exit_code == 1
    assert "no rating is 'buy'; there are 'dislike', 'like'" in result.output
    result = call("compare", path, "-m", "ease", "--positive", "like", "--replicates", 20)
    assert result.exit_code == 0
    assert "--positive like" in result.output  # to run it again


@pytest.mark.mirror
def test_positive_ratings_of_a_published_log(mirror):
    options = ReadOptions(
        fetch=MirrorOptions(mirror=str(mirror)), filters=FilterOptions(positive=">3")
    )
    log = options.read("movielens-100k", Run())
    assert log.positives.ratings.min() == 4
    options = dataclasses.replace(options, filters=FilterOptions(positive="like"))
    with pytest.raises(ParameterError, match=r"are numbers from 1 to 5, not .like.: .*>=4"):
        options.read("movielens-100k", Run())
