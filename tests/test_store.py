from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.store import ARRAYS, JSON, TABLE, Store, digest, locked

VALUES = {
    "json": (JSON, {"a": [1, None, "é"], "b": 0.1}),
    "arrays": (ARRAYS, {"x": np.arange(6, dtype=np.int32).reshape(2, 3)[:, ::-1], "y": np.ones(2)}),
    "table": (TABLE, (pl.DataFrame({"a": [1, 2], "b": ["x", None]}), {"rows": 2, "of": "é"})),
}


@pytest.fixture(params=VALUES)
def form(request):
    return VALUES[request.param][0]


@pytest.fixture
def value(form):
    return next(value for other, value in VALUES.values() if other is form)


def equal(one, other):
    if isinstance(one, tuple):
        return one[0].equals(other[0]) and one[1] == other[1]
    if isinstance(one, dict) and "x" in one:
        return one.keys() == other.keys() and all((one[k] == other[k]).all() for k in one)
    return one == other


def test_values_come_back(tmp_path, form, value):
    Store(tmp_path / "new").put("key", value, form)
    store = Store(tmp_path / "new")
    assert equal(store.get("key", form), value)
    assert store.keys(form) == ["key"]
    assert store.get("other", form) is None
    assert [file.name for file in store.folder.iterdir()] == [f"key{form.suffix}"]
    store.remove("key", form)
    store.remove("key", form)
    assert not store.folder.exists()


def damages(content):
    middle = len(content) // 2
    yield b""
    yield b"junk"
    yield content[:-1]
    yield content[:middle]
    yield content + b"\n"
    yield content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_damaged_values_are_removed_and_computed_again(tmp_path, form, value):
    store = Store(tmp_path)
    store.put("key", value, form)
    path = store.path("key", form)
    content = path.read_bytes()
    for damaged in damages(content):
        path.write_bytes(damaged)
        assert store.get("key", form) is None
        assert not path.exists()
        path.write_bytes(damaged)
        assert equal(store.get_or_compute("key", form, lambda: value, label="it"), value)
        assert equal(store.get("key", form), value)


def test_nothing_is_stored_without_a_folder(form, value):
    store = Store(None)
    store.put("key", value, form)
    assert store.get("key", form) is None
    assert store.keys(form) == []
    store.remove("key", form)
    assert store.get_or_compute("key", form, lambda: value, label="it") is value


def test_a_value_is_computed_once_unless_fresh(tmp_path):
    store = Store(tmp_path)
    numbers = iter(range(10))

    def compute():
        return next(numbers)

    assert store.get_or_compute("key", JSON, compute, label="it") == 0
    assert store.get_or_compute("key", JSON, compute, label="it") == 0
    assert store.get_or_compute("key", JSON, compute, label="it", fresh=True) == 1
    assert store.get("key", JSON) == 1


def test_what_fails_stores_nothing(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(OSError, match="mine"):
        store.get_or_compute("key", JSON, lambda: (_ for _ in ()).throw(OSError("mine")), label="")
    assert store.keys(JSON) == []
    with pytest.raises(TypeError):
        store.put("key", {1, 2}, JSON)
    assert store.get_or_compute("key", JSON, lambda: 1, label="it") == 1


def test_a_folder_that_cannot_be_written_costs_no_result(tmp_path, notices):
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file" / "folder")
    assert store.get_or_compute("key", JSON, lambda: 1, label="the sum") == 1
    assert "the sum could not be stored in" in notices()
    with pytest.raises(OSError, match="file"):
        store.put("key", 1, JSON)


def test_threads_compute_once(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        time.sleep(0.1)
        return 7

    def ask(_):
        return Store(tmp_path).get_or_compute("key", JSON, compute, label="it")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [7] * 4
    assert len(calls) == 1


def process(folder: Path, code: str) -> subprocess.Popen[str]:
    program = """
        import pathlib, sys, time
        from penchant.store import JSON, Store
        folder = pathlib.Path(sys.argv[1])
        def compute():
            print("begun", flush=True)
            {}
        print(Store(folder).get_or_compute("key", JSON, compute, label="it"))
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program).format(code), folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_compute_once_and_survive_each_other(tmp_path):
    killed = process(tmp_path, "time.sleep(60)")
    assert killed.stdout.readline() == "begun\n"
    waiting = process(tmp_path, "return 7")
    assert "Another process is computing it" in waiting.stderr.readline()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert waiting.communicate(timeout=30)[0] == "begun\n7\n"
    assert Store(tmp_path).get_or_compute("key", JSON, lambda: 8, label="it") == 7


def test_a_lock_is_given_back(tmp_path, notices):
    for _ in range(2):
        with pytest.raises(KeyError), locked(tmp_path / "a" / "lock", "waiting"):
            raise KeyError
    assert not notices()


def test_fingerprints_do_not_depend_on_how_a_value_lies_in_memory():
    array = np.arange(6).reshape(2, 3)
    assert digest([array]) == digest((np.asfortranarray(array),))
    assert digest({"a": 1, "b": b"x"}) == digest({"b": b"x", "a": 1})
    table = pl.DataFrame({"a": [1, 2, 3]})
    assert digest(table[:2]) == digest(pl.DataFrame({"a": [1, 2]}))
    assert len(digest(None)) == 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ({"a": 1}, {"a": "1"}),
        (b"a", "a"),
        (np.arange(4), np.arange(4).reshape(2, 2)),
        (np.arange(4), np.arange(4).astype(np.int32)),
        (np.zeros(0), np.zeros(0, np.int64)),
        (np.zeros((0, 2)), np.zeros((0, 3))),
        (pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [2, 1]})),
        (pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"b": [1, 2]})),
        (pl.DataFrame({"a": ["1"]}), pl.DataFrame({"a": [1]})),
        (pl.DataFrame({"a": [None, 1]}), pl.DataFrame({"a": [0, 1]})),
    ],
)
def test_other_values_have_other_fingerprints(one, other):
    assert digest({"key": one}) != digest({"key": other})


@pytest.mark.parametrize("value", [{1}, np.array([object()]), pl.Series([1]), lambda: 1])
def test_values_without_a_fingerprint_are_refused(value):
    with pytest.raises(TypeError):
        digest([value])
