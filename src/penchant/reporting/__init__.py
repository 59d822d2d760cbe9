"""Self-contained HTML pages of comparisons and logs."""

from penchant.reporting.pages.comparison import write_report
from penchant.reporting.pages.exploration import write_exploration_page

__all__ = ["write_exploration_page", "write_report"]
