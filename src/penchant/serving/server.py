"""Run the service: one process, or several that share a socket."""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from penchant.errors import ParameterError, require
from penchant.serving.settings import SETTINGS_VARIABLE, Settings

logger = logging.getLogger(__name__)

_LOCAL = ("127.0.0.1", "::1", "localhost")
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


def run(settings: Settings) -> None:
    """Serve until the process is told to stop; requests under way are answered first.

    Raises:
        PenchantError: the bundle, the rules, the keys or the store cannot be used.
    """
    import uvicorn

    common = {
        "host": settings.host,
        "port": settings.port,
        "log_level": "warning",
        "access_log": False,
        "proxy_headers": True,
        "forwarded_allow_ips": settings.trusted_proxies,
        "server_header": False,
        "timeout_graceful_shutdown": _GRACE,
    }
    with ExitStack() as stack:
        if settings.workers == 1:
            from penchant.serving.app import create_app

            config = uvicorn.Config(create_app(settings), **common)  # type: ignore[arg-type]
            socket = config.bind_socket()
            _announce(settings, socket.getsockname()[1])
            uvicorn.Server(config).run([socket])
            return
        from penchant.serving.api.metrics import DIRECTORY_VARIABLE

        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="penchant-metrics-"))
        os.environ[DIRECTORY_VARIABLE] = str(Path(folder))
        os.environ[SETTINGS_VARIABLE] = settings.model_dump_json()
        _announce(settings, settings.port)
        uvicorn.run(
            "penchant.serving.app:from_environment",
            factory=True,
            workers=settings.workers,
            **common,  # type: ignore[arg-type]
        )


def _announce(settings: Settings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    store = "no store of feedback" if settings.store is None else "feedback is kept"
    keys = "" if settings.keys is None else ", with API keys"
    logger.info(
        f"Serving {str(settings.bundle)!r} at http://{host}:{port}{settings.root_path}/ ({store}"
        f"{keys}); Ctrl-C stops it."
    )
