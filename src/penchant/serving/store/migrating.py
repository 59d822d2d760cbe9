"""Bring the tables of a store to the newest version."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from penchant.serving.store.database import Database
from penchant.serving.store.errors import StoreError
from penchant.serving.store.schema import VERSIONS

MIGRATIONS = Path(__file__).with_name("migrations")
"""The folder of the steps."""

_LOCK = 7_265_110_491  # of PostgreSQL, among programs that migrate a store


def scripts(folder: Path | None = None) -> ScriptDirectory:
    """The steps from the first version to the newest."""
    place = MIGRATIONS if folder is None else folder
    return ScriptDirectory(str(place), version_locations=[str(place)])


def migrate(database: Database, name: str, folder: Path | None = None, until: str = "head") -> None:
    """Bring a database to the newest version, once however many programs want to.

    Args:
        database: its transactions hold the making of tables, too.
        name: of the store, for messages.
        folder: of the steps; those of this version by default.
        until: the version to reach; the newest by default.

    Raises:
        StoreError: the database is of a newer version.
    """
    steps = scripts(folder)
    head = steps.get_current_head()
    with database.reading() as connection:
        if _check(_version(connection), steps, name) == head:
            return
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        before = _check(_version(connection), steps, name)  # others may have done it by now
        if before == head:
            return

        def upgrade(revision: Any, context: Any) -> Any:
            return steps._upgrade_revs(until, revision)

        with EnvironmentContext(Config(), steps, fn=upgrade) as environment:
            environment.configure(
                connection=connection, version_table=VERSIONS, transaction_per_migration=False
            )
            environment.run_migrations()
        if before is not None:
            logging.getLogger(__name__).info(
                f"The store {name} was of version {before}, and now is of version {head}."
            )


def _version(connection: sa.Connection) -> str | None:
    """The version of the tables; None where there are none yet."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSIONS})
    return context.get_current_revision()


def _check(version: str | None, steps: ScriptDirectory, name: str) -> str | None:
    known = {script.revision for script in steps.walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"The store {name} has version {version} and this penchant knows versions up to "
            f"{steps.get_current_head()}: upgrade penchant."
        )
    return version
