from __future__ import annotations

import json

import polars as pl
import pytest

from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.models import EASE, make
from support.list_files import READERS


def test_users_of_the_log(call, bundle, tiny):
    first, second = tiny.users[0], tiny.users[1]
    result = call("recommend", bundle, "--user", first, "-u", second, "-k", 3)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("For user") == 2
    assert "The (19" in result.stdout


def test_reasons(call, bundle, tiny):
    words = ("recommend", bundle, "--user", tiny.users[0], "-k", 2, "--explain")
    assert "because" in call(*words).stdout
    (answer,) = json.loads(call(*words, "--json").stdout)["lists"]
    assert answer["user"] == tiny.users[0]
    assert [place["rank"] for place in answer["items"]] == [1, 2]
    assert answer["items"][0]["reasons"]


def test_someone_new_by_ids_and_by_titles(call, bundle, tiny):
    ids = [tiny.items[0], tiny.items[2]]
    by_ids = call("recommend", bundle, "--items", f"{ids[0]}, {ids[1]}", "--json")
    titles = [w for i in ids for w in ("--like-title", f"The Film {i}")]
    by_titles = call("recommend", bundle, *titles, "--json")
    assert json.loads(by_ids.stdout) == json.loads(by_titles.stdout)
    (answer,) = json.loads(by_ids.stdout)["lists"]
    assert answer["user"] is None
    assert not {place["item"] for place in answer["items"]} & set(ids)
    shown = call("recommend", bundle, *titles, "--explain").stdout
    assert f"For someone who likes Film {ids[0]}, The" in shown


@pytest.mark.parametrize("explain", [(), ("--explain",)])
@pytest.mark.parametrize("new", [True, False])
def test_candidates(call, bundle, tiny, explain, new):
    who = ("--items", tiny.items[0]) if new else ("--user", tiny.users[0])
    chosen = {tiny.items[n] for n in range(1, 20)}
    listed = ",".join(map(str, chosen))
    result = call("recommend", bundle, *who, "--candidates", listed, *explain, "--json")
    (answer,) = json.loads(result.stdout)["lists"]
    assert {place["item"] for place in answer["items"]} <= chosen
    assert all(("because" in place) == bool(explain) for place in answer["items"])


@pytest.mark.parametrize("ending", READERS)
def test_all_users_to_a_file(call, bundle, tiny, tmp_path, ending):
    path = tmp_path / "out" / f"lists.{ending}"
    result = call("recommend", bundle, "-k", 2, "--explain", "-o", path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{tiny.n_users} of {tiny.n_users} users have a list, with ")
    frame = READERS[ending](path)
    assert frame["user"].n_unique() == tiny.n_users
    assert {"user", "item", "title", "rank", "score", "because"} <= set(frame.columns)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Say for whom"),
        (("--user", "nobody"), "does not know the user nobody (the ids are integers from 1 to "),
        (("--user", "99999"), "; for someone new give what they like with --items"),
        (("--items", "99999"), "None of the items liked is known: '99999'"),
        (("--like-title", "Casablanca"), "No title fits 'Casablanca'"),
        (("--like-title", "Film"), "20 titles fit 'Film'"),
        (("--user", "1", "--items", "2"), "use one or the other"),
        (("-o", "lists.ods"), "must be one of .csv"),
        (("--user", "1", "--candidates", "x"), "None of the candidates is known: 'x'"),
        (("--user", "1", "--candidates", ""), "--candidates gives no id"),
        (("--user", "1", "--exclude", "x,y"), "None of the items to exclude is known: 'x', 'y'"),
        (("--user", "1", "--exclude", "@no.csv"), "There is no file 'no.csv'"),
        (("-u", "1", "--candidates", "2,3", "--exclude", "3,2"), "leaves no item to choose from"),
    ],
)
def test_impossible_wishes(call, bundle, options, words):
    result = call("recommend", bundle, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_no_bundle(call, tmp_path):
    result = call("recommend", tmp_path, "--user", 1)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def games(tmp_path_factory):
    """A bundle of a log without titles, whose ids have commas and look like options."""
    had = {"a": ["Gold, V", "Dota"], "b": ["Gold, V", "@x"], "d": ["Dota", "Gold, V", "@x", "-1"]}
    rows = [(user, item) for user, items in had.items() for item in items]
    log = Dataset.from_frame(pl.DataFrame(rows, ["user", "item"], orient="row"))
    return save(EASE(l2=1.0).fit(log), tmp_path_factory.mktemp("bundles") / "games")


@pytest.mark.parametrize("command", [(), ("--explain",)])
def test_someone_new_for_a_log_without_titles(call, games, command):
    result = call("recommend", games, "--items", '"Gold, V",-1', *command)
    assert result.exit_code == 0, result.stderr
    assert "For someone who likes Gold, V, -1" in result.stdout
    assert "Dota" in result.stdout
    words = ("recommend", games, "--like-title", "Gold")
    assert "give ids with --items" in call(*words).stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("-u", "d"),
            "User d: all 4 items are in the history (repeats='allowed' or --repeats allowed lists "
            "them again).",
        ),
        (("-u", "d", "--explain"), "User d: all 4 items are in the history ("),
        (
            ("-u", "a", "--candidates", "Dota"),
            "User a: the one item to choose from is in the history (",
        ),
        (
            ("-u", "a", "--exclude", "@x", "--exclude=-1"),
            "User a: all 2 items to choose from are in",
        ),
        (
            ("-u", "a", "-u", "b", "-u", "d", "--candidates", "Gold, V"),
            "3 users without a list (a, b, d): the one item",
        ),
        (("--items", "Dota", "--candidates", "Dota"), "Someone with this history: the one item to"),
    ],
)
def test_who_has_had_everything_is_named(call, games, options, words):
    result = call("recommend", games, *options)
    assert result.exit_code == 0, result.stderr
    assert words in result.stderr
    assert "For" not in result.stdout
    lists = json.loads(call("recommend", games, *options, "--json").stdout)["lists"]
    assert lists
    assert all(one["items"] == [] for one in lists)
    assert all(one["reason"] in result.stderr for one in lists)
    assert result.stderr.count("in the history") == 1
    again = call("recommend", games, *options, "--repeats", "allowed")
    assert again.stdout.count("For ") == len(lists)
    assert "in the history" not in again.stderr


