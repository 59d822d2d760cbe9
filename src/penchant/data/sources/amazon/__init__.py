"""Amazon reviews and metadata: releases of 2014, 2018 and 2023."""

from penchant.data.sources.amazon.files import can_read, category_files
from penchant.data.sources.amazon.source import read, read_events

__all__ = ["can_read", "category_files", "read", "read_events"]
