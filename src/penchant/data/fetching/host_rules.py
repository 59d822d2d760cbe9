"""Resolve host names and refuse addresses outside the public internet."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Collection

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_INWARD = (  # IPv4 addresses in a form that is out of use, and those of a network's own translation
    ipaddress.IPv6Network("::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
)


class HostRefusedError(Exception):
    """A host that is not to be asked, with the reason in a few words."""


class HostUnknownError(Exception):
    """A host whose name has no address, now at least."""


class HostResolver:
    """Looks up the IP addresses of hosts once and checks them.

    Requests go to the very addresses that were checked here, so that a name server cannot give a
    public address to the check and a private one to the connection (DNS rebinding). All addresses
    of a name must be public: one that is not makes the name suspect.

    Args:
        allow_private: whether any address will do.
        trusted: hosts that the user has named, whose addresses may be any.
    """

    def __init__(self, *, allow_private: bool = False, trusted: Collection[str] = ()) -> None:
        self.allow_private = allow_private
        self.trusted = frozenset(trusted)
        self._known: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def addresses(self, host: str, port: int) -> list[str]:
        """The IP addresses of a host, those of version 4 first.

        Raises:
            HostRefusedError: one of them is private, loopback, link-local or otherwise not public.
            HostUnknownError: there is none.
        """
        with self._lock:
            if cached := self._known.get(host):
                return cached
        addresses = self._look_up(host, port)
        with self._lock:  # whoever came first: all connections go to the same addresses
            return self._known.setdefault(host, addresses)

    def _look_up(self, host: str, port: int) -> list[str]:
        try:
            records = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:  # ValueError: names that are none
            reason = getattr(error, "strerror", None) or error
            raise HostUnknownError(f"{host} has no address ({reason})") from None
        raw = list(dict.fromkeys(str(record[4][0]) for record in records))
        ips = sorted((ipaddress.ip_address(a) for a in raw), key=lambda ip: ip.version)
        if not self.allow_private and host not in self.trusted:
            for ip in ips:
                if not is_public(ip):
                    raise HostRefusedError(f"{host} is {ip}, which is not a public address")
        return [str(ip) for ip in ips]


def numeric_address(host: str) -> IP | None:
    """The IP address that a host's name is in itself, in any form that systems take (`0x7f.1`)."""
    try:
        records = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError):
        return None
    return ipaddress.ip_address(records[0][4][0])


def is_public(ip: IP) -> bool:
    """Whether an address is one of the public internet, also inside IPv6 forms of IPv4."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None or ip.is_site_local or any(ip in net for net in _INWARD):
            return False
        teredo = ip.teredo
        inner = ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return ip.is_global and not ip.is_multicast
