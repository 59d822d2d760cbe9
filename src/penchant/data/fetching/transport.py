"""Connections of httpx that go to checked addresses only and end when their time is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from penchant.data.fetching.host_rules import HostResolver

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let all connecting, sending and receiving of this thread together take so many seconds.

    Time-outs of httpx begin anew with each byte, so that a server can spin out headers for ever.
    What takes longer ends with httpx's error for a time-out. Holds for `checked_transport`.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def checked_transport(httpx: ModuleType, resolver: HostResolver, **options: Any) -> Any:
    """A transport of httpx whose connections go to the very addresses that `resolver` has checked.

    Names in requests, headers and certificates stay what they are. Its requests also raise the
    errors of `HostResolver.addresses`.

    Args:
        httpx: the module.
        resolver: looks hosts up and checks them.
        **options: those of `httpx.HTTPTransport`; no proxy, which would look names up itself.
    """
    transport = httpx.HTTPTransport(**options)
    pool = transport._pool  # httpx has no option for it
    pool._network_backend = _Network(pool._network_backend, resolver)
    return transport


class _Network:
    """Opens connections, as `httpcore.NetworkBackend` describes."""

    def __init__(self, network: Any, resolver: HostResolver) -> None:
        self.network, self.resolver = network, resolver

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> _Stream:
        import httpcore

        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self.resolver.addresses(host, port):
            try:
                seconds = _seconds(timeout, httpcore.ConnectTimeout)
                return _Stream(self.network.connect_tcp(address, port, seconds, **options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error  # perhaps another of its addresses answers
        raise failure


class _Stream:
    """A connection, as `httpcore.NetworkStream` describes."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        import httpcore

        content: bytes = self.stream.read(max_bytes, _seconds(timeout, httpcore.ReadTimeout))
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        import httpcore

        self.stream.write(buffer, _seconds(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        import httpcore

        seconds = _seconds(timeout, httpcore.ConnectTimeout)
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)

    def close(self) -> None:
        self.stream.close()


def _seconds(timeout: float | None, error: type[Exception]) -> float | None:
    """How long an operation may wait, or the error that there is no time left."""
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise error("took too long as a whole")
    return left if timeout is None else min(timeout, left)
