"""Run the service: one process, or several that share a socket."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from typing import Any

from penchant.errors import ParameterError, require
from penchant.serving.settings import SETTINGS_VARIABLE, Settings
from penchant.threads import use_threads

_LOCAL = ("127.0.0.1", "localhost")
LOCAL_NAMES = ("127.0.0.1", "localhost")
"""Names by which a service answers that needs no keys."""

_GRACE = 20  # seconds that requests have to end when the service is stopped


def check(settings: Settings, *, without_keys: bool) -> None:
    """Refuse settings before long work, and say what is missing.

    Args:
        settings: of the service.
        without_keys: whether strangers may do everything, on purpose.

    Raises:
        MissingExtraError: a package is not installed.
        ParameterError: others than this machine could change everything.
    """
    for module in ("fastapi", "uvicorn", "jinja2", "limits", "prometheus_client", "sqlalchemy"):
        require(module, "serve")
    if settings.host not in _LOCAL and settings.keys is None and not without_keys:
        raise ParameterError(
            f"At {settings.host} anybody could send feedback and change models: make keys with "
            "penchant keys FILE --add NAME and give them with --keys, or add --without-keys."
        )


def run(settings: Settings, listening: Callable[[str], None]) -> None:
    """Serve until the process is told to stop; requests under way are answered first.

    Args:
        settings: of the service.
        listening: is told the address, once something listens there.

    Raises:
        PenchantError: the bundle, the rules, the keys or the store cannot be used.
    """
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    common: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "proxy_headers": True,
        "forwarded_allow_ips": settings.trusted_proxies,
        "server_header": False,
        "timeout_graceful_shutdown": _GRACE,
    }
    bound = _listening_socket(settings.host, settings.port)
    port = bound.getsockname()[1]
    if settings.workers == 1:
        from penchant.serving.app import create_app

        use_threads(settings.threads)
        app = create_app(settings)

        class Announced(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    listening(_address(settings, port))

        Announced(uvicorn.Config(app, **common)).run([bound])
        return
    bound.listen()  # those who connect wait until a worker has read the bundle
    listening(_address(settings, port))
    from penchant.serving.api.metrics import DIRECTORY_VARIABLE

    with tempfile.TemporaryDirectory(prefix="penchant-metrics-") as folder:
        os.environ[DIRECTORY_VARIABLE] = folder
        os.environ[SETTINGS_VARIABLE] = settings.model_dump_json()
        config = uvicorn.Config(
            "penchant.serving.app:from_environment",
            factory=True,
            workers=settings.workers,
            **common,
        )
        Multiprocess(config, sockets=[bound]).run()


def _listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket.

    It is made as one of TCP by name, for only then are the connections that it accepts told not
    to hold small packets back, which costs a client 40 ms a request.

    Raises:
        ParameterError: the address is none of this machine, or taken.
    """
    bound = None
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise ParameterError(
            f"{host}:{port} cannot be listened at ({error.strerror or error}): choose another "
            "--host or --port, or stop what listens there."
        ) from None
    bound.set_inheritable(True)
    return bound


def _address(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}{settings.root_path}/"
