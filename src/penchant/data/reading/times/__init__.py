"""Parse times in the many forms that logs have into datetimes in microseconds."""

from penchant.data.reading.times.parsing import ParsedTimes, check_time_format, parse_times

__all__ = ["ParsedTimes", "check_time_format", "parse_times"]
