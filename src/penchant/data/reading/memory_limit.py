"""A limit of memory for processes that read files that may be damaged."""

from __future__ import annotations

LIMIT_MEMORY = """
import sys
try:
    import resource
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
except (ImportError, OSError, ValueError):
    pass
"""
"""What such a process runs first: its first argument is how many bytes it may have."""
