from __future__ import annotations

import json
import shlex

import numpy as np
import polars as pl
import pytest

from penchant.bundle import restore, save
from penchant.models import make
from penchant.testing import planted_ratings

AUTOREC = "autorec:hidden=8,epochs=4,batch_size=16"
NEW = "user,item,rating\n3,1,5\n3,4,1\n777,2,4\n"


@pytest.fixture
def learned(tmp_path, tiny):
    return save(make(AUTOREC).fit(tiny), tmp_path / "learned")


@pytest.fixture
def new(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(NEW)
    return path


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_goes_on_learning_into_a_new_folder(call, learned, new, tmp_path):
    before, place = files(learned), tmp_path / "further" / "updated"
    result = call("update", learned, new, "-o", place)
    assert result.exit_code == 0, result.stderr
    assert "has gone on learning from 3 events of 2 users, 1 of them new" in result.stdout
    assert files(learned) == before
    model, old = restore(place), restore(learned)
    assert model.histories_.n_events == old.histories_.n_events + 3
    assert np.abs(model.scores(model.histories_of([3])) - old.scores(old.histories_of([3]))).max()
    advice = next(line for line in result.stderr.splitlines() if line.startswith("Next: "))
    assert call(*shlex.split(advice)[2:]).exit_code == 0


def test_goes_on_in_place_and_tells_programs(call, learned, new):
    facts = json.loads(call("update", learned, new, "--in-place", "--json").stdout)
    assert facts["bundle"] == str(learned)
    assert facts["log"]["events"] == 3
    assert (facts["users"], facts["new_users"], facts["left_out_items"]) == (2, 1, [])
    assert facts["model"] == repr(restore(learned))
    words = shlex.split(facts["reproduce"])
    assert words == ["penchant", "update", str(learned), str(new), "--in-place"]
    assert call(*words[1:]).exit_code == 0
    assert restore(learned).histories_.lengths[restore(learned).users_.index(777)] == 2


def test_where_to_must_be_said_once_and_be_free(call, learned, new, tmp_path):
    for words in ((), ("-o", tmp_path / "x", "--in-place")):
        refused = call("update", learned, new, *words)
        assert refused.exit_code == 1
        assert "either -o with a new folder, or --in-place" in refused.stderr
    taken = call("update", learned, new, "-o", tmp_path)
    assert taken.exit_code == 1
    assert "choose another folder" in taken.stderr


def test_what_to_do_next_can_be_typed(call, tmp_path):
    rows = "".join(f"an a$(b),i{n % 5}\nann,i{n % 3}\n" for n in range(10))
    (tmp_path / "log.csv").write_text(f"user,item\n{rows}")
    folder = tmp_path / "b"
    result = call("train", tmp_path / "log.csv", "-m", "autoencoder:epochs=1", "-o", folder)
    assert "--user 'an a$(b)' --explain\n" in result.stderr
    result = call("update", folder, tmp_path / "log.csv", "--in-place")
    assert "--user 'an a$(b)'\n" in result.stderr


def test_unknown_items_are_refused_unless_they_are_to_be_left_out(call, learned, new, tmp_path):
    new.write_text(NEW + "3,901,5\n777,902,5\n3,902,1\n")
    before = files(learned)
    refused = call("update", learned, new, "--in-place")
    assert refused.exit_code == 1
    advice = "leave such events out (--skip-unknown-items)"
    assert f"not know 2 items of 'new', such as 901: {advice}" in refused.stderr
    assert files(learned) == before
    done = call("update", learned, new, "-o", tmp_path / "to", "--skip-unknown-items")
    assert done.exit_code == 0, done.stderr
    assert "Left out 2 items that the bundle does not know: 901, 902." in done.stderr
    words = ("update", learned, new, "--in-place", "--skip-unknown-items", "--json")
    assert json.loads(call(*words).stdout)["left_out_items"] == [901, 902]
    new.write_text("user,item,rating\n3,901,5\n")
    nothing = call("update", learned, new, "--in-place", "--skip-unknown-items")
    assert nothing.exit_code == 1
    assert "knows none of the items" in nothing.stderr


def test_ids_take_the_types_of_the_bundle(call, new, learned, tmp_path):
    log = planted_ratings(n_users=20, n_items=10, per_user=5)
    frame = log.frame().with_columns(pl.col("user", "item").cast(pl.String))
    texts = save(make(AUTOREC).fit(type(log).from_frame(frame)), tmp_path / "texts")
    done = call("update", texts, new, "--in-place")
    assert done.exit_code == 0, done.stderr
    assert restore(texts).histories_.lengths[restore(texts).users_.index("777")] == 1
    new.write_text("user,item,rating\nanna,1,5\nbert,2,4\n")
    refused = call("update", learned, new, "--in-place")
    assert refused.exit_code == 1
    assert "The user ids of this log are integers, and 'anna' is none." in refused.stderr
    new.write_text("user,item,rating\n1,1,5\n2,x,4\n")
    assert "'x' is none" in call("update", learned, new, "--in-place").stderr
    words = ("update", learned, new, "--in-place", "--skip-unknown-items", "--json")
    assert json.loads(call(*words).stdout)["left_out_items"] == ["x"]


def test_columns_are_read_as_asked(call, learned, new, tmp_path):
    new.write_text("stars;who;what\n4;3;1\n1;888;2\n")
    words = ("--separator", ";", "--user", "who", "--item", "what", "--rating", "stars")
    done = call("update", learned, new, *words, "-o", tmp_path / "to")
    assert done.exit_code == 0, done.stderr
    assert restore(tmp_path / "to").histories_of([888]).ratings.tolist() == [1]


def test_a_model_that_cannot_is_named_with_those_that_can(call, tiny, new, tmp_path):
    folder = save(make("bpr:dim=2,epochs=1").fit(tiny), tmp_path / "bpr")
    refused = call("update", folder, new, "--in-place")
    assert refused.exit_code == 1
    assert "BPR cannot take in new events, as popular, personal-popular" in refused.stderr
    assert "autorec" in refused.stderr
    assert "penchant train" in refused.stderr


def test_new_items_are_taken_in_and_known_events_passed_over(call, tmp_path):
    (tmp_path / "old.csv").write_text("user,item,time\n1,a,2024-01-01\n2,b,2024-01-02\n")
    (tmp_path / "new.csv").write_text("user,item,time\n2,b,2024-01-02\n3,c,2024-01-03\n")
    folder = tmp_path / "b"
    assert call("train", tmp_path / "old.csv", "-m", "popular", "-o", folder).exit_code == 0
    done = call("update", folder, tmp_path / "new.csv", "--in-place")
    assert done.exit_code == 0, done.stderr
    assert "has taken in 1 event of 2 users, 1 of them new, with 1 new item, in" in done.stdout
    assert "is what a new fit to all events would be" in done.stdout
    assert "passed over 1 event that the model knows already, by user, item and time" in done.stderr
    assert restore(folder).items_.ids.to_list() == ["a", "b", "c"]
    done = call("update", folder, tmp_path / "new.csv", "--in-place")
    assert "Nothing in 'new' is new to Popular()" in done.stdout
    facts = json.loads(call("update", folder, tmp_path / "new.csv", "--in-place", "--json").stdout)
    assert (facts["update"], facts["new_events"], facts["known_events"]) == ("exact", 0, 2)


def test_a_bundle_is_written_whole_or_not_at_all(call, learned, new, monkeypatch):
    before = files(learned)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("penchant.bundle.writing.write_arrays", broken)
    failed = call("update", learned, new, "--in-place")
    assert failed.exit_code == 1
    assert "No space left on device" in failed.stderr
    assert files(learned) == before
    assert [path.name for path in learned.parent.iterdir()].count("learned") == 1
    assert not list(learned.parent.glob(".learned*"))


def test_vectors_are_said_to_be_near_a_new_fit(call, tiny, tmp_path):
    learned, new = save(make("ials:dim=4").fit(tiny), tmp_path / "vectors"), tmp_path / "new.csv"
    lines = (NEW + "778,900,4\n").splitlines()
    times = ["time", *(f"2020-01-0{n}" for n in range(1, len(lines)))]
    new.write_text("\n".join(map(",".join, zip(lines, times, strict=True))))
    result = call("update", learned, new, "--in-place")
    assert result.exit_code == 0, result.stderr
    assert "has taken in 4 events of 3 users, 2 of them new, with 1 new item" in result.stdout
    assert "near to a new fit to all events, and not equal to it" in result.stdout
    assert 900 in restore(learned).items_


def test_networks_of_order_take_events_into_their_histories(call, tmp_path):
    days = range(1, 7)
    rows = [f"{user},{'abc'[day % 3]},2024-01-0{day}" for user in (1, 2) for day in days]
    (tmp_path / "old.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    (tmp_path / "new.csv").write_text("user,item,time\n1,d,2024-01-08\n3,b,2024-01-08\n")
    folder = tmp_path / "b"
    train = ("train", tmp_path / "old.csv", "-m", "gru4rec:dim=2,hidden=2,epochs=1", "-o", folder)
    assert call(*train).exit_code == 0
    done = call("update", folder, tmp_path / "new.csv", "--in-place")
    assert done.exit_code == 0, done.stderr
    assert "has taken in 2 events of 2 users, 1 of them new, with 1 new item" in done.stdout
    assert "with its weights as they were" in done.stdout
    assert "1 new item has no vector in GRU4Rec until it is fitted again" in done.stderr
    assert restore(folder).histories_.lengths.tolist() == [7, 6, 1]


def test_sessions_by_gaps_go_on_as_the_sentence_says(call, tmp_path):
    times = [0, 60, 9000, 9060, 0, 60, 120]
    rows = [
        f"{u},{i},{1_500_000_000 + t}" for u, i, t in zip("1111222", "1234512", times, strict=True)
    ]
    for name, some in (("all", rows), ("first", rows[:3] + rows[4:6]), ("later", rows[3::3])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["user,item,time", *some]))
    for name in ("all", "first"):
        call("train", tmp_path / f"{name}.csv", "--session-gap", "30min", "-m", "markov",
             "-o", tmp_path / name)  # fmt: skip
    done = call("update", tmp_path / "first", tmp_path / "later.csv", "--in-place")
    assert "is what a new fit to all events would be" in done.stdout
    updated, fitted = restore(tmp_path / "first").histories_, restore(tmp_path / "all").histories_
    assert (
        updated.basket_numbers.tolist() == fitted.basket_numbers.tolist() == [0, 0, 1, 1, 0, 0, 0]
    )
