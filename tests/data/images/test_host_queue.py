from __future__ import annotations

from penchant.data.images.host_queue import HostQueue


def take_all(queue: HostQueue[str], now: float) -> list[str]:
    found = []
    while (job := queue.take(now)) is not None:
        found.append(job)
    return found


def test_few_jobs_of_one_host_at_a_time():
    queue: HostQueue[str] = HostQueue(per_host=2)
    for job in "abc":
        queue.add("x", job)
    queue.add("y", "d")
    assert sorted(take_all(queue, 0)) == ["a", "b", "d"]
    assert queue.n_waiting == 1
    assert queue.next_time() is None
    queue.done("x")
    assert take_all(queue, 0) == ["c"]
    assert queue.n_waiting == 0


def test_jobs_start_no_earlier_than_they_may():
    queue: HostQueue[str] = HostQueue(per_host=1)
    queue.add("x", "late", at=5)
    assert queue.take(4.9) is None
    assert queue.next_time() == 5
    queue.add("x", "early", at=1)
    assert queue.take(0.9) is None
    assert queue.take(1) == "early"
    queue.done("x")
    assert queue.take(4) is None
    assert queue.take(5) == "late"


def test_a_closed_host_waits_and_no_other():
    queue: HostQueue[str] = HostQueue(per_host=4)
    for host in "xy":
        queue.add(host, host)
    queue.pause("x", 3)
    queue.pause("x", 2)  # does not open it earlier
    assert take_all(queue, 2.5) == ["y"]
    assert queue.next_time() == 3
    assert take_all(queue, 3) == ["x"]


def test_jobs_of_a_host_are_dropped():
    queue: HostQueue[str] = HostQueue(per_host=1)
    for job in "abc":
        queue.add("x", job)
    assert queue.take(0) == "a"
    assert list(queue.drop("x")) == ["b", "c"]
    queue.done("x")
    assert queue.take(0) is None
    assert queue.n_waiting == 0


def test_many_hosts_take_little_time():
    queue: HostQueue[int] = HostQueue(per_host=1)
    for n in range(10_000):
        queue.add(n % 2_500, n)
    order = []
    while queue.n_waiting:
        now = [queue.take(0) for _ in range(16)]
        for job in now:
            if job is not None:
                order.append(job)
                queue.done(job % 2_500)
    assert sorted(order) == list(range(10_000))