def test_users_that_a_file_lacks_are_named(call, games, tmp_path):
    path = tmp_path / "lists.csv"
    result = call("recommend", games, "-o", path)
    assert set(pl.read_csv(path)["user"]) == {"a", "b"}
    assert "User d: all 4 items are in the history" in result.stderr


@pytest.mark.parametrize(
    "content",
    [
        "Gold, V\n@x\n",
        '\ufeffitem\n"Gold, V"\n\n@x',
        'item_id,stock\r\n"Gold, V",0\r\n@x,3\r\n',
        "Gold, V\t1\n@x\t2\n",
        '@x;1\n"Gold, V";2\nnew;3\n',
    ],
)
@pytest.mark.parametrize("standard_input", [False, True])
def test_ids_in_a_file(call, games, tmp_path, content, standard_input):
    path = tmp_path / "stock.csv"
    path.write_bytes(content.encode())
    name = "@-" if standard_input else f"@{path}"
    options = {"input": content} if standard_input else {}
    words = ("recommend", games, "-u", "b", "--repeats", "allowed", "--json")
    excluded = call(*words, "--exclude", name, **options)
    (answer,) = json.loads(excluded.stdout)["lists"]
    assert {place["item"] for place in answer["items"]} == {"Dota", "-1"}
    (answer,) = json.loads(call(*words, "--candidates", name, **options).stdout)["lists"]
    assert {place["item"] for place in answer["items"]} == {"Gold, V", "@x"}
    unknown = "1 of the 3 items to exclude is not known and passed over: 'new'."
    assert (unknown in excluded.stderr) == ("new" in content)


def test_a_file_that_is_no_list_of_ids(call, games, tmp_path):
    path = tmp_path / "stock.csv"
    path.write_text('"' + "x" * 200_000)
    result = call("recommend", games, "-u", "a", "--exclude", f"@{path}")
    assert result.exit_code == 1
    assert "is no list of ids (field larger than" in result.stderr
    path.write_bytes(b"PK\x03\x04")
    result = call("recommend", games, "-u", "a", "--exclude", f"@{path}")
    assert "unpack" in result.stderr or "spreadsheet" in result.stderr


def test_an_empty_file_excludes_nothing(call, games, tmp_path):
    path = tmp_path / "sold out.txt"
    path.touch()
    result = call("recommend", games, "-u", "a", "--exclude", f"@{path}")
    assert result.exit_code == 0, result.stderr
    assert "@x" in result.stdout


