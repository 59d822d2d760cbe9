from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from penchant.bundle import restore, save
from penchant.cli.kept_options import options_of
from penchant.errors import BundleError
from penchant.serving.store import Feedback, Store

LOG = "".join(
    f"u{user},b{(user + n) % 8},{1 + (user * n) % 5},{day:02}/{3 + n}/2024\n"
    for user in range(12)
    for n, day in enumerate((14, 3, 28, 9))
)
HEAD = "reader,book,stars,date\n"
SLIPS = "staff,b1,5,14/3/2024\nstaff,b2,5,14/3/2024\nu1,b7,55,15/3/2024\n"
CONDITIONS = ("--where", "stars <= 5", "--where", "reader != staff")
NEW = HEAD + "staff,b3,5,02/07/2024\nu2,b7,55,02/07/2024\nu3,b7,4,05/07/2024\n"


@pytest.fixture
def folder(call, tmp_path):
    (tmp_path / "loans.csv").write_text(HEAD + LOG + SLIPS)
    folder = tmp_path / "books"
    done = call("train", tmp_path / "loans.csv", *CONDITIONS, "-m", "ease:l2=1", "-o", folder)
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def new(tmp_path):
    path = tmp_path / "july.csv"
    path.write_text(NEW)
    return path


def _last_day(model):
    return str(model.histories_.times.max().astype("datetime64[us]").astype("datetime64[D]"))


def test_an_update_reads_new_events_as_the_log_was_read(call, folder, new):
    result = call("update", folder, new, "--in-place")
    assert result.exit_code == 0, result.stderr
    line = next(line for line in result.stderr.splitlines() if "as the bundle's log was" in line)
    assert "--time-format day-first --where 'stars <= 5' --where 'reader != staff'" in line
    model = restore(folder)
    assert "staff" not in model.users_
    assert model.histories_.ratings.max() == 5
    assert _last_day(model) == "2024-07-05"  # and not the 7th of May
    assert "taken in 1 event" in result.stdout
    again = call("update", folder, new, "--in-place")  # the bundle keeps them still
    assert "Nothing in 'july' is new" in again.stdout


def test_options_come_before_those_of_the_bundle(call, folder, new, tmp_path):
    words = ("--where", "stars <= 5", "--time-format", "month-first")
    call("update", folder, new, *words, "-o", tmp_path / "given")
    given = restore(tmp_path / "given")
    assert "staff" in given.users_
    assert _last_day(given) == "2024-06-09"  # of the log: the new events are of February and May
    result = call("update", folder, new, "--as-given", "-o", tmp_path / "alone")
    assert "as the bundle's log was" not in result.stderr
    alone = restore(tmp_path / "alone")
    assert alone.histories_.ratings.max() == 55
    assert alone.log_options_ == restore(folder).log_options_


def test_a_bundle_without_options_reads_as_before(call, new, tmp_path, folder):
    model = restore(folder)
    del model.log_options_
    old = save(model, tmp_path / "old")
    result = call("update", old, new, "--in-place")
    assert "as the bundle's log was" not in result.stderr
    assert "staff" in restore(old).users_


def test_what_is_about_a_whole_log_is_not_for_its_newest_events(call, tmp_path, new):
    (tmp_path / "loans.csv").write_text(HEAD + LOG)
    words = ("--until", "2024-06-30", "--k-core", "2", "--min-rating", "2")
    call("train", tmp_path / "loans.csv", *words, "-m", "ease", "-o", tmp_path / "b")
    result = call("update", tmp_path / "b", new, "--in-place")
    assert result.exit_code == 0, result.stderr
    assert "by --time-format day-first --min-rating 2; to override" in result.stderr
    assert _last_day(restore(tmp_path / "b")) == "2024-07-05"


def test_a_refresh_reads_the_log_again_as_it_was_and_keeps_the_item_table(call, tmp_path):
    lines = HEAD + LOG + "u1,fee,5,14/3/2024\nu2,fee,5,14/3/2024\nu3,fee,5,14/3/2024\n"
    (tmp_path / "orders.csv").write_text(lines)
    table = "book,title,genre\n" + "".join(f"b{n},Book {n},g{n % 2}\n" for n in range(10))
    (tmp_path / "items.csv").write_text(table)
    (tmp_path / "readers.csv").write_text("reader,age\nu1,30\nu2,40\n")
    tables = ("--items", tmp_path / "items.csv", "--users", tmp_path / "readers.csv")
    log, url, shop = tmp_path / "orders.csv", f"sqlite:///{tmp_path / 's.db'}", tmp_path / "shop"
    words = (*tables, "--where", "book != fee", "-m", "content-ease")
    assert call("train", log, *words, "-o", shop).exit_code == 0
    before = restore(shop)
    with Store.open(url) as store:
        store.add([Feedback("u1", "b6", "like")])
    result = call("refresh", shop, log, "--store", url, "--force")
    assert result.exit_code == 0, result.stderr
    assert "is replaced" in result.stdout
    assert "by --time-format day-first --where 'book != fee'; to override" in result.stderr
    assert "The item table in the bundle: 8 of the log's 9 items and 2 new" in result.stderr
    assert "trained with --users, which it does not keep" in result.stderr
    model = restore(shop)
    assert model.histories_.n_events == before.histories_.n_events + 1
    assert model.items_.ids.to_list() == before.items_.ids.to_list() == [f"b{n}" for n in range(10)]
    assert model.item_table_["genre"].to_list() == before.item_table_["genre"].to_list()
    assert model.log_options_ == before.log_options_
    with Store.open(url) as store:
        store.add([Feedback("u2", "b7", "like")])
    alone = ("--as-given", "--force", "--items", tmp_path / "items.csv")
    assert call("refresh", shop, log, "--store", url, *alone).exit_code == 0
    assert "fee" in restore(shop).items_
    assert "where" not in restore(shop).log_options_
    call("refresh", shop, "--store", url, "--force")  # from what the bundle keeps
    assert restore(shop).log_options_["not_again"] == ["--items"]


@pytest.mark.parametrize(
    "options",
    [{"where": "stars <= 5"}, {"wher": ["stars <= 5"]}, {"query": "SELECT 1"}, {"where": [1]}],
)
def test_options_of_another_version_are_not_guessed_at(call, folder, new, options):
    model = restore(folder)
    model.log_options_ = options
    with pytest.raises(BundleError, match="this version does not know"):
        options_of(model)
    save(model, folder, overwrite=True)
    refused = call("update", folder, new, "--in-place")
    assert refused.exit_code == 1
    assert "give all options yourself, with --as-given" in refused.stderr
    assert call("update", folder, new, "--in-place", "--as-given").exit_code == 0


def test_of_a_place_no_more_than_the_option_is_kept(call, tmp_path):
    rows = [(f"u{n % 5}", f"i{n % 7}") for n in range(30)]
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE loans (user TEXT, item TEXT)")
        shop.executemany("INSERT INTO loans VALUES (?, ?)", rows)
    log, query = tmp_path / "shop.db", ("--query", "SELECT * FROM loans")
    call("train", log, *query, "-m", "ease", "-o", tmp_path / "b")
    assert restore(tmp_path / "b").log_options_ == {"not_again": ["--query"]}


def test_a_log_that_needs_no_options_leaves_none(call, tmp_path, tiny_csv):
    call("train", tiny_csv, "-m", "ease", "-o", tmp_path / "b")
    assert not hasattr(restore(tmp_path / "b"), "log_options_")
