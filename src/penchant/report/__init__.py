"""Self-contained HTML pages of comparisons and logs."""

from penchant.report.comparison import write_report
from penchant.report.exploration import write_exploration_page

__all__ = ["write_exploration_page", "write_report"]
