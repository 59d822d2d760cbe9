from __future__ import annotations

from penchant.data.images.host_queue import Turns


def taken(turns: Turns[str], now: float) -> list[str]:
    found = []
    while (job := turns.take(now)) is not None:
        found.append(job)
    return found


def test_few_jobs_of_one_host_at_a_time():
    turns: Turns[str] = Turns(per_host=2)
    for job in "abc":
        turns.add("x", job)
    turns.add("y", "d")
    assert sorted(taken(turns, 0)) == ["a", "b", "d"]
    assert turns.n_waiting == 1
    assert turns.next_time() is None
    turns.done("x")
    assert taken(turns, 0) == ["c"]
    assert turns.n_waiting == 0


def test_jobs_start_no_earlier_than_they_may():
    turns: Turns[str] = Turns(per_host=1)
    turns.add("x", "late", at=5)
    assert turns.take(4.9) is None
    assert turns.next_time() == 5
    turns.add("x", "early", at=1)
    assert turns.take(0.9) is None
    assert turns.take(1) == "early"
    turns.done("x")
    assert turns.take(4) is None
    assert turns.take(5) == "late"


def test_a_closed_host_waits_and_no_other():
    turns: Turns[str] = Turns(per_host=4)
    for host in "xy":
        turns.add(host, host)
    turns.close("x", 3)
    turns.close("x", 2)  # does not open it earlier
    assert taken(turns, 2.5) == ["y"]
    assert turns.next_time() == 3
    assert taken(turns, 3) == ["x"]


def test_jobs_of_a_host_are_dropped():
    turns: Turns[str] = Turns(per_host=1)
    for job in "abc":
        turns.add("x", job)
    assert turns.take(0) == "a"
    assert list(turns.drop("x")) == ["b", "c"]
    turns.done("x")
    assert turns.take(0) is None
    assert turns.n_waiting == 0


def test_many_hosts_take_little_time():
    turns: Turns[int] = Turns(per_host=1)
    for n in range(20_000):
        turns.add(n % 5_000, n)
    order = []
    while turns.n_waiting:
        now = [turns.take(0) for _ in range(16)]
        for job in now:
            if job is not None:
                order.append(job)
                turns.done(job % 5_000)
    assert sorted(order) == list(range(20_000))
