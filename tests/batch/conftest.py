from __future__ import annotations

from tests.support.postgresql_server import postgresql

__all__ = ["postgresql"]
