"""A Ray cluster of two nodes on this machine, reached by nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # lets a driver use the loopback address
    "RAY_worker_niceness": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # a process more
}
_NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": 80 * 2**20}
_TRIES = 3
_SYSTEM = {"health_check_period_ms": 500, "health_check_failure_threshold": 4}


class LocalCluster:
    """Two nodes of a processor each; others can be added and killed."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.address: str = cluster.address

    def add_node(self) -> str:
        """Add a node; its id."""
        return str(self._cluster.add_node(**_NODE).node_id)


def environment() -> dict[str, str]:
    """Variables of the processes of a cluster, and of those that connect to it."""
    return _ENVIRONMENT | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}


def _started(utils: Any) -> Any:
    """A cluster; a busy machine may take longer to start its head than Ray waits."""
    for _ in range(_TRIES - 1):
        with suppress(Exception):
            return _two_nodes(utils)
    return _two_nodes(utils)


def _two_nodes(utils: Any) -> Any:
    cluster = _head(utils)
    cluster.add_node(**_NODE)
    return cluster


def _head(utils: Any) -> Any:
    head = _NODE | {"include_dashboard": False, "_system_config": _SYSTEM}
    return utils.Cluster(initialize_head=True, head_node_args=head)


@contextmanager
def mortal_head() -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a cluster of one node, in processes of its own, and what kills all of them."""
    pytest.importorskip("ray.cluster_utils", reason="Ray is not installed")
    words = [sys.executable, "-P", "-c", "from tests.support.ray_cluster import hold; hold()"]
    with subprocess.Popen(
        words,
        env=os.environ | environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as holder:

        def kill() -> None:
            with suppress(ProcessLookupError):
                os.killpg(holder.pid, signal.SIGKILL)

        try:
            assert holder.stdout is not None
            yield holder.stdout.readline().strip(), kill
        finally:
            kill()


def hold() -> None:
    """Be the parent of a cluster of one node until the input ends, and print its address."""
    from ray import cluster_utils

    for n in range(_TRIES):
        with suppress(Exception) if n < _TRIES - 1 else nullcontext():
            print(_head(cluster_utils).address, flush=True)
            break
    sys.stdin.read()


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[LocalCluster]:
    """Started once for all tests, and this process connected to it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed")
        cluster = _started(utils)
        ray = utils.ray  # one connection, so that workers serve many tests
        ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
        try:
            yield LocalCluster(cluster)
        finally:
            ray.shutdown()
            cluster.shutdown()
