"""Pieces of work, here and on a cluster."""

from __future__ import annotations

import logging
import socket
import sys
import types

import pytest
from tests.support import cluster_work

from penchant.distributed import executor
from penchant.errors import DataError, MissingExtraError, ParameterError, PenchantError
from penchant.run import Run


@pytest.mark.parametrize("on_cluster", [False, True])
def test_each_task_is_done_once_and_what_it_tells_is_heard(request, caplog, on_cluster):
    ray = request.getfixturevalue("ray_cluster").address if on_cluster else None
    with caplog.at_level(logging.INFO, "penchant"), executor(Run(ray=ray)) as workers:
        found = list(workers.results(cluster_work.square, 2, range(7)))
    assert sorted(found) == [(n, 2 * n * n) for n in range(7)]
    told = [line for line in caplog.messages if line.startswith("task")]
    assert sorted(told) == [f"task {n}" for n in range(7)]


@pytest.mark.parametrize("dies", ["worker", "node"])
def test_what_a_death_took_along_is_done_again(ray_cluster, tmp_path, dies):
    node = ray_cluster.add_node() if dies == "node" else None
    work = cluster_work.after_a_death(cluster_work.square, tmp_path / "died", node)
    with executor(Run(ray=ray_cluster.address)) as workers:
        found = list(workers.results(work, 1, range(9)))
    assert (tmp_path / "died").exists()
    assert sorted(found) == [(n, n * n) for n in range(9)]


def test_a_refusal_of_the_work_is_the_callers(ray_cluster):
    with (
        executor(Run(ray=ray_cluster.address)) as workers,
        pytest.raises(DataError, match="Task 0 cannot be done"),
    ):
        list(workers.results(cluster_work.refuse, None, [0]))


def test_work_that_kills_whoever_does_it_is_given_up(ray_cluster, monkeypatch):
    monkeypatch.setattr("penchant.distributed.ray_tasks.RETRIES", 1)
    with (
        executor(Run(ray=ray_cluster.address)) as workers,
        pytest.raises(PenchantError, match="died 2 times at the same piece of work"),
    ):
        list(workers.results(cluster_work.die, None, [0]))


def test_another_version_on_the_workers_is_refused(ray_cluster, monkeypatch):
    monkeypatch.setattr("penchant.distributed.ray_tasks.own_version", lambda: "9.9.9")
    with (
        executor(Run(ray=ray_cluster.address)) as workers,
        pytest.raises(PenchantError, match=r"and this is 9\.9\.9: install the same version"),
    ):
        list(workers.results(cluster_work.square, 1, [0]))


def test_a_task_too_large_for_each_machine_is_told(ray_cluster, caplog, monkeypatch):
    with executor(Run(ray=ray_cluster.address, threads=64)) as workers:
        workers.warn_if_too_small()
    assert "has the 64 processors that a task asks for" in caplog.text


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:70000", "127.0.0.1:", "ray://x"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ParameterError, match="Ray cluster"), executor(Run(ray=address)):
        pass


def test_an_address_at_which_nothing_answers_is_refused():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(ParameterError, match="start one with `ray start"):
            executor(Run(ray=address)).__enter__()


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingExtraError, match=r"penchant\[ray\]"),
        executor(Run(ray="local")),
    ):
        pass


def test_ray_is_not_asked_for_where_none_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with executor(Run()) as workers:
        assert list(workers.results(cluster_work.square, 1, [3])) == [(3, 9)]


def test_what_workers_cannot_import_is_named(ray_cluster, monkeypatch):
    module = types.ModuleType("only_here")
    exec("def work(shared, task):\n    return task", vars(module))
    monkeypatch.setitem(sys.modules, "only_here", module)
    with (
        executor(Run(ray=ray_cluster.address)) as workers,
        pytest.raises(PenchantError, match="cannot import 'only_here': install it on every"),
    ):
        list(workers.results(module.work, None, [0]))
