"""Amazon reviews and metadata: releases of 2014, 2018 and 2023."""

from penchant.data.sources.amazon.source import published, read, read_events, recognised

__all__ = ["published", "read", "read_events", "recognised"]
