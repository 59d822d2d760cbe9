"""How much memory there is to work with, and a refusal before it runs out."""

from __future__ import annotations

from pathlib import Path

from penchant.errors import DataError

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_STATUS = Path("/proc/self/status")
_FILES = (  # limit, usage and the page cache in memory.stat, of versions 2 and 1
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not tell.

    The kernel's estimate, or what is left of the limit of the container or of the process
    (`ulimit -v`) if that is less.
    """
    free = [n for n in (_meminfo(), _container(), _process()) if n is not None]
    return min(free) if free else None


def require_memory(n_bytes: float, purpose: str, remedy: str) -> None:
    """Refuse work that does not fit.

    Args:
        n_bytes: what it takes at its peak.
        purpose: what it is for, a noun phrase that begins the sentence.
        remedy: what to do instead, an imperative that ends it.

    Raises:
        DataError: there is less memory than that.
    """
    free = available_memory()
    if free is not None and n_bytes > free:
        raise DataError(
            f"{purpose} takes {n_bytes / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are "
            f"free: {remedy}."
        )


def _meminfo() -> int | None:
    try:
        lines = _MEMINFO.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _process() -> int | None:
    """What the process may still allocate, where its address space is limited."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return None
        lines = _STATUS.read_text().splitlines()
    except (ImportError, OSError):  # there is none on Windows
        return None
    used = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmSize:")]
    return max(0, limit - used[0]) if used else None


def _container() -> int | None:
    """What the control group leaves of its limit, page cache not counted as used."""
    for limit_file, usage_file, cache in _FILES:
        try:
            limit = (_CGROUP / limit_file).read_text().strip()
            used = int((_CGROUP / usage_file).read_text())
            lines = (_CGROUP / limit_file).with_name("memory.stat").read_text().splitlines()
        except (OSError, ValueError):
            continue
        if limit.isdigit():
            reclaimable = dict(line.split() for line in lines).get(cache, 0)
            return max(0, int(limit) - used + int(reclaimable))
    return None
