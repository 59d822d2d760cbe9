"""Requests for an address that somebody has named, and what it redirects to on public hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.request import getproxies, proxy_bypass

from penchant.data.fetching.host_rules import (
    HostRefusedError,
    HostResolver,
    HostUnknownError,
    is_public,
    numeric_address,
)
from penchant.data.fetching.transport import checked_transport, time_limit
from penchant.errors import DownloadError, require

_MOST_REDIRECTS = 10


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Time-outs of a request, and how often it is tried again.

    Attributes:
        connect: seconds until a connection stands.
        read: seconds between two pieces of the response.
        attempts: tries in a row that bring nothing new.
        pause: seconds before the second try; doubled before each further one.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 4
    pause: float = 1.0


class HttpSession:
    """A client for one address.

    The host of the address may be any, also one of the user's own network. Redirects lead to that
    host or to public ones, and never from https to http. Connections go to the addresses that were
    checked, except through a proxy of the environment (`HTTPS_PROXY` and so on), which looks names
    up itself: there, hosts that are private by their very name are refused.

    Args:
        url: an http or https address.
        retry: time-outs.

    Raises:
        DownloadError: it is no address.
        MissingExtraError: httpx is not installed.
    """

    def __init__(self, url: str, retry: RetryPolicy) -> None:
        self.httpx = require("httpx", "download")
        self.retry = retry
        try:
            self.url = self.httpx.URL(url)
            self.host = self.url.raw_host.decode("ascii")
            _, port = self.url.host, self.url.port
        except (self.httpx.InvalidURL, ValueError, TypeError) as error:
            raise _failed(url, f"cannot be fetched ({error_message(error)})") from None
        if not self.host or self.url.scheme not in ("http", "https") or port == 0:
            raise _failed(url, "cannot be fetched, because it is no http or https address")
        self.resolver = HostResolver(trusted={self.host})
        self._clients: dict[str | None, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()

    @contextmanager
    def get(self, headers: dict[str, str]) -> Iterator[Any]:
        """The response to a request, after redirects; its body has not been read.

        Raises:
            DownloadError: a host cannot be reached, or a redirect leads where none may.
            httpx.HTTPError: the transfer broke off, or what came is not HTTP.
        """
        response = self._send(None, headers)
        try:
            for _ in range(_MOST_REDIRECTS):
                if response.next_request is None:
                    yield response
                    return
                response.close()
                response = self._send(response.next_request, headers)
            raise _failed(str(self.url), f"is redirected more than {_MOST_REDIRECTS - 1} times")
        finally:
            response.close()

    def _send(self, request: Any, headers: dict[str, str]) -> Any:
        url = self.url if request is None else request.url
        try:
            proxy = _proxy(url)
            if request is not None:
                self._check_redirect(url, proxy)
            client = self._client(proxy)
            request = request or client.build_request("GET", url, headers=headers)
            with time_limit(self.retry.connect + self.retry.read):
                return client.send(request, stream=True)
        except HostRefusedError as error:
            raise _failed(
                str(self.url),
                f"is redirected to {without_secrets(str(url))}, which is refused ({error}): name "
                "that address itself if it is meant",
            ) from None
        except UnicodeError as error:  # a host such as xn--, which no name is written as
            reason = f"leads to an address that is none ({error_message(error)})"
            raise _failed(str(self.url), reason) from error
        except (
            HostUnknownError,
            self.httpx.ConnectError,
            self.httpx.ConnectTimeout,
            self.httpx.ProxyError,
            self.httpx.UnsupportedProtocol,
        ) as error:  # of hosts that cannot be reached in a second either
            reason = f"cannot be reached ({error_message(error)})"
            raise _failed(str(self.url), reason) from error

    def _check_redirect(self, url: Any, proxy: str | None) -> None:
        host = url.raw_host.decode("ascii")
        if self.url.scheme == "https" and url.scheme == "http":
            raise HostRefusedError("it is not encrypted any more")
        if proxy is not None and host != self.host:
            address = numeric_address(host)
            local = host == "localhost" or host.endswith(".localhost")
            if local or (address is not None and not is_public(address)):
                raise HostRefusedError(f"{host} is not a public address")

    def _client(self, proxy: str | None) -> Any:
        if proxy not in self._clients:
            options: dict[str, Any] = {"proxy": proxy}
            if proxy is None:
                secure = self.httpx.create_ssl_context()
                options = {"transport": checked_transport(self.httpx, self.resolver, verify=secure)}
            try:
                self._clients[proxy] = self.httpx.Client(
                    timeout=self.httpx.Timeout(self.retry.read, connect=self.retry.connect),
                    # Compressed transfer would make lengths and ranges mean something else.
                    headers={"Accept-Encoding": "identity", "User-Agent": "penchant"},
                    follow_redirects=False,
                    **options,
                )
            except (ImportError, ValueError, self.httpx.InvalidURL) as error:
                reason = f"cannot be fetched through the proxy that is set ({error_message(error)})"
                raise _failed(str(self.url), reason) from error
        return self._clients[proxy]


def without_secrets(url: str) -> str:
    """An address without the user and password in it."""
    return re.sub(r"(?<=//)[^/]*@", "", url).partition("?")[0]


def error_message(error: Exception) -> str:
    """An error's text in one line, or its type where it has none."""
    return " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__


def _proxy(url: Any) -> str | None:
    """The proxy that the environment or system names for an address."""
    if proxy_bypass(url.netloc.decode("ascii").rpartition("@")[2]):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy or None


def _failed(url: str, reason: str) -> DownloadError:
    return DownloadError(f"{without_secrets(url)} {reason}.")
