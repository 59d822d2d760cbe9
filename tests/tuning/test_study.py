"""Trials in a file: gone on with after a kill, shared by processes, refused where they differ."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError
from penchant.models import EASE, DotProduct
from penchant.models.parameters import Space
from penchant.testing import planted_ratings
from penchant.tuning.records import line_of, record_of
from support.tuning import TPE, Peak

LISTS = {"at": [0, 1, 2, 3, 4, 5, 6], "l2_item": [1, 2]}
RANGES = {"at": Space(0, 10), "l2_item": [1, 2, 5]}
METHODS = [("grid", LISTS), ("random", RANGES), pytest.param("tpe", RANGES, marks=TPE.marks)]


def rows(tuning):
    return [(t.number, dict(t.values), t.score, t.settled, t.problem) for t in tuning.trials]


class Stopping(Peak):
    """Stops its tuning when it is fitted for the fifth time."""

    fitted = 0

    def _fit(self, train, validation, run):
        type(self).fitted += 1
        if self.fitted == 5:
            raise KeyboardInterrupt
        super()._fit(train, validation, run)


@pytest.mark.parametrize(("method", "space"), METHODS)
def test_an_interrupted_study_ends_as_one_that_was_not(rated, tmp_path, notices, method, space):
    Stopping.fitted = 0
    options = {"space": space, "trials": 14, "method": method, "seed": 2}
    file = tmp_path / "new" / "study.jsonl"
    stopped = pn.tune(Stopping(), rated, "rmse", study=file, **options)
    assert stopped.interrupted
    assert len(stopped.trials) == 4
    notices()
    resumed = pn.tune(Stopping(), rated, "rmse", study=file, **options)
    assert f"Going on with the study {file}: 4 of 14 trials are there." in notices()
    assert not resumed.interrupted
    whole = pn.tune(Stopping(), rated, "rmse", **options)
    assert rows(resumed) == rows(whole)
    assert resumed.best_name == whole.best_name
    assert resumed.to_dict()["space"] == whole.to_dict()["space"]
    assert len(resumed.to_dict()["trials"]) == len(resumed.frame()) == 14


@pytest.mark.parametrize("method", ["random", TPE])
def test_a_value_that_the_log_decides_on_is_tried_first_and_kept(split, tmp_path, method):
    file, options = tmp_path / "study.jsonl", {"trials": 5, "method": method}
    first = pn.tune(EASE(), split, study=file, **options)
    assert [t.values["l2"] is None for t in first.trials] == [True] + 4 * [False]
    again = pn.tune(EASE(), split, study=file, **options)
    assert rows(again) == rows(first)
    assert first.frame()["l2"].null_count() == 1
    pinned = pn.tune(EASE(l2=20), split, **options)
    assert pinned.trials[0].values["l2"] == 20.0


@pytest.mark.parametrize(("method", "space"), METHODS)
def test_a_finished_study_is_not_tried_again(rated, tmp_path, method, space):
    file, options = tmp_path / "study.jsonl", {"space": space, "trials": 6, "method": method}
    Stopping.fitted = 10
    first = pn.tune(Stopping(), rated, "rmse", study=file, **options)
    fitted = Stopping.fitted
    again = pn.tune(Stopping(), rated, "rmse", study=file, **options)
    assert Stopping.fitted == fitted
    assert rows(again) == rows(first)
    assert [t.seconds for t in again.trials] == [t.seconds for t in first.trials]


def test_more_trials_can_be_asked_for_and_fewer_leave_none_out(rated, tmp_path):
    file, options = tmp_path / "study.jsonl", {"space": RANGES, "method": "random"}
    pn.tune(Peak(), rated, "rmse", study=file, trials=5, **options)
    more = pn.tune(Peak(), rated, "rmse", study=file, trials=9, **options)
    assert rows(more) == rows(pn.tune(Peak(), rated, "rmse", trials=9, **options))
    fewer = pn.tune(Peak(), rated, "rmse", study=file, trials=3, **options)
    assert rows(fewer) == rows(more)
    assert not fewer.interrupted


def test_failed_trials_stay_and_all_failing_is_the_same_error(rated, tmp_path):
    space = {"failing": ["data", ""]}
    for _ in range(2):
        tuning = pn.tune(Peak(), rated, "rmse", study=tmp_path / "a", space=space)
        assert [t.problem for t in tuning.trials] == ["There is too little of it.", None]
    space = {"at": [1, 2]}
    for error in (DataError, pn.PenchantError):
        with pytest.raises(error, match=r"^There is too little of it\.$"):
            pn.tune(Peak(failing="data"), rated, "rmse", study=tmp_path / "b", space=space)


def test_values_of_every_kind_come_back(rated, tmp_path):
    targets = ["rating", pn.Like(4), "adjusted(3,1,1,5)"]
    space = {"target": targets, "patience": [None, 2]}
    model, file = DotProduct(dim=2, epochs=2), tmp_path / "study"
    first = pn.tune(model, rated, "auc", space=space, study=file)
    again = pn.tune(model, rated, "auc", space=space, study=file)
    assert rows(again) == rows(first)
    assert again.best().params() == first.best().params()
    assert again.best_trial.settled["epochs"] >= 1


def test_studies_of_something_else_are_refused(rated, split, tmp_path):
    file = tmp_path / "study.jsonl"

    def tune(**changed):
        options = {"model": Peak(), "split": rated, "metric": "rmse", "space": LISTS} | changed
        return pn.tune(**options, study=file)

    tune()
    before = file.read_bytes()
    other_log = pn.split_random(planted_ratings(seed=5), validation=0.2, test=0.2)
    other_cut = pn.split_random(rated.log, validation=0.2, test=0.2, seed=9)
    ids = rated.log.items.ids
    table = pn.Dataset.from_frame(
        rated.log.frame().drop("row"),
        item_table=ids.alias("item").to_frame().with_columns(title=ids.cast(str)),
        scale=(1, 5),
    )
    for options, words in [
        ({"split": other_log}, "begun with other data or another split: name another file"),
        ({"split": other_cut}, "other data or another split"),
        ({"split": pn.split_random(table, validation=0.2, test=0.2)}, "other data"),
        ({"model": Peak(l2_user=3)}, "begun with model Peak, not model Peak:l2_user=3"),
        ({"model": EASE(), "metric": "ndcg@10", "space": {"l2": [1]}}, "metric RMSE"),
        ({"metric": "mae"}, "metric RMSE.., not metric MAE"),
        ({"space": LISTS | {"at": [1, 2]}}, "space at=0,1,2,3,4,5,6, l2_item=1,2, not"),
        ({"space": RANGES, "method": "random"}, "method grid, not"),
        ({"seed": 1}, "seed 0, not seed 1"),
        ({"like": 2}, "like 4.0, not like 2"),
    ]:
        with pytest.raises(ParameterError, match=words) as error:
            tune(**options)
        assert str(error.value).count(". ") == 0
    assert file.read_bytes() == before


def test_functions_are_told_apart_by_what_they_make(rated, tmp_path):
    def tune(slope):
        return pn.tune(
            lambda at: Peak(at=at, l2_user=slope),
            rated,
            "rmse",
            space={"at": [1, 2]},
            study=tmp_path / "s",
        )

    assert rows(tune(1)) == rows(tune(1))
    with pytest.raises(ParameterError, match="begun with model"):
        tune(2)


def test_a_last_line_that_was_cut_short_is_made_again(rated, tmp_path):
    file = tmp_path / "study.jsonl"
    whole = pn.tune(Peak(), rated, "rmse", space=LISTS, study=file)
    content = file.read_bytes()
    lines = content.splitlines(keepends=True)
    places = (1, 2, len(lines[-1]) - 1, len(lines[-1]) + 20)
    for cut in (*places, len(content) - 100, len(content) - 3, len(content)):
        file.write_bytes(content[:-cut])
        assert rows(pn.tune(Peak(), rated, "rmse", space=LISTS, study=file)) == rows(whole)
        assert len(file.read_bytes().splitlines()) == len(lines)


def test_damage_is_refused_in_one_sentence_and_nothing_is_overwritten(rated, tmp_path):
    file = tmp_path / "study.jsonl"
    pn.tune(Peak(), rated, "rmse", space=LISTS, study=file)
    content = file.read_bytes()
    lines = content.splitlines(keepends=True)
    score = json.loads(lines[3])["score"]
    damaged = [
        (content.replace(str(score).encode(), b"0.25", 1), "Line . of the study .* is damaged"),
        (content.replace(lines[4], b"\x00" * 50 + b"\n"), "Line 5 of the study"),
        (content.replace(lines[4], b"[" * 100_000 + b"\n"), "Line 5 of the study"),
        (b"[1]\n", "is no study of trials"),
        (b"user,item\n1,2\n", "is no study of trials"),
        (b"{}\n", "is no study of trials"),
        (b"\xff\xfe" * 20, "is no study of trials"),
    ]
    for changed, words in damaged:
        file.write_bytes(changed)
        with pytest.raises(ParameterError, match=words):
            pn.tune(Peak(), rated, "rmse", space=LISTS, study=file)
        assert file.read_bytes() == changed


def test_what_cannot_be_a_file_is_refused(rated, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    impossible = [("", "no file"), ("fifo", "no file")]
    impossible += [(name, "cannot be used") for name in ("file/x", "a\0b", "n" * 300)]
    for place, words in impossible:
        with pytest.raises(ParameterError, match=words):
            pn.tune(Peak(), rated, "rmse", space=LISTS, study=tmp_path / place)
    tuning = pn.tune(Peak(), rated, "rmse", space=LISTS, study=tmp_path / "file")
    assert len(tuning.trials) == 14  # an empty file is a new study


def test_a_full_disk_loses_no_trial(rated, tmp_path, monkeypatch):
    file, synced, fsync = tmp_path / "study", [], os.fsync

    def full(handle):
        synced.append(handle)
        if len(synced) == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ParameterError, match=r"cannot be used: No space left on device\.$"):
        pn.tune(Peak(), rated, "rmse", space=LISTS, study=file)
    assert len(file.read_bytes().splitlines()) >= 1 + 3
    whole = pn.tune(Peak(), rated, "rmse", space=LISTS)
    assert rows(pn.tune(Peak(), rated, "rmse", space=LISTS, study=file)) == rows(whole)


def test_hostile_records_are_refused(rated, tmp_path):
    file = tmp_path / "study"
    pn.tune(Peak(), rated, "rmse", space=RANGES, method="random", trials=2, study=file)
    lines = file.read_bytes().splitlines(keepends=True)
    good = record_of(lines[2])
    changes = [
        *({"number": number} for number in (0, -1, 2**40, 1.0, True, None, "1")),
        *({"score": score} for score in (float("nan"), float("inf"), 10**400, "1", True, [])),
        {"score": None},
        {"score": 1.0, "problem": "failed"},
        *({"seconds": seconds} for seconds in (-1, float("nan"), None)),
        *({"settled": settled} for settled in (None, [], {"epochs": [1]}, {"epochs": 10**30})),
        *({"values": values} for values in (None, [], {}, {"at": 3}, {"at": 11, "l2_item": 1})),
        {"values": {"at": 3, "l2_item": 3}},
        {"values": {"at": [3], "l2_item": {"a": 1}}},
    ]
    for change in changes:
        file.write_bytes(b"".join([*lines[:2], line_of(good | change)]))
        with pytest.raises(ParameterError, match="Line 3 of the study"):
            pn.tune(Peak(), rated, "rmse", space=RANGES, method="random", trials=2, study=file)
    file.write_bytes(b"".join([*lines, *lines[1:]]))  # written twice, which harms nothing
    tuning = pn.tune(Peak(), rated, "rmse", space=RANGES, method="random", trials=2, study=file)
    assert len(tuning.trials) == 2


CHILD = textwrap.dedent("""
    import os, signal, sys, time
    from pathlib import Path
    import penchant as pn
    from penchant.models.parameters import Space
    from penchant.testing import planted_ratings
    from support.tuning import Peak

    study, log, kill_at, method = sys.argv[1:]
    fits = 0

    class Slow(Peak):
        def _fit(self, train, validation, run):
            global fits
            fits += 1
            if fits == int(kill_at):
                os.kill(os.getpid(), signal.SIGKILL)
            with Path(log).open("a") as file:
                file.write(f"{self.at:g} {self.l2_item:g}\\n")
            super()._fit(train, validation, run)
            time.sleep(0.05)

    LISTS = {"at": [0, 1, 2, 3, 4, 5, 6], "l2_item": [1, 2]}
    split = pn.split_random(planted_ratings(), validation=0.2, test=0.2)
    space = LISTS if method == "grid" else {"at": Space(0, 10)}
    tuning = pn.tune(
        Slow(), split, "rmse", space=space, trials=14, method=method, seed=2, study=study
    )
    print([(t.number, t.values, t.score) for t in tuning.trials])
