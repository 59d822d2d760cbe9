"""The connection of this process to a Ray cluster."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from penchant.distributed.head import Head
from penchant.errors import ParameterError, require
from penchant.run import Run

_PATIENCE = 5.0  # seconds for a first connection
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_WORDS = ("auto", "local")
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_NUM_REDIS_GET_RETRIES": "1",  # Ray would try for ten minutes to reach a head that is gone
}


@dataclass(frozen=True)
class Connection:
    """A connection of this process.

    Attributes:
        ray: Ray's module.
        head: of the cluster.
    """

    ray: Any
    head: Head


@contextmanager
def connected(address: str) -> Iterator[Connection]:
    """A connection to a cluster, for as long as the context lasts.

    A connection that this process has already is used, and left open: whoever wants other settings,
    such as modules of their own on the workers, calls `ray.init` first.

    Args:
        address: `host:port` of the cluster's head; `auto`, the cluster that this machine is part of
            or that `RAY_ADDRESS` names; or `local`, one of this machine's processors alone that is
            started now and ends with the context.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: there is no such cluster, or this machine is not part of it.
    """
    _check(address)
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    ray = require("ray", "ray")
    if ray.is_initialized():
        with _to_head(ray) as connection:
            yield connection
        return
    with TemporaryDirectory(prefix="penchant-") as nothing:
        # Without a folder for workers to be in, Ray would let them import what lies in this one.
        options: dict[str, Any] = {"address": address, "runtime_env": {"working_dir": nothing}}
        if address == "local":  # Ray would listen on all of the machine's addresses
            options |= {"_node_ip_address": "127.0.0.1", "include_dashboard": False}
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError, AssertionError) as error:
            raise _no_cluster(address, str(error)) from error
    try:
        with _to_head(ray) as connection:
            yield connection
    finally:
        ray.shutdown()


@contextmanager
def _to_head(ray: Any) -> Iterator[Connection]:
    head = Head(ray.get_runtime_context().gcs_address)
    with head.watched():
        yield Connection(ray, head)


def require_workers(run: Run) -> None:
    """Refuse a number of workers that is none.

    Raises:
        ParameterError: it is less than 1.
    """
    if run.workers is not None and run.workers < 1:
        raise ParameterError(f"A model needs a worker at least, and {run.workers} are asked for.")


def _check(address: str) -> None:
    """Refuse an address at which nothing answers, which Ray does after minutes.

    Raises:
        ParameterError: it is not an address, or nothing answers.
    """
    where = os.environ.get("RAY_ADDRESS", "auto") if address == "auto" else address
    if where in _WORDS:
        return
    host, _, port = where.rpartition(":")
    if not host or not port.isdecimal():
        raise ParameterError(
            f"{where!r} is not the address of a Ray cluster: write host:port of its head, such as "
            "10.0.0.1:6379, auto for the cluster that this machine is part of, or local."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(where, str(error)) from None
    if host.strip("[]") in _LOOPBACK:
        # Ray replaces the loopback address by another one of the machine, unless told that nodes
        # are on one machine, for which this is its word.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")


def _no_cluster(address: str, reason: str) -> ParameterError:
    return ParameterError(
        f"No Ray cluster can be reached at {address!r} ({reason.strip().rstrip('.')}): start one "
        "with `ray start --head`, and run this on one of its machines."
    )
