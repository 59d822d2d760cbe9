"""Binary attributes of items, as arrays, as rows of events and as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.data.attributes.binary import item_attributes
    from penchant.data.attributes.rows import attribute_rows
    from penchant.data.attributes.sql import attribute_rows_sql, sql_tables
else:
    __getattr__ = exporter(
        __name__,
        {
            "item_attributes": "binary",
            "attribute_rows": "rows",
            "attribute_rows_sql": "sql",
            "sql_tables": "sql",
        },
    )

__all__ = [
    "attribute_rows",
    "attribute_rows_sql",
    "item_attributes",
    "sql_tables",
]