def test_ids_that_are_integers_in_a_file(call, bundle, tiny, tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("sku\n3.0\n 4 \nnone\n")
    words = ("recommend", bundle, "-u", tiny.users[0], "--repeats", "allowed", "--json")
    result = call(*words, "--candidates", f"@{path}")
    (answer,) = json.loads(result.stdout)["lists"]
    assert {place["item"] for place in answer["items"]} == {3, 4}
    assert "1 of the 3 candidates is not known and passed over: 'none'" in result.stderr


def test_ids_like_an_unknown_one_are_named(call, tmp_path):
    users = [f"user{n}" for n in range(30)]
    log = Dataset.from_frame(pl.DataFrame({"user": users, "item": ["x", "y"] * 15}))
    bundle = save(EASE(l2=1.0).fit(log), tmp_path / "bundle")
    result = call("recommend", bundle, "-u", "USER7")
    assert result.exit_code == 1
    assert "does not know the user 'USER7' (known and like it: 'user7'" in result.stderr
    assert "history" not in result.stderr
    assert "(its ids are such as 'user0')" in call("recommend", bundle, "-u", "Zoë").stderr


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A bundle of a log in which u1 and u2 go on alike, and u3 has nothing in common with them."""
    had = {"u1": "xyz", "u2": "xyw", "u3": "v", "u4": "xy"}
    rows = [(user, item) for user, items in had.items() for item in items]
    log = Dataset.from_frame(pl.DataFrame(rows, ["user", "item"], orient="row"))
    return save(make("item-knn:shrinkage=0").fit(log), tmp_path_factory.mktemp("bundles") / "shop")


def test_who_gets_what_is_popular_is_told_and_marked(call, shop, tmp_path):
    result = call("recommend", shop, "-u", "u1", "-u", "u3", "-u", "u4", "-k", 3)
    assert (
        "1 of 3 users has no history that the model can use and gets what is popular; 2 of 3 "
        in (result.stderr)
    )
    assert result.stdout.count("popular") == 5
    nobody = call("recommend", shop, "--items", "", "--explain")
    assert "The user has no history that the model can use and gets what is popular." in (
        nobody.stderr
    )
    assert "For someone new" in nobody.stdout
    assert "popular: 3 of 4 users had it (your history is empty)" in nobody.stdout
    words = ("recommend", shop, "-u", "u4", "-k", 3)
    (answer,) = json.loads(call(*words, "--json").stdout)["lists"]
    assert [(p["item"], p["fallback"], p["score"] is None) for p in answer["items"][-1:]] == [
        ("v", True, True)
    ]
    assert not answer["items"][0]["fallback"]
    for ending, reader in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        for why in ((), ("--explain",)):
            path = tmp_path / f"lists.{ending}"
            call("recommend", shop, "-o", path, *why)
            frame = reader(path)
            assert frame["fallback"].any()
            assert frame["score"].is_null().equals(frame["fallback"])


def test_a_table_and_a_page_of_what_it_holds(call, bundle, tiny, tmp_path):
    url, page = f"sqlite:///{tmp_path}/shop.db?table=tonight", tmp_path / "pages" / "lists.html"
    result = call("recommend", bundle, "-k", 3, "-o", url, "--summary", page, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["n_lists"] == tiny.n_users
    assert answer["n_rows"] == 3 * tiny.n_users
    assert answer["destination"].endswith("shop.db, table tonight")
    text = page.read_text()
    assert answer["most_shown"][0]["title"] in text
    assert "Lists for everybody" in text
    again = call("recommend", bundle, "-k", 3, "-o", url, "--explain")
    assert again.exit_code == 1
    assert "has the columns user, item" in again.stderr
    assert call("recommend", bundle, "-o", url, "--explain", "--overwrite").exit_code == 0
    for words in (
        ("-u", tiny.users[0]),
        ("--group", f"{tiny.users[0]},{tiny.users[1]}", "-o", "l.csv"),
    ):
        refused = call("recommend", bundle, *words, "--summary", page)
        assert refused.exit_code == 1
        assert "--summary is of lists of users that are written" in refused.stderr


def test_parts_of_another_bundle_are_refused(call, bundle, games, tmp_path):
    path, parts = tmp_path / "lists.csv", tmp_path / "lists.csv.parts"
    parts.mkdir()
    manifest = {"format": "penchant parts", "facts": {"bundle": "0" * 32}, "parts": 3}
    (parts / "manifest.json").write_text(json.dumps(manifest))
    result = call("recommend", games, "-o", path)
    assert result.exit_code == 1
    assert "has parts of a run that was stopped, with another bundle" in result.stderr
    assert result.stderr.count("\n") == 1
    assert call("recommend", games, "-o", path, "--overwrite").exit_code == 0
    assert [file.name for file in tmp_path.iterdir()] == ["lists.csv"]
