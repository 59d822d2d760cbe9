from __future__ import annotations

import subprocess
import sys

import pytest

from penchant.serving.store import Store
from support.storing_process import kill_again_and_again

_SAME_KEYS = """
import sys
from penchant.serving.store import Feedback, Store

with Store.open(sys.argv[1]) as store:
    for n in range(60):
        (event,) = store.add([Feedback("u", f"i{n}", key=f"k{n}")])
        print(event.sequence)
"""


def test_a_killed_writer_loses_nothing_that_was_acknowledged(url):
    counts = kill_again_and_again(url, 3)
    assert counts["acknowledged"] > 3
    wrong = {name: counts[name] for name in ("lost", "in part", "twice", "numbers missing")}
    assert not any(wrong.values()), counts


def test_two_processes_that_send_the_same_keys_keep_each_event_once(url):
    Store.open(url).close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", _SAME_KEYS, url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert answers[0] == answers[1]
    assert sorted(map(int, answers[0])) == list(range(1, 61))
    with Store.open(url) as store:
        assert store.last() == len(store.since(0).events) == 60


def test_processes_that_open_a_new_store_at_once_make_one(url):
    if not url.startswith("sqlite"):
        pytest.skip("threads try the same with PostgreSQL")
    code = "import sys; from penchant.serving.store import Store; Store.open(sys.argv[1]).close()"
    processes = [subprocess.Popen([sys.executable, "-P", "-c", code, url]) for _ in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
