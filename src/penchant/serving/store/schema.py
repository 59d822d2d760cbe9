"""The tables of a store, as the newest migration makes them."""

from __future__ import annotations

import sqlalchemy as sa

PREFIX = "penchant_"
VERSIONS = f"{PREFIX}versions"
"""The table in which Alembic notes the version of the others."""

metadata = sa.MetaData()

meta = sa.Table(
    f"{PREFIX}meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

counter = sa.Table(
    f"{PREFIX}counter",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
)
"""One row: the highest sequence number. Who writes holds it, so that numbers rise as events come
to be seen, and no reader passes over one."""

events = sa.Table(
    f"{PREFIX}events",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user", sa.Text, nullable=False, index=True),
    sa.Column("item", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("key", sa.Text, unique=True),
    sa.Column("session", sa.Text),
    sa.Column("of", sa.BigInteger),
)

shown = sa.Table(
    f"{PREFIX}shown",
    metadata,
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("user", sa.Text, index=True),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("experiment", sa.Text, nullable=False),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("items", sa.Text, nullable=False),
)
"""A row for each list, its places as JSON."""

deletions = sa.Table(
    f"{PREFIX}deletions",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
)

bundles = sa.Table(
    f"{PREFIX}bundles",
    metadata,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("removed", sa.BigInteger),
)
"""Up to which sequence number each bundle has learned, and up to which one it knows nothing of who
was deleted and of what was taken back; null where that is not known."""
