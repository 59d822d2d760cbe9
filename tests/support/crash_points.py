"""Kills a piece of work before each event of the file system that it causes.

To be used in a process that has no threads, as one that a test starts: each piece of work runs in
a fork of it, so that imports are paid once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

DATA_SET = {"u.data": b"1\t2\t3\t4\n" * 1000, "u.item": b"2|a\n"}
"""Files that a web server has and that are fetched."""
_CHANGES = {
    "ctypes.dlsym",  # of the exchange of two folders
    "fcntl.flock",
    "os.chmod",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "os.utime",
    "shutil.move",
    "shutil.rmtree",
    "support.statement",  # of a database, whose files no event of Python's is told of
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def forked(work: Callable[[], object], *, kill_at: int = 0) -> tuple[int, int]:
    """Run work in a fork that is killed before an event, the first of which is 1; 0 kills never.

    Returns:
        Its exit code, minus the signal where it was killed, and how many events there were.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code, events = 1, [0]
        try:
            sys.addaudithook(_hook(events, kill_at))
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os.write(writer, str(events[0]).encode())
            os._exit(code)
    os.close(writer)
    with open(reader) as pipe:  # noqa: PTH123  it has no path
        events_text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, int(events_text or 0)


def _hook(events: list[int], kill_at: int) -> Callable[[str, tuple[Any, ...]], None]:
    def count(event: str, values: tuple[Any, ...]) -> None:
        if event not in _CHANGES and not (event == "open" and _writes(values)):
            return
        events[0] += 1
        if events[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def _writes(values: tuple[Any, ...]) -> bool:
    """Whether a file is opened for more than reading."""
    _, mode, flags = values
    return bool(flags & _WRITING) or (isinstance(mode, str) and mode[:1] in {"w", "a", "x"})
