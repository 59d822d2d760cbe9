"""Make the tables."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables of the first version, with a key of their own for hashes of ids."""
    meta = op.create_table(
        "penchant_meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    counter = op.create_table(
        "penchant_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "penchant_events",
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
    op.create_table(
        "penchant_shown",
        sa.Column("list", sa.Text, primary_key=True),
        sa.Column("user", sa.Text, index=True),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("arm", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("items", sa.Text, nullable=False),
    )
    op.create_table(
        "penchant_deletions",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "penchant_bundles",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "last": 0}])
    op.bulk_insert(
        meta,
        [
            {"name": "hash_key", "value": secrets.token_hex(32)},
            {"name": "ids", "value": '{"item": "integer", "user": "integer"}'},
        ],
    )
