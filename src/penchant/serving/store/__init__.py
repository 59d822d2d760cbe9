"""What people say and do, and what was shown to them, kept in a database."""

from __future__ import annotations

from penchant.serving.store.errors import ConflictError, StoreError
from penchant.serving.store.records import (
    Deletion,
    Feedback,
    Progress,
    ShownList,
    StoredEvent,
    Tail,
)
from penchant.serving.store.store import Store

__all__ = [
    "ConflictError",
    "Deletion",
    "Feedback",
    "Progress",
    "ShownList",
    "Store",
    "StoreError",
    "StoredEvent",
    "Tail",
]
