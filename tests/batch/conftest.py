from __future__ import annotations

from tests.support.mariadb_server import mariadb
from tests.support.postgresql_server import postgresql

__all__ = ["mariadb", "postgresql"]
