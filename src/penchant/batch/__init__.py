"""Lists for everybody, written in parts so that a run that was stopped goes on where it was."""

from penchant.batch.summary import ListSummary
from penchant.batch.write import write_lists

__all__ = ["ListSummary", "write_lists"]
