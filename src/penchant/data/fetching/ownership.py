"""Refuse folders whose files somebody else can change."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from penchant.errors import DownloadError

VARIABLE = "PENCHANT_SHARED_CACHE"
_ALLOWED = ("1", "true", "yes")


def check_ownership(folder: Path) -> None:
    """Refuse a cache folder, or what it lies in, that others than its user and root can change.

    A group may write where it is the user's own, as on systems with a group for each user. Folders
    that do not exist yet are right; systems without POSIX permissions are not asked. The
    environment variable `PENCHANT_SHARED_CACHE=1` allows every folder.

    Raises:
        DownloadError: others can write there.
    """
    if sys.platform == "win32" or os.environ.get(VARIABLE, "").lower() in _ALLOWED:
        return
    folder = folder.resolve()
    reason = _writers(folder, own=True)
    if reason is None:
        for parent in folder.parents:
            if (reason := _writers(parent, own=False)) is not None:
                reason = f"{reason}, by its folder {parent}"
                break
    if reason is not None:
        raise DownloadError(
            f"The cache {folder} can be changed by {reason}: take that permission away (chmod "
            f"go-w), name another folder with PENCHANT_CACHE, or set {VARIABLE}=1 if you trust "
            "all of them."
        )


def _writers(folder: Path, *, own: bool) -> str | None:
    """Who else can change what is in a folder; `own` also asks whose it is."""
    try:
        status = folder.stat()
    except OSError:
        return None
    mode, user = status.st_mode, os.geteuid()
    if own and status.st_uid not in (0, user):
        return f"its owner, the user {_name_of_user(status.st_uid)}"
    if not own and mode & stat.S_ISVTX:
        return None  # as in /tmp, where everybody's files are their own
    if mode & stat.S_IWOTH:
        return "every user of this computer"
    if mode & stat.S_IWGRP and status.st_gid != 0 and not _is_private_group(status.st_gid, user):
        return f"the group {_name_of_group(status.st_gid)}"
    return None


def _is_private_group(group: int, user: int) -> bool:
    """Whether a group is the user's alone, with its name and nobody else in it."""
    import grp
    import pwd

    try:
        entry, name = grp.getgrgid(group), pwd.getpwuid(user).pw_name
    except KeyError:
        return group == user
    return entry.gr_name == name and set(entry.gr_mem) <= {name}


def _name_of_user(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _name_of_group(group: int) -> str:
    import grp

    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