""")


def child(study: Path, log: Path, kill_at: int, method: str) -> subprocess.Popen[str]:
    places = [str(Path(__file__).parents[1]), *sys.path]
    return subprocess.Popen(
        [sys.executable, "-P", "-c", CHILD, str(study), str(log), str(kill_at), method],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in places if p)},
    )


@pytest.mark.parametrize("method", ["grid", TPE])
def test_a_killed_process_loses_only_the_trial_it_was_at(
    rated, tmp_path, method, monkeypatch, capsys
):
    study, log = tmp_path / "study", tmp_path / "log"
    killed = child(study, log, 6, method)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(study.read_text().splitlines()) == 1 + 5
    monkeypatch.setattr(sys, "argv", ["-c", str(study), str(log), "0", method])
    exec(CHILD, {"__name__": "__main__"})  # gone on with in this process
    printed = capsys.readouterr().out
    space = LISTS if method == "grid" else {"at": Space(0, 10)}
    whole = pn.tune(Peak(), rated, "rmse", space=space, trials=14, method=method, seed=2)
    assert printed.strip() == str([(t.number, t.values, t.score) for t in whole.trials])
    tried = log.read_text().splitlines()
    assert len(tried) == len(set(tried)) == 14
    assert [p.name for p in tmp_path.iterdir() if "trial" in p.name] == []


@pytest.mark.slow
def test_processes_share_a_study_and_one_of_them_may_be_killed(rated, tmp_path):
    study, log = tmp_path / "study", tmp_path / "log"
    both = [child(study, log, kill_at, "grid") for kill_at in (0, 3, 0)]
    printed = [process.communicate(timeout=60)[0] for process in both]
    assert both[1].returncode in (0, -signal.SIGKILL)
    whole = pn.tune(Peak(), rated, "rmse", space=LISTS)
    expected = str([(t.number, t.values, t.score) for t in whole.trials])
    assert printed[0].strip() == printed[2].strip() == expected
    tried = log.read_text().splitlines()
    assert {p.name for p in tmp_path.iterdir()} == {"study", "log", ".study.lock"}
    assert sorted(tried) == sorted(f"{at} {l2}" for at in LISTS["at"] for l2 in LISTS["l2_item"])
