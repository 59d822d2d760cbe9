"""Parse times in the many forms that logs have into datetimes in microseconds."""

from penchant.data.times.event_times import event_times, one_unit
from penchant.data.times.parsing import (
    ParsedTimes,
    are_datetimes,
    check_time_format,
    parse_times,
)

__all__ = [
    "ParsedTimes",
    "are_datetimes",
    "check_time_format",
    "event_times",
    "one_unit",
    "parse_times",
]
