"""Note of bundles apart up to which number they know nothing of what was deleted or taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, null: an earlier update may have passed over deletions without a trace."""
    op.add_column("penchant_bundles", sa.Column("removed", sa.BigInteger))
