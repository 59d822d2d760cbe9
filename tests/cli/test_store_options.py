from __future__ import annotations

import json
import shlex

import pytest

from penchant.bundle import restore
from penchant.cli.refresh import seconds_of
from penchant.cli.store_options import default_store
from penchant.errors import ParameterError
from penchant.serving.learning import fingerprint_of
from penchant.serving.store import Feedback, Store


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    with Store.open(url) as store:
        store.add([Feedback(1000, 1, "like"), Feedback(1000, 3, "rating", 5.0)])
    return url


def _learned(url, folder):
    with Store.open(url) as store:
        return store.learned(fingerprint_of(folder))


def test_trains_from_a_log_and_a_store(call, tiny_csv, url, tmp_path):
    folder = tmp_path / "b"
    result = call("train", tiny_csv, "--from-store", url, "-o", folder, "--json")
    assert result.exit_code == 0, result.stderr
    assert "The store gives 2 events of 1 user." in result.stderr
    model = restore(folder)
    assert model.histories_.lengths[model.users_.index(1000)] == 2
    assert _learned(url, folder) == 2
    words = shlex.split(json.loads(result.stdout)["reproduce"])
    assert words[words.index("--from-store") + 1] == url
    again = call(*words[1:-1], tmp_path / "again")
    assert again.exit_code == 0, again.stderr
    assert restore(tmp_path / "again").log_fingerprint_ == model.log_fingerprint_


def test_trains_from_a_store_alone(call, url, tmp_path):
    with Store.open(url) as store:
        store.add([Feedback(1001, item, "like") for item in (1, 2, 3)])
    result = call("train", "--from-store", url, "-o", tmp_path / "b")
    assert result.exit_code == 0, result.stderr
    assert restore(tmp_path / "b").users_.ids.to_list() == [1000, 1001]


def test_an_update_takes_the_events_of_a_store_in_once(call, tiny_csv, url, tmp_path):
    folder = tmp_path / "b"
    call("train", tiny_csv, "-o", folder)
    before = restore(folder).histories_.n_events
    first = call("update", folder, "--from-store", url, "--in-place")
    assert first.exit_code == 0, first.stderr
    assert restore(folder).histories_.n_events == before + 2
    second = call("update", folder, "--from-store", url, "--in-place")
    assert "Nothing in the store is new" in second.stdout
    with Store.open(url) as store:
        store.add([Feedback(1000, 5, "like")])
        store.delete(3)
    third = call("update", folder, "--from-store", url, "--in-place", "--json")
    assert json.loads(third.stdout)["new_events"] == 1
    assert "People were deleted" in third.stderr
    assert _learned(url, folder) == 4


def test_a_deleted_user_of_the_log_is_not_in_the_retrained_bundle(call, tiny_csv, url, tmp_path):
    with Store.open(url) as store:
        store.delete(3)
    call("train", tiny_csv, "--from-store", url, "-o", tmp_path / "b")
    assert 3 not in restore(tmp_path / "b").users_
    with Store.open(url) as store:
        store.add([Feedback(3, 1, "like")])
    call("train", tiny_csv, "--from-store", url, "-o", tmp_path / "b", "--overwrite")
    model = restore(tmp_path / "b")
    assert model.histories_.lengths[model.users_.index(3)] == 1


def test_refreshes_in_place_and_tells_programs(call, tiny_csv, url, tmp_path):
    folder = tmp_path / "b"
    call("train", tiny_csv, "-o", folder)
    few = json.loads(call("refresh", folder, "--store", url, "--json").stdout)
    assert (few["status"], few["new_events"], few["trial"]) == ("too-few", 2, None)
    result = call("refresh", folder, tiny_csv, "--store", url, "--force")
    assert result.exit_code == 0, result.stderr
    assert f"{folder} is replaced: without a comparison." in result.stdout
    assert "The bundle before is in" in result.stderr
    again = call("refresh", folder, "--store", url)
    assert f"{folder} stays as it is: nothing is new in the store." in again.stdout


def test_a_refresh_reads_the_store_that_serve_keeps_by_default(call, tiny_csv, tmp_path):
    folder = tmp_path / "b"
    call("train", tiny_csv, "-o", folder)
    missing = call("refresh", folder)
    assert missing.exit_code == 1
    assert f"no store {str(tmp_path / 'b.feedback.db')!r}: name the one" in missing.stderr
    with Store.open(default_store(folder)) as store:
        store.add([Feedback(1000, 1, "like")])
    assert (tmp_path / "b.feedback.db").is_file()
    assert json.loads(call("refresh", folder, "--json").stdout)["new_events"] == 1
    elsewhere = call("refresh", folder, "--store", f"sqlite:///{tmp_path / 'feedback.db'}")
    assert f", but {str(tmp_path / 'b.feedback.db')!r}: name the one" in elsewhere.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "-o", "x"), "Name a LOG to learn from, or a store"),
        (("train", "--from-store", "sqlite:///none.db", "-o", "x"), "There is no store 'none.db'"),
        (("train", "--from-store", "feedback.db", "-o", "x"), "named by a URL"),
        (("refresh", "none", "--store", "sqlite:///none.db"), "There is no store"),
        (("refresh", "none", "--store", "sqlite:///x.db", "--every", "soon"), "no time to wait"),
    ],
)
def test_errors_are_one_sentence(call, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*words)
    assert result.exit_code != 0
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_update_needs_one_source(call, bundle, tiny_csv, url):
    for words in ((), (tiny_csv, "--from-store", url)):
        result = call("update", bundle, *words, "-o", "x")
        assert "either a LOG, or a store" in result.stderr


def test_passwords_are_not_shown(call, tiny_csv, tmp_path):
    from penchant.cli.store_options import StoreLogOptions

    options = StoreLogOptions(from_store="postgresql://me:secret@host/db")
    assert options.harmless == {"from_store": "postgresql://me:***@host/db"}


@pytest.mark.parametrize(
    ("text", "seconds"), [("6h", 21_600), ("30m", 1800), ("1.5d", 129_600), (" 2 s", 2)]
)
def test_times_to_wait(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "0h", "6 hours", "-1h", "1e9999h", "0.5s"])
def test_what_is_no_time_to_wait(text):
    with pytest.raises(ParameterError, match="no time to wait"):
        seconds_of(text)
