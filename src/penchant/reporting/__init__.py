"""Self-contained HTML pages of results."""

from penchant.reporting.write import report

__all__ = ["report"]
